import t from "tap";
import { matchPorts, portOf } from "../../appliance/inventory/ports.ts";
import type { PortDescription } from "../../appliance/model/observation.ts";
import type { Port, PortId } from "../../appliance/model/site.ts";

const known = (rows: readonly PortDescription[]): Port[] => {
  const ids = matchPorts([], rows);
  return rows.map((row, at) => portOf(row, ids[at] as PortId));
};
const before = known([
  { ifIndex: 1, ifName: "Gi1/0/1", mac: "001b21000001", ifDescr: "GigabitEthernet1/0/1", ifAlias: "Uplink" },
  { ifIndex: 2, ifName: "Gi1/0/2", mac: "001b21000002", ifDescr: "GigabitEthernet1/0/2" },
]);

const cases: { name: string; known: readonly Port[]; rows: PortDescription[]; expected: string[] }[] = [
  {
    name: "a new port is called by its ifName",
    known: [],
    rows: [{ ifIndex: 1, ifName: "Gi1/0/1" }, { ifIndex: 2, ifDescr: "Port #2" }, { ifIndex: 3 }],
    expected: ["gi1-0-1", "port-2", "if3"],
  },
  {
    name: "renumbered: ifName decides, not ifIndex",
    known: before,
    rows: [
      { ifIndex: 2, ifName: "Gi1/0/1" },
      { ifIndex: 1, ifName: "Gi1/0/2" },
    ],
    expected: ["gi1-0-1", "gi1-0-2"],
  },
  {
    name: "renamed: the MAC decides",
    known: before,
    rows: [{ ifIndex: 9, ifName: "eth7", mac: "001b21000002" }],
    expected: ["gi1-0-2"],
  },
  {
    name: "a MAC that all ports share decides nothing",
    known: before,
    rows: [
      { ifIndex: 1, ifName: "a", mac: "001b21000001" },
      { ifIndex: 2, ifName: "b", mac: "001b21000001" },
    ],
    expected: ["a", "b"],
  },
  {
    name: "equal names get different ids",
    known: [],
    rows: [
      { ifIndex: 1, ifName: "eth0" },
      { ifIndex: 2, ifName: "eth0" },
    ],
    expected: ["eth0", "eth0-2"],
  },
  {
    name: "the id of a port that is away is not given to another",
    known: before,
    rows: [{ ifIndex: 5, ifName: "gi1-0-1" }],
    expected: ["gi1-0-1-2"],
  },
  {
    name: "a port without any name keeps its id by its number",
    known: known([{ ifIndex: 3 }]),
    rows: [{ ifIndex: 3 }],
    expected: ["if3"],
  },
];
for (const { name, known: ports, rows, expected } of cases)
  t.test(name, async (t) => t.same(matchPorts(ports, rows), expected));

t.test("texts of a port are made harmless", async (t) => {
  const port = portOf(
    { ifIndex: 1, ifName: "a\u0000b", ifAlias: "x".repeat(5_000), ifDescr: " " },
    "a-b" as PortId,
  );
  t.equal(port.ifName, "a b");
  t.ok((port.ifAlias?.length ?? 0) <= 200);
  t.equal(port.ifDescr, undefined);
});
