import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isRandomMac, openMakers } from "../../appliance/inventory/makers.ts";
import { programPath } from "../../appliance/wiring/plugins.ts";

const makerOf = openMakers(programPath("deploy/makers.bin"));

t.test("makers of well-known prefixes, without what says only that they are companies", async (t) => {
  t.equal(makerOf("008077000031"), "Brother");
  t.equal(makerOf("00408c000001"), "Axis");
  t.equal(makerOf("000000000001"), "Xerox");
  t.equal(makerOf("000c42000001"), "MikroTik");
  t.equal(makerOf("00c0b7000001"), "APC");
  t.equal(makerOf("0080a3000001"), "Lantronix", "one without a word of its own");
});

t.test("the smaller buyer of a shared prefix is named", async (t) => {
  const shared = openMakers(programPath("deploy/makers.bin"));
  t.equal(shared("70b3d5e5f001"), "CesiumAstro");
});

t.test("nobody makes random, unknown and malformed addresses", async (t) => {
  for (const mac of ["daa119770057", "02420a000001", "", "008077", "00:80:77:00:00:31"])
    t.equal(makerOf(mac), undefined, mac);
  t.ok(isRandomMac("daa119770057"));
  t.notOk(isRandomMac("008077000031"));
});

t.test("a missing or damaged list knows nobody", async (t) => {
  const folder = t.testdir();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "makers.bin");
  t.equal(openMakers(file)("008077000031"), undefined);
  writeFileSync(file, "rubbish");
  t.equal(openMakers(file)("008077000031"), undefined);
});
