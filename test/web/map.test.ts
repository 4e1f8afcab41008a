import t from "tap";
import type { Device } from "../../appliance/model/site.ts";
import { type DeviceKind, deviceId, type PortId } from "../../appliance/model/site.ts";
import type { TopologyLink } from "../../appliance/model/topology.ts";
import { layoutMap } from "../../web/map/layout.ts";
import { everyNode, mapTree } from "../../web/map/tree.ts";

const device = (id: string, kind: DeviceKind): Device => ({
  id: deviceId(id),
  name: id,
  kind,
  group: "x",
  identity: {},
  ports: [],
  sensors: [],
  collectors: ["ping"],
  source: "file",
  approved: true,
  firstSeenMs: 0,
  ...(kind === "router" ? { isGateway: true as const } : {}),
});

const link = (from: string, port: string, to: string, more: Partial<TopologyLink> = {}): TopologyLink => ({
  id: `${from}/${port} ~ ${to}`,
  from: { device: deviceId(from), port: port as PortId },
  to: { device: deviceId(to) },
  evidence: ["lldp"],
  confidence: "sure",
  firstMs: 0,
  lastMs: 0,
  ...more,
});

/** An office with so many leaves on each of its switches. */
function office(switches: number, leaves: number) {
  const devices = [device("router", "router")];
  const links: TopologyLink[] = [];
  for (let at = 1; at <= switches; at++) {
    devices.push(device(`sw${at}`, "switch"));
    const parent = at === 1 ? "router" : `sw${Math.ceil(at / 4)}`;
    links.push(link(at === 1 ? `sw1` : parent, `gi${40 + at}`, at === 1 ? parent : `sw${at}`));
    for (let leaf = 1; leaf <= leaves; leaf++) {
      devices.push(device(`d${at}-${leaf}`, "printer"));
      links.push(
        link(`sw${at}`, `gi${leaf}`, `d${at}-${leaf}`, { evidence: ["forwarding"], confidence: "likely" }),
      );
    }
  }
  return { devices, links };
}

t.test("from the router down, children in the order of their ports", async (t) => {
  const { devices, links } = office(2, 11);
  const { roots, unplaced } = mapTree([...devices, device("lost", "printer")], links);
  t.strictSame(
    roots.map(({ key }) => key),
    ["router"],
  );
  const [sw1] = roots[0]?.children ?? [];
  t.equal(sw1?.key, "sw1");
  t.strictSame(
    sw1?.children.map(({ key }) => key),
    [...Array.from({ length: 11 }, (_, at) => `d1-${at + 1}`), "sw2"],
  );
  t.strictSame(
    unplaced.map(({ id }) => id),
    ["lost"],
  );
});

t.test("a loop is drawn once more, not as a branch; two cables are one branch", async (t) => {
  const { devices, links } = office(3, 1);
  const { roots, others } = mapTree(devices, [
    ...links,
    link("sw2", "gi48", "sw3"),
    link("sw1", "gi50", "sw2"),
  ]);
  const all = roots.flatMap(everyNode);
  t.equal(all.length, devices.length);
  t.strictSame(
    others.map(({ id }) => id),
    ["sw2/gi48 ~ sw3"],
  );
  t.equal(all.find(({ key }) => key === "sw2")?.links.length, 2);
});

t.test("the same links in another order give the same picture", async (t) => {
  const { devices, links } = office(8, 20);
  const one = layoutMap(mapTree(devices, links).roots);
  const other = layoutMap(mapTree([...devices].reverse(), [...links].reverse()).roots);
  t.strictSame(JSON.stringify(other), JSON.stringify(one));
});

for (const [switches, leaves] of [
  [1, 0],
  [4, 10],
  [10, 19],
] as const)
  t.test(`${switches} switches with ${leaves} devices each: nothing lies on anything else`, async (t) => {
    const { devices, links } = office(switches, leaves);
    const layout = layoutMap(mapTree(devices, links).roots);
    const boxes: { x: number; y: number; width: number; height: number }[] = [];
    const collect = (placed: (typeof layout.roots)[number]): void => {
      boxes.push(placed.card, ...placed.leaves.map(({ box }) => box));
      placed.children.forEach(collect);
    };
    layout.roots.forEach(collect);
    t.equal(boxes.length, devices.length);
    const overlaps = boxes.flatMap((a, at) =>
      boxes
        .slice(at + 1)
        .filter(
          (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
        ),
    );
    t.equal(overlaps.length, 0);
    t.ok(layout.width <= 1_400, `fits the page (${layout.width} pixels)`);
    t.ok(
      boxes.every(
        ({ x, y, width, height }) =>
          x >= 0 && y >= 0 && x + width <= layout.width && y + height <= layout.height,
      ),
    );
  });
