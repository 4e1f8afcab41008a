import t from "tap";
import { createInventory } from "../../appliance/inventory/inventory.ts";
import { createTopology } from "../../appliance/inventory/topology.ts";
import type { Event } from "../../appliance/model/observation.ts";
import { type DeviceId, deviceId } from "../../appliance/model/site.ts";
import { listLog, memoryKeeper, seed } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { type Cabling, devicesOf, macOf, type Thing, tablesOf } from "../helpers/topology/cabling.ts";
import { linksInMemory } from "../helpers/topology/keeper.ts";
import { office, officeBehind, recabled } from "../helpers/topology/three-switches.ts";

const tenMinutes = 600_000;

/** A topology over an office whose tables come in one after the other, as polls bring them. */
function setUp(cabling: Cabling, keeper = linksInMemory(), known = memoryKeeper()) {
  const clock = fakeClock();
  const { log } = listLog();
  const events: Event[] = [];
  const counters = { add() {}, all: () => new Map() };
  const inventory = createInventory({
    clock,
    log,
    counters,
    keeper: known,
    onEvent: (event) => void events.push(event),
  });
  inventory.configure(
    devicesOf(cabling).map(({ id, kind, collectors, isGateway }) => ({
      ...seed(id, { kind, collectors, address: `10.0.0.${id.length}${id.charCodeAt(0)}` }),
      ...(isGateway ? { isGateway } : {}),
    })),
  );
  for (const { id, identity, ports } of devicesOf(cabling))
    inventory.apply({ record: "describe", device: id, identity, ports }, clock.nowMs());
  const silent = new Set<DeviceId>();
  const topology = createTopology({
    clock,
    log,
    counters,
    inventory,
    keeper,
    box: () => ({ macs: [macOf("box")], addresses: [] }),
    isSilent: (id) => silent.has(id),
    rateOf: () => undefined,
    onEvent: (event) => void events.push(event),
  });
  /** One round of looks, a minute from device to device. */
  const round = async (now: Cabling, order: readonly string[] = ["sw1", "sw2", "sw3"]) => {
    for (const id of order) {
      const own = tablesOf(now, clock.nowMs()).find(({ device }) => device === id);
      if (own) topology.take(own);
      await clock.advance(60_000);
    }
    await clock.advance(tenMinutes - order.length * 60_000);
  };
  const behind = () =>
    Object.fromEntries(
      inventory.devices().flatMap(({ id, behind: parent }) => (parent ? [[id, parent]] : [])),
    );
  return { clock, inventory, topology, round, behind, events, keeper, known, silent };
}

t.test("what hangs on what goes to the inventory, and only changes are written down", async (t) => {
  const { round, behind, keeper, events, topology, inventory } = setUp(office);
  await round(office);
  t.strictSame(behind(), officeBehind);
  const before = keeper.written.length;
  await round(office);
  await round(office);
  t.equal(keeper.written.length, before, "nothing is new");
  t.strictSame(events, [], "and the first look is no news");
  t.strictSame(topology.pathTo(deviceId("camera")), ["box", "sw1", "sw2", "sw3", "camera"]);
  const uses = inventory
    .device(deviceId("sw1"))
    ?.ports.flatMap(({ id, use }) => (use ? [`${id} ${use}`] : []));
  t.strictSame(uses, ["p1 uplink", "p3 used", "p5 used", "p24 uplink"]);
});

for (const order of [
  ["sw1", "sw2", "sw3"],
  ["sw3", "sw2", "sw1"],
  ["sw2", "sw1", "sw3"],
])
  t.test(`a device is put into another socket; tables come as ${order.join(", ")}`, async (t) => {
    const { round, behind, events, topology, clock } = setUp(office);
    await round(office);
    const thenMs = clock.nowMs();
    await round(recabled(["printer", 1, "sw3", 6]), order);
    await round(recabled(["printer", 1, "sw3", 6]), order);
    t.strictSame(behind(), { ...officeBehind, printer: "sw3" });
    t.match(events, [
      { device: "printer", metric: "moved", value: "now port p6 of sw3, before port p2 of sw2" },
    ]);
    t.equal(events.length, 1);
    const at = (ms?: number) => topology.links(ms).find(({ to }) => to.device === "printer");
    t.match(at()?.from, { device: "sw3", port: "p6" });
    t.match(at(thenMs)?.from, { device: "sw2", port: "p2" }, "the map of then is kept");
  });

t.test("a new neighbour comes and goes", async (t) => {
  const stranger: Thing = { id: "stranger", kind: "switch", isUnknown: true, announces: true };
  const grown: Cabling = {
    things: [...office.things, stranger],
    cables: [...office.cables, ["sw2", 5, "stranger", 1]],
  };
  const { round, events, topology } = setUp(office);
  await round(office);
  await round(grown);
  t.match(events, [{ device: "sw2", channel: "p5", metric: "new_neighbour", value: "stranger" }]);
  t.match(topology.unknownNeighbours(), [{ name: "stranger" }]);
  await round(office);
  await round(office);
  await round(office);
  t.equal(events.length, 2);
  t.match(events[1], { device: "sw2", metric: "neighbour_gone", value: "stranger" });
  t.strictSame(topology.unknownNeighbours(), []);
});

t.test("a switch that dies stays where it hangs, and so does what is behind it", async (t) => {
  const { round, behind, events, silent } = setUp(office);
  const gone = ["sw2", "sw3", "printer", "camera", "phone"];
  await round(office);
  for (const id of gone) silent.add(deviceId(id));
  const dark: Cabling = { ...office, off: gone };
  for (let look = 0; look < 5; look++) await round(dark, ["sw1"]);
  t.strictSame(behind(), officeBehind);
  t.strictSame(events, []);
});

t.test("a device that is switched off hangs where it was", async (t) => {
  const { round, behind, events } = setUp(office);
  await round(office);
  for (let look = 0; look < 5; look++) await round({ ...office, off: ["printer"] });
  t.strictSame(behind(), officeBehind);
  t.strictSame(events, []);
});

t.test("after a restart nothing is forgotten and nothing is news", async (t) => {
  const first = setUp(office);
  await first.round(office);
  first.topology.stop();
  const { round, behind, events, topology } = setUp(office, first.keeper, first.known);
  t.strictSame(behind(), officeBehind, "before any table is read");
  t.equal(topology.links().length, office.cables.length);
  await round(office);
  t.strictSame(behind(), officeBehind);
  t.strictSame(events, []);
});

t.test("what people wrote comes first", async (t) => {
  const { round, behind, inventory } = setUp(office);
  inventory.configure(
    devicesOf(office).map(({ id, kind, collectors }) =>
      seed(id, { kind, collectors, ...(id === "camera" ? { behind: deviceId("nas") } : {}) }),
    ),
  );
  await round(office);
  t.strictSame(behind(), { ...officeBehind, camera: "nas" });
});

t.test("a table that is never read to its end does not grow for ever", async (t) => {
  const { clock, topology, inventory } = setUp(office);
  const [first] = tablesOf(office, clock.nowMs());
  if (!first) throw new Error("no tables");
  const taken: number[] = [];
  for (let n = 0; n < 5; n++) {
    const mac = (at: number) => (n * 10_000 + at).toString(16).padStart(12, "0");
    topology.take({
      ...first,
      cut: ["forwarding", "addresses"],
      forwarding: Array.from({ length: 10_000 }, (_, at) => ({ ifIndex: 1, mac: mac(at) })),
      addresses: [{ address: "10.0.0.99", mac: mac(1) }],
    });
    topology.settle();
    taken.push(topology.at(first.device, inventory.device(first.device)?.ports[0]?.id as never)?.macs ?? 0);
  }
  t.ok(Math.max(...taken) <= 20_000, taken.join(", "));
  t.ok(taken.at(-1), "and what was read last counts");
});
