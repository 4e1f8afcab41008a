import t from "tap";
import { createCounters } from "../../appliance/engine/counters.ts";
import { builtInDevices, builtInTargets } from "../../appliance/inventory/built-in.ts";
import { createInventory, type DeviceSeed } from "../../appliance/inventory/inventory.ts";
import { macKey, serialKey } from "../../appliance/inventory/keys.ts";
import type { Event } from "../../appliance/model/observation.ts";
import { listLog, memoryKeeper, seed } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

function setUp(seeds: readonly DeviceSeed[], keeper = memoryKeeper(), limit?: number) {
  const clock = fakeClock();
  const events: Event[] = [];
  const changes: string[] = [];
  const { log, lines } = listLog();
  const inventory = createInventory({
    clock,
    log,
    counters: createCounters(),
    keeper,
    onEvent: (event) => void events.push(event),
    ...(limit === undefined ? {} : { limit }),
  });
  inventory.configure(seeds);
  inventory.onChange((id) => void changes.push(id));
  return { clock, inventory, events, changes, keeper, lines };
}

const mac = "001b21aabbcc";

t.test("a device appears by its key, has a random id, and keeps it over a restart", async (t) => {
  const { inventory, keeper } = setUp([]);
  const device = inventory.resolve("z2m:zigbee2mqtt/hall");
  t.match(device?.id, /^[a-z0-9]{8}$/);
  t.match(device, { name: "hall", source: "mqtt", approved: false });
  t.equal(inventory.resolve("z2m:zigbee2mqtt/hall")?.id, device?.id);
  const again = setUp([], keeper);
  t.equal(again.inventory.resolve("z2m:zigbee2mqtt/hall")?.id, device?.id);
  t.equal(again.inventory.devices().length, 1);
});

t.test("an id is never made up, and there are at most as many speakers as may be", async (t) => {
  const { inventory, lines } = setUp([seed("pc")], undefined, 2);
  t.equal(inventory.resolve("nobody"), undefined);
  t.ok(inventory.resolve("a:1") && inventory.resolve("a:2"));
  t.equal(inventory.resolve("a:3"), undefined);
  t.equal(inventory.resolve("a:4"), undefined);
  t.equal(lines.length, 1, "said once");
});

t.test("what publishes is named by the telling part of its topic until it says its name", async (t) => {
  const { inventory } = setUp([]);
  const named = (ref: string) => inventory.resolve(ref)?.name;
  t.equal(named("json:site/freezer/climate"), "freezer climate");
  t.equal(named("json:site/archive/climate"), "archive climate");
  t.equal(named("json:sensors/hall"), "hall");
  t.equal(named("json:hall"), "hall");
  t.equal(named("json:/a/b/ground/kitchen/temperature"), "ground kitchen temperature");
  t.equal(named("shelly:plug:0"), "0");
});

t.test("the file's devices come before those that speak up, after a restart too", async (t) => {
  const { inventory, keeper } = setUp([seed("a")]);
  inventory.resolve("json:site/freezer/climate");
  const again = setUp([seed("b"), seed("a")], keeper).inventory;
  t.same(
    again.devices().map(({ name }) => name),
    [seed("b").name, seed("a").name, "freezer climate"],
  );
});

t.test("a credential in the file approves the device that speaks under it, for ever", async (t) => {
  const { inventory, keeper } = setUp([]);
  const ref = "json:site/freezer/climate";
  inventory.apply({ record: "describe", device: ref, isInvited: true }, 0);
  t.equal(inventory.resolve(ref)?.approved, true);
  inventory.apply({ record: "describe", device: ref, model: "T1" }, 0);
  t.equal(setUp([], keeper).inventory.resolve(ref)?.approved, true);
  t.equal(inventory.resolve("json:site/attic/climate")?.approved, false);
});

t.test("a known room among the levels of a topic is the room; other words are none", async (t) => {
  const { inventory } = setUp([seed("rack-ups", { room: "Server room" })]);
  t.equal(inventory.resolve("json:site/server-room/climate")?.room, "Server room");
  t.equal(inventory.resolve("z2m:zigbee2mqtt/server room/door")?.room, "Server room");
  t.equal(inventory.resolve("json:site/freezer/climate")?.room, undefined);
  t.equal(inventory.resolve("json:site/servers/room")?.room, undefined);
});

t.test("a page approves what publishes, names it, and takes that back", async (t) => {
  const { inventory } = setUp([]);
  const ref = "json:site/freezer/climate";
  const id = String(inventory.resolve(ref)?.id);
  inventory.configure([seed(id, { name: "Freezer", collectors: [], source: "page" })]);
  t.match(inventory.resolve(ref), {
    id,
    name: "Freezer",
    approved: true,
    collectors: ["mqtt"],
    source: "mqtt",
  });
  inventory.configure([]);
  t.match(inventory.resolve(ref), { id, approved: false });
});

t.test("what is polled and what publishes under the same MAC are one device: the file's", async (t) => {
  const { inventory, changes } = setUp([seed("plug", { name: "Plug" })]);
  const heard = inventory.resolve("tasmota:abc");
  inventory.apply({ record: "describe", device: "tasmota:abc", mac, model: "Sonoff" }, 0);
  inventory.apply({ record: "describe", device: "plug", mac }, 0);
  t.equal(inventory.resolve("tasmota:abc")?.id, "plug");
  t.equal(inventory.device(heard!.id), undefined);
  t.match(inventory.device(seed("plug").id), { name: "Plug", identity: { model: "Sonoff", mac } });
  t.ok(changes.includes(heard!.id) && changes.includes("plug"));
});

t.test("a renamed publisher stays the same device", async (t) => {
  const { inventory } = setUp([]);
  inventory.apply({ record: "describe", device: "z2m:b/old", mac }, 0);
  const { id } = inventory.resolve("z2m:b/old")!;
  inventory.apply({ record: "describe", device: "z2m:b/new", mac, name: "New" }, 0);
  t.equal(inventory.resolve("z2m:b/new")?.id, id);
  t.equal(inventory.devices().length, 1);
});

t.test("a key that two configured devices show is none", async (t) => {
  const { inventory, lines } = setUp([seed("a"), seed("b")]);
  for (const device of ["a", "b"]) inventory.apply({ record: "describe", device, mac }, 0);
  t.equal(inventory.devices().length, 2);
  t.equal(lines.length, 1);
  inventory.apply({ record: "describe", device: "x:1", mac }, 0);
  t.equal(inventory.devices().length, 3, "it leads nowhere any more");
});

t.test("records that differ in their MAC stay two, whatever serial they share", async (t) => {
  const { inventory } = setUp([seed("a")]);
  const same = { manufacturer: "ACME", serial: "SN-1001" };
  inventory.apply({ record: "describe", device: "a", mac, ...same }, 0);
  inventory.apply({ record: "describe", device: "x:1", mac: "001b21aabbdd", ...same }, 0);
  t.equal(inventory.devices().length, 2);
});

t.test("new firmware is an event; the first word of it is none", async (t) => {
  const { inventory, events } = setUp([seed("sw")]);
  const say = (version: string) =>
    inventory.apply({ record: "describe", device: "sw", identity: { version } }, 5);
  say("1.0");
  say("1.0");
  t.same(events, []);
  say("1.1");
  t.same(events, [{ record: "event", device: "sw", metric: "firmware", value: "1.1", timeMs: 5 }]);
});

t.test("the same description again changes nothing and saves nothing", async (t) => {
  const { inventory, changes } = setUp([seed("sw")]);
  const say = () =>
    inventory.apply(
      { record: "describe", device: "sw", identity: { model: "X" }, ports: [{ ifIndex: 1, ifName: "eth0" }] },
      0,
    );
  say();
  const { length } = changes;
  const before = inventory.devices()[0];
  say();
  t.equal(changes.length, length);
  t.equal(inventory.devices()[0], before);
});

t.test("names from people win over the device's own; its texts are made harmless", async (t) => {
  const { inventory } = setUp([seed("cam", { name: "Camera door" })]);
  inventory.apply(
    {
      record: "describe",
      device: "cam",
      name: "<script>",
      kind: "camera",
      identity: { sysName: "a\u0007b", sysDescr: "x".repeat(5_000) },
    },
    0,
  );
  const device = inventory.devices()[0];
  t.match(device, { name: "Camera door", kind: "camera", group: "Cameras", identity: { sysName: "a b" } });
  t.ok((device?.identity.sysDescr?.length ?? 0) <= 200);
});

t.test(
  "a device taken out of the file is no longer listed, and comes back with what was known",
  async (t) => {
    const { inventory, changes } = setUp([seed("a"), seed("b")]);
    inventory.apply({ record: "describe", device: "a", identity: { model: "X" } }, 0);
    inventory.configure([seed("b")]);
    t.equal(inventory.resolve("a"), undefined);
    t.ok(changes.includes("a"));
    inventory.configure([seed("a"), seed("b")]);
    t.equal(inventory.resolve("a")?.identity.model, "X");
  },
);

t.test("keys", async (t) => {
  const macs = [
    ["00:1B:21:AA:BB:CC", "mac:001b21aabbcc"],
    ["001b21fffeaabbcc", "mac:001b21fffeaabbcc"],
    ["02:1b:21:aa:bb:cc", undefined],
    ["01:00:5e:00:00:01", undefined],
    ["00:00:5e:00:01:0a", undefined],
    ["00:50:56:aa:bb:cc", undefined],
    ["000000000000", undefined],
    ["ffffffffffff", undefined],
    ["abc", undefined],
  ] as const;
  for (const [text, expected] of macs) t.equal(macKey(text), expected, text);
  t.equal(serialKey({ vendor: "ACME", serial: "To be filled by O.E.M." }), undefined);
  t.equal(serialKey({ vendor: "ACME", serial: "00000000" }), undefined);
  t.equal(serialKey({ serial: "SN-1001" }), undefined);
  t.equal(serialKey({ vendor: "ACME", serial: "SN-1001" }), "serial:acme/sn-1001");
});

t.test("without a configuration the box watches itself and the way to the internet", async (t) => {
  const surroundings = { gateway: "10.0.0.1", resolvers: ["10.0.0.53"], anchors: ["192.0.2.1", "192.0.2.2"] };
  t.same(
    builtInDevices(surroundings).map(({ id, kind, address }) => [id, kind, address]),
    [
      ["box", "box", "localhost"],
      ["gateway", "router", "10.0.0.1"],
      ["internet", "service", undefined],
      ["names", "service", "10.0.0.53"],
    ],
  );
  t.same(
    builtInTargets(surroundings).map(({ device, type, address }) => `${device} ${type} ${address}`),
    [
      "box host localhost",
      "gateway ping 10.0.0.1",
      "internet ping 192.0.2.1",
      "internet ping 192.0.2.2",
      "internet dns 192.0.2.1",
      "internet dns 192.0.2.2",
      "names dns 10.0.0.53",
    ],
  );
  t.same(
    builtInTargets({ resolvers: [], anchors: [] }).map(({ device }) => device),
    ["box"],
    "nothing around: only the box",
  );
});
