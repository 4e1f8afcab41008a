import type { Clock } from "../model/time.ts";
import { type Agent, startAgent } from "./agent.ts";
import type { Placement } from "./configuration.ts";
import type { Faults } from "./faults.ts";
import { mibOf } from "./mib.ts";
import { startNameServer } from "./names.ts";
import { anchors, community, gatewayAddress, office } from "./office.ts";

/** Starts the agent of every device, and the name servers of the router and the internet. */
export async function startAgents({
  placement,
  faults,
  clock,
}: {
  readonly placement: Placement;
  readonly faults: Faults;
  readonly clock: Clock;
}): Promise<Agent> {
  const nowMs = () => clock.nowMs();
  const startMs = nowMs();
  const agents = await Promise.all(
    office.map((device, index) => {
      return startAgent({
        address: placement.addressOf(index),
        port: placement.snmpPort,
        community,
        objects: mibOf(device, faults, startMs),
        nowMs,
        alive: () => !faults.dead.has(device.id),
      });
    }),
  );
  const servers = placement.ownNetwork
    ? await Promise.all(
        [gatewayAddress, ...anchors].map((address) =>
          startNameServer({ address, port: 53, works: () => !faults.internetCut }),
        ),
      )
    : [];
  return {
    async close() {
      await Promise.all([...agents, ...servers].map((part) => part.close()));
    },
  };
}
