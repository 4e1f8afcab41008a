import t from "tap";
import type { Varbind } from "../../appliance/snmp/codec.ts";
import { loadProfiles } from "../../appliance/snmp/profiles.ts";
import { Readout } from "../../appliance/snmp/readout.ts";

const box = `name: maker-box
summary: A box whose single values are numbered in groups
source: MAKER-MIB
match: 1.3.6.1.4.1.99999.1
tables:
  probes:
    oid: 1.3.6.1.4.1.99999.1.3
    columns:
      value: {after: "1.0"}
      alarm: {after: "4.1.0"}
      name: {oid: 1.3.6.1.4.1.99999.1.2, after: "1.0", as: text}
      room: {oid: 1.3.6.1.4.1.99999.1.9, after: "5.0", at: [0]}
`;

t.test("what belongs together may stand in rows of its own, told apart by the names", async (t) => {
  const folder = t.testdir({
    "named-box.yaml": `name: named-box
summary: A box that gives its variables as rows
source: NAMED-MIB
match: 1.3.6.1.4.1.99999.2
tables:
  variables:
    oid: 1.3.6.1.4.1.99999.2.1
    columns:
      name: {oid: 3, as: text}
      value: 11
      label: {oid: 10, as: text, of: name, swap: [".Value", ".DescName"]}
      high: {oid: 11, of: name, swap: [".Value", ".High"]}
`,
    "generic.yaml": "name: generic\nsummary: x\nsource: test MIB\nextends: []\n",
  });
  const { library, problems } = await loadProfiles([folder]);
  t.same(problems, []);
  const profile = library.resolve("named-box");
  const [variables] = profile.tables;
  if (!variables) return t.fail("no table");
  const readout = new Readout(profile.scalars, profile.tables);
  const text = (value: string) => ({ oid: "", tag: 4, value: Buffer.from(value) });
  const names: [string, string][] = [
    ["1.1", "Air.DescName"],
    ["1.2", "Air.Value"],
    ["1.3", "Air.High"],
    ["2.2", "Air.Value"],
    ["2.3", "Other"],
  ];
  const column = (suffix: number) => `1.3.6.1.4.1.99999.2.1.${suffix}`;
  readout.columns.set(column(3), { rows: new Map(names.map(([index, name]) => [index, text(name)])) });
  readout.columns.set(column(10), { rows: new Map([["1.1", text("Inlet")]]) });
  readout.columns.set(column(11), {
    rows: new Map(names.map(([index], at) => [index, { oid: "", tag: 2, value: at }])),
  });
  const first = readout.row(variables, "1.2");
  t.same([first.cell("label"), first.cell("value"), first.cell("high")], ["Inlet", 1, 2]);
  t.equal(first.oid("high"), `${column(11)}.1.3`);
  const other = readout.row(variables, "2.2");
  t.same([other.cell("label"), other.cell("value"), other.cell("high")], [undefined, 3, undefined]);
  t.equal(readout.row(variables, "2.3").cell("label"), undefined, "a name with another ending has none");
  t.equal(readout.rowsOf(variables).length, 5);
});

t.test("groups of single values are rows by their number", async (t) => {
  const folder = t.testdir({
    "maker-box.yaml": box,
    "generic.yaml": "name: generic\nsummary: x\nsource: test MIB\nextends: []\n",
  });
  const { library, problems } = await loadProfiles([folder]);
  t.same(problems, []);
  const profile = library.resolve("maker-box");
  const [probes] = profile.tables;
  if (!probes) return t.fail("no table");
  const readout = new Readout(profile.scalars, profile.tables);
  const number = (value: number) => ({ oid: "", tag: 2, value });
  readout.columns.set("1.3.6.1.4.1.99999.1.3", {
    rows: new Map([
      ["1.1.0", number(215)],
      ["1.4.1.0", number(1)],
      ["12.1.0", number(190)],
      ["12.4.1.0", number(0)],
    ]),
  });
  readout.columns.set("1.3.6.1.4.1.99999.1.2", {
    rows: new Map<string, Varbind>([
      ["1.1.0", { oid: "", tag: 4, value: Buffer.from("Rack") }],
      ["1.2.1.0", number(7)],
      ["13.1.0", { oid: "", tag: 4, value: Buffer.from("Door") }],
    ]),
  });
  readout.columns.set("1.3.6.1.4.1.99999.1.9", { rows: new Map([["12.5.0", number(3)]]) });
  t.same(readout.rowsOf(probes), ["1", "12", "13"], "deeper values make no rows of their own");
  const first = readout.row(probes, "1");
  t.same([first.cell("value"), first.cell("alarm"), first.cell("name")], [215, 1, "Rack"]);
  t.equal(first.oid("alarm"), "1.3.6.1.4.1.99999.1.3.1.4.1.0");
  t.equal(readout.row(probes, "12").cell("room"), 3);
  t.equal(readout.row(probes, "13").cell("value"), undefined);
});
