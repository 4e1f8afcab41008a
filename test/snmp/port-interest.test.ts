import t from "tap";
import { portInterest } from "../../appliance/snmp/port-interest.ts";
import type { Reading } from "../../appliance/snmp/reading.ts";
import type { SurveyedPort } from "../../appliance/snmp/survey.ts";

const rows: readonly [ifName: string, ifType: number, octets: number][] = [
  ["gi1", 6, 0],
  ["Po1", 161, 5],
  ["wlan0", 71, 5],
  ["pppoe-wan", 23, 5],
  ["lo", 24, 5],
  ["Null0", 1, 0],
  ["vlan10", 136, 5],
  ["vlan20", 136, 0],
  ["tun0", 131, 7],
  ["br-0123456789ab", 209, 7],
  ["veth12ab", 6, 9],
];
const ports = rows.map(
  ([ifName, ifType], at): SurveyedPort => ({ index: String(at + 1), ifIndex: at + 1, ifName, ifType }),
);
const readings = rows.map(
  ([, , value], at) =>
    ({ list: "ports", metric: "if_in_octets", index: String(at + 1), value }) as unknown as Reading,
);
const kept = (kind: "switch" | "router") => {
  const isKept = portInterest(ports, readings, kind);
  return rows.filter((_row, at) => isKept(String(at + 1))).map(([name]) => name);
};

t.test("a switch keeps its sockets, radios, lines and groups", async (t) => {
  t.strictSame(kept("switch"), ["gi1", "Po1", "wlan0", "pppoe-wan"]);
});

t.test("a router keeps the VLANs and tunnels that carry something as well", async (t) => {
  t.strictSame(kept("router"), ["gi1", "Po1", "wlan0", "pppoe-wan", "vlan10", "tun0"]);
});

t.test("a device that has nothing but virtual rows keeps them", async (t) => {
  const isKept = portInterest(ports.slice(4, 6), readings, "switch");
  t.ok(isKept("5"));
});
