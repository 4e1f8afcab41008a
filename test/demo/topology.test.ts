import { networkInterfaces } from "node:os";
import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/snmp.ts";
import { startAgent } from "../../appliance/demo/agent.ts";
import { noFaults } from "../../appliance/demo/faults.ts";
import { mibOf } from "../../appliance/demo/mib.ts";
import { community, office } from "../../appliance/demo/office.ts";
import { createTopology } from "../../appliance/inventory/topology.ts";
import type { Target } from "../../appliance/model/contracts.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { listLog, pipeline, seed } from "../helpers/engine.ts";
import { collectorDeps, target } from "../helpers/snmp/deps.ts";
import { linksInMemory } from "../helpers/topology/keeper.ts";

const { signal } = new AbortController();

t.test("the map of the demo's office is the office", { timeout: 60_000 }, async (t) => {
  const at = (index: number) => `127.61.0.${index + 1}`;
  const { port } = await anyPort(at(0));
  const agents = await Promise.all(
    office.map((device, index) =>
      startAgent({
        address: at(index),
        port,
        community,
        objects: mibOf(device, noFaults(), Date.UTC(2026, 0, 1)),
        nowMs: () => Date.UTC(2026, 0, 2),
        alive: () => true,
      }),
    ),
  );
  t.teardown(() => Promise.all(agents.map((agent) => agent.close())));
  const { inventory, ingest } = pipeline(
    office.map(({ id, kind, name }, index) => ({
      ...seed(id, { kind, name, address: at(index), collectors: ["snmp"] }),
      ...(kind === "router" ? { isGateway: true } : {}),
    })),
  );
  const macs = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal)
    .map(({ mac }) => mac.replaceAll(":", ""));
  const topology = createTopology({
    clock: systemClock,
    log: listLog().log,
    counters: { add() {}, all: () => new Map() },
    inventory,
    keeper: linksInMemory(),
    box: () => ({ macs, addresses: [] }),
    isSilent: () => false,
    rateOf: () => undefined,
    onEvent: () => {},
  });
  t.teardown(() => topology.stop());
  const made = collector.create(
    collector.config.parse(undefined),
    collectorDeps(systemClock, { portIds: (id, rows) => inventory.portIds(id, rows) }),
  );
  t.teardown(() => made.close());
  const targets = office.map(
    ({ id }, index): Target =>
      target(at(index), collector.target.parse({ port, community, version: "2c" }), {
        id: `${id}:snmp`,
        device: deviceId(id),
      }),
  );
  const left = new Set(office.map(({ id }) => id));
  for (let round = 0; left.size > 0 && round < 100; round++) {
    const found = await made.poll(
      targets.filter(({ device }) => left.has(device)),
      { signal },
    );
    for (const one of found) {
      // Nobody waits for the samples: the clock of the store stands still.
      if (one.record !== "neighbours") void ingest.ingest([one], { intervalMs: 60_000 });
      else {
        topology.take(one);
        left.delete(one.device);
      }
    }
  }
  topology.settle();
  if (macs.length === 0) {
    t.comment("a machine without a network has no place in the office");
    return;
  }
  const wrong = office.filter(({ id, behind }) => inventory.device(deviceId(id))?.behind !== behind);
  t.comment(`${office.length - wrong.length} of ${office.length} devices hang where they hang`);
  t.strictSame(
    wrong.map(({ id, behind }) => `${id}: ${inventory.device(deviceId(id))?.behind}, not ${behind}`),
    [],
  );
  const pairs = topology.links().map(({ from, to }) => `${from.device ?? "?"} ${to.device ?? "?"}`);
  const real = office.flatMap(({ id, behind }) => (behind ? [`${behind} ${id}`] : []));
  t.strictSame(
    pairs.filter((pair) => !real.includes(pair)),
    ["switch-5 ?"],
    "no other link but that to what is in no configuration",
  );
  t.strictSame(
    real.filter((pair) => !pairs.includes(pair)),
    [],
    "no link is missing",
  );
  t.comment(`${pairs.length} links, false ${pairs.filter((pair) => !real.includes(pair)).length - 1}`);
  t.match(topology.unknownNeighbours(), [{ name: /GS105E/, isBridge: true }]);
});

/** A UDP port that is free on an address. */
async function anyPort(address: string): Promise<{ port: number }> {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return { port };
}
