import { join } from "node:path";
import { type Broker, createBroker } from "../broker/broker.ts";
import { createStoredMemory } from "../broker/stored-memory.ts";
import { parseListen } from "../config/listen.ts";
import type { BrokerConfig } from "../config/schema.ts";
import type { Counters, Log } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";

/** The embedded broker as the file wants it; undefined while it is off. */
export function brokerOf(
  { listen, rate, burst, devices }: BrokerConfig,
  deps: { readonly clock: Clock; readonly log: Log; readonly counters: Counters; readonly dataDir: string },
): Broker | undefined {
  if (listen === undefined) return undefined;
  const at = parseListen(listen);
  if (at?.kind !== "tcp")
    throw new ApplianceError("CONFIG_INVALID", `broker.listen: expected HOST:PORT, got "${listen}".`);
  const { clock, counters, dataDir } = deps;
  const log = deps.log.part("broker");
  const file = join(dataDir, "broker.db");
  const memory = createStoredMemory({ file, clock, log, counters, names: devices.map(({ name }) => name) });
  return createBroker(
    {
      listen: [{ host: at.host, port: at.port }],
      devices,
      budget: { perSecond: rate, burst },
    },
    { clock, log, counters, memory },
  );
}
