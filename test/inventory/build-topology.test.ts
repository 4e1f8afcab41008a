import t from "tap";
import { buildTopology } from "../../appliance/inventory/build-topology.ts";
import { type DeviceId, deviceId } from "../../appliance/model/site.ts";
import {
  type Cable,
  type Cabling,
  devicesOf,
  macOf,
  type Thing,
  tablesOf,
} from "../helpers/topology/cabling.ts";

const box: Thing = { id: "box", kind: "box" };
const router: Thing = { id: "router", kind: "router", tables: ["arp"], announces: true };
const full = ["fdb", "lldp"] as const;
const sw = (id: string, tables: Thing["tables"] = full): Thing => ({
  id,
  kind: "switch",
  announces: true,
  ...(tables ? { tables } : {}),
});
const leaf = (id: string, more: Partial<Thing> = {}): Thing => ({ id, kind: "printer", ...more });
const hub = (id: string): Thing => ({ id });

function build(cabling: Cabling) {
  const built = buildTopology({
    devices: devicesOf(cabling),
    tables: new Map(tablesOf(cabling, 1_000).map((tables) => [tables.device, tables])),
    box: { macs: [macOf("box")], addresses: [] },
    gateway: deviceId("router"),
    remembered: [],
  });
  return {
    ...built,
    behind: Object.fromEntries([...built.behind].filter(([, parent]) => parent !== undefined)),
    links: built.links
      .map(({ a, b, confidence, evidence }) => {
        const side = (end: typeof a) => `${end.device ?? end.neighbour}:${end.port ?? end.portName ?? ""}`;
        return `${[side(a), side(b)].sort().join(" - ")} ${confidence} ${evidence.join("+")}`;
      })
      .sort(),
  };
}

const office: { things: Thing[]; cables: Cable[] } = {
  things: [box, router, sw("sw1"), sw("sw2"), sw("sw3"), leaf("nas"), leaf("printer"), leaf("camera")],
  cables: [
    ["box", 1, "sw1", 3],
    ["router", 2, "sw1", 1],
    ["sw1", 24, "sw2", 8],
    ["sw2", 7, "sw3", 1],
    ["nas", 1, "sw1", 5],
    ["printer", 1, "sw2", 2],
    ["camera", 1, "sw3", 4],
  ],
};
const officeBehind = {
  router: "sw1",
  sw2: "sw1",
  sw3: "sw2",
  nas: "sw1",
  printer: "sw2",
  camera: "sw3",
};

t.test("an office of three switches: who hangs on whom, and on which port", async (t) => {
  const { behind, links } = build(office);
  t.strictSame(behind, officeBehind);
  t.strictSame(links, [
    "box: - sw1:p3 likely forwarding",
    "camera: - sw3:p4 likely forwarding",
    "nas: - sw1:p5 likely forwarding",
    "printer: - sw2:p2 likely forwarding",
    "router:p2 - sw1:p1 sure lldp+forwarding",
    "sw1:p24 - sw2:p8 sure lldp+forwarding",
    "sw2:p7 - sw3:p1 sure lldp+forwarding",
  ]);
});

const without = (tables: Thing["tables"], ...ids: string[]): Cabling => ({
  ...office,
  things: office.things.map((thing) => (ids.includes(thing.id) ? { ...thing, tables: tables ?? [] } : thing)),
});

t.test("forwarding tables alone tell the same", async (t) => {
  t.strictSame(build(without(["fdb"], "sw1", "sw2", "sw3")).behind, officeBehind);
});

t.test("announcements alone do not tell where this box is: nothing is derived", async (t) => {
  t.strictSame(build(without(["lldp"], "sw1", "sw2", "sw3")).behind, {});
});

t.test("a switch in the middle that tells of no addresses", async (t) => {
  const { behind } = build(without(["lldp"], "sw2"));
  t.strictSame(
    behind,
    { ...officeBehind, printer: "sw2" },
    "it is the only one to announce itself on that port",
  );
});

t.test("the first switch tells of no addresses: none is put behind the one after it", async (t) => {
  const { behind } = build(without(["lldp"], "sw1"));
  t.equal(behind.sw1, undefined);
  t.equal(behind.router, undefined);
  t.equal(behind.sw3, "sw2");
  t.equal(behind.camera, "sw3");
});

t.test("the box hangs at the far end", async (t) => {
  const [, ...rest] = office.cables;
  const { behind } = build({ things: office.things, cables: [["box", 1, "sw3", 9], ...rest] });
  t.strictSame(behind, { sw2: "sw3", sw1: "sw2", router: "sw1", nas: "sw1", printer: "sw2", camera: "sw3" });
});

t.test("a switch that nobody knows, with several devices on one port", async (t) => {
  const cabling: Cabling = {
    things: [...office.things, hub("hub"), leaf("phone"), leaf("till")],
    cables: [...office.cables, ["sw2", 5, "hub", 1], ["hub", 2, "phone", 1], ["hub", 3, "till", 1]],
  };
  const { behind, links } = build(cabling);
  t.strictSame(behind, { ...officeBehind, phone: "sw2", till: "sw2" });
  t.ok(links.includes("phone: - sw2:p5 likely forwarding"));
  t.ok(links.includes("sw2:p5 - till: likely forwarding"));
});

t.test("a switch that nobody knows between two that are", async (t) => {
  const cables = office.cables.flatMap((cable): Cable[] =>
    cable[0] === "sw1" && cable[2] === "sw2"
      ? [
          ["sw1", 24, "hub", 1],
          ["hub", 2, "sw2", 8],
          ["hub", 3, "till", 1],
        ]
      : [cable],
  );
  const { behind } = build({ things: [...office.things, hub("hub"), leaf("till")], cables });
  t.strictSame(behind, { ...officeBehind, till: "sw1" });
});

t.test("box and switches on one switch that nobody knows", async (t) => {
  const { behind } = build({
    things: [box, router, hub("hub"), sw("sw1"), sw("sw2"), leaf("nas"), leaf("printer")],
    cables: [
      ["box", 1, "hub", 1],
      ["router", 2, "hub", 2],
      ["sw1", 1, "hub", 3],
      ["sw2", 1, "hub", 4],
      ["nas", 1, "sw1", 5],
      ["printer", 1, "sw2", 5],
    ],
  });
  t.strictSame(behind, { nas: "sw1", printer: "sw2" });
});

t.test("a ring with one cable blocked: what two ways lead to hangs on neither", async (t) => {
  const { behind } = build({
    things: office.things,
    cables: [...office.cables, ["sw3", 8, "sw1", 23]],
    blocked: [office.cables.length],
  });
  t.strictSame(behind, { ...officeBehind, sw3: "sw1", sw2: "sw1" });
});

t.test("two cables between the same two, in a group", async (t) => {
  const grouped = office.things.map((thing) =>
    thing.id === "sw1"
      ? { ...thing, groups: { 24: 1001, 23: 1001 } }
      : thing.id === "sw2"
        ? { ...thing, groups: { 8: 1000, 6: 1000 } }
        : thing,
  );
  const { behind, links } = build({ things: grouped, cables: [...office.cables, ["sw1", 23, "sw2", 6]] });
  t.strictSame(behind, officeBehind);
  t.strictSame(
    links.filter((link) => link.includes("sw1:p2")).map((link) => link.split(" sure")[0]),
    ["sw1:p23 - sw2:p6", "sw1:p24 - sw2:p8"],
  );
});

t.test("an access point, with a device on its Wi-Fi", async (t) => {
  const ap: Thing = { id: "ap", kind: "ap", tables: [], announces: true };
  const cabling: Cabling = {
    things: [...office.things, ap, leaf("scanner")],
    cables: [...office.cables, ["sw3", 3, "ap", 1], ["ap", 9, "scanner", 1]],
  };
  const { behind, links } = build(cabling);
  t.strictSame(behind, { ...officeBehind, ap: "sw3", scanner: "ap" });
  t.ok(links.includes("ap: - scanner: likely forwarding"));
});

t.test("a server with cables to two switches joins no networks", async (t) => {
  const server: Thing = { id: "server", kind: "server", tables: ["lldp"], announces: true };
  const { behind } = build({
    things: [...office.things, server],
    cables: [...office.cables, ["server", 1, "sw1", 10], ["server", 2, "sw3", 10]],
    blocked: [office.cables.length + 1],
  });
  t.strictSame(behind, { ...officeBehind, server: "sw1" });
});

t.test(
  "a neighbour that is no known device is kept, and what is behind it hangs on the last known one",
  async (t) => {
    const stranger: Thing = { id: "stranger", kind: "switch", isUnknown: true, announces: true };
    const { behind, unknown, links } = build({
      things: [...office.things, stranger, leaf("till")],
      cables: [...office.cables, ["sw2", 5, "stranger", 1], ["stranger", 2, "till", 1]],
    });
    t.strictSame(behind, { ...officeBehind, till: "sw2" });
    t.match(unknown, [{ name: "stranger", mac: macOf("stranger"), at: { device: "sw2", port: "p5" } }]);
    t.ok(links.some((link) => link.startsWith(`heard:${macOf("stranger")}: - till:`)));
  },
);

t.test("tables that contradict each other give no place to rely on", async (t) => {
  const tables = tablesOf(office, 1_000).map((one) =>
    one.device === "sw1"
      ? {
          ...one,
          forwarding: [
            ...one.forwarding.filter(({ mac }) => mac !== macOf("printer")),
            { ifIndex: 5, mac: macOf("printer") },
          ],
        }
      : one,
  );
  const { behind, links } = buildTopology({
    devices: devicesOf(office),
    tables: new Map(tables.map((one) => [one.device, one])),
    box: { macs: [macOf("box")], addresses: [] },
    gateway: deviceId("router"),
    remembered: [],
  });
  t.equal(behind.get("printer" as DeviceId), undefined, "the one switch still remembers its old port");
  t.equal(links.find(({ b }) => b.device === "printer")?.confidence, "unsure");
});
