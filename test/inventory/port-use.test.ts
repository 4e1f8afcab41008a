import t from "tap";
import { learnPorts } from "../../appliance/inventory/port-use.ts";
import { watchPorts } from "../../appliance/inventory/port-watch.ts";
import { type Device, type DeviceId, deviceId, type Port, type PortId } from "../../appliance/model/site.ts";
import type { Neighbours, TopologyLink } from "../../appliance/model/topology.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

const dayMs = 86_400_000;
const port = (number: number, more: Partial<Port> = {}): Port => ({
  id: `gi${number}` as PortId,
  ifIndex: number,
  ifName: `gi${number}`,
  operStatus: "up",
  speedBps: 1e9,
  ...more,
});
const device = (ports: readonly Port[]): Device => ({
  id: deviceId("sw"),
  name: "Switch",
  kind: "switch",
  group: "x",
  identity: {},
  ports,
  sensors: [],
  collectors: ["snmp"],
  source: "file",
  approved: true,
  firstSeenMs: 0,
});
const link = (number: number, to: string): TopologyLink => ({
  id: to,
  from: { device: deviceId("sw"), port: `gi${number}` as PortId },
  to: { device: deviceId(to) },
  evidence: ["lldp"],
  confidence: "sure",
  firstMs: 0,
  lastMs: 0,
});
const tables = (ports: Neighbours["ports"]): Neighbours => ({
  record: "neighbours",
  device: deviceId("sw"),
  timeMs: 0,
  ownMacs: [],
  heard: [],
  forwarding: [],
  addresses: [],
  ports,
  cut: [],
});

const learn = (ports: readonly Port[], more: Partial<Parameters<typeof learnPorts>[1]> = {}) => {
  const learned = learnPorts(device(ports), {
    tables: tables([]),
    links: [],
    infrastructure: new Set(["sw-2"]),
    counts: new Map(),
    rateOf: () => 0,
    nowMs: 100 * dayMs + 5,
    ...more,
  });
  return [...learned].map(([id, { use }]) => `${id} ${use ?? "-"}`);
};

t.test("an uplink has infrastructure behind it; a port in use something, or traffic", async (t) => {
  const ports = [port(1), port(2), port(3), port(4), port(5, { operStatus: "down" })];
  t.strictSame(
    learn(ports, {
      links: [link(1, "sw-2"), link(2, "printer")],
      counts: new Map([[3, 1]]),
      rateOf: (id) => (id === "gi4" ? 900 : 0),
    }),
    ["gi1 uplink", "gi2 used", "gi3 used", "gi4 used", "gi5 -"],
  );
});

t.test("a cable with nothing at its end is no use", async (t) => {
  t.strictSame(learn([port(1)]), ["gi1 -"]);
});

t.test("members of a group have what the group has", async (t) => {
  const ports = [port(1), port(2), port(1_000)];
  const own = tables([
    { ifIndex: 1, aggregate: 1_000 },
    { ifIndex: 2, aggregate: 1_000 },
  ]);
  t.strictSame(learn(ports, { tables: own, links: [link(1, "sw-2")] }), [
    "gi1 uplink",
    "gi2 uplink",
    "gi1000 uplink",
  ]);
});

t.test("use stays for 30 days after it was last seen", async (t) => {
  const off = (daysAgo: number) =>
    port(1, { operStatus: "down", use: "uplink", usedMs: (100 - daysAgo) * dayMs });
  t.strictSame(learn([off(29)]), ["gi1 uplink"]);
  t.strictSame(learn([off(30)]), ["gi1 -"]);
});

/** What is told when the ports of a device become others. */
function watch(steps: readonly (readonly Port[])[]) {
  let now = device([]);
  let tell: (id: DeviceId) => void = () => {};
  const told: string[] = [];
  const watching = watchPorts({
    clock: fakeClock(),
    inventory: {
      device: () => now,
      onChange(listener) {
        tell = listener;
        return () => {};
      },
    },
    onEvent: ({ channel, metric, value }) => void told.push(`${channel} ${metric}: ${value}`),
  });
  for (const ports of steps) {
    now = device(ports);
    tell(now.id);
  }
  watching.stop();
  return told;
}

const used = { use: "used" } as const;

t.test("a port in use that loses its link is news, one that nobody uses is none", async (t) => {
  const up = [port(1, used), port(2)];
  const down = [port(1, { ...used, operStatus: "down" }), port(2, { operStatus: "down" })];
  t.strictSame(watch([up, down, up]), ["gi1 link: down", "gi1 link: up"]);
});

t.test("a port that people switched off is called so", async (t) => {
  const off = [port(1, { ...used, operStatus: "down", adminStatus: "down" })];
  t.strictSame(watch([[port(1, used)], off]), ["gi1 link: switched off"]);
});

t.test("speed and duplex", async (t) => {
  t.strictSame(watch([[port(1, used)], [port(1, { ...used, speedBps: 1e8, duplex: "half" })]]), [
    "gi1 port_speed: 100 Mbit/s, before 1 Gbit/s",
    "gi1 duplex: half duplex",
  ]);
});

t.test("what flaps is not told without end", async (t) => {
  const steps = Array.from({ length: 40 }, (_, at) => [
    port(1, { ...used, operStatus: at % 2 ? ("down" as const) : ("up" as const) }),
  ]);
  t.equal(watch(steps).length, 6);
});
