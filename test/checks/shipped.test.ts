import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { parse } from "yaml";
import { check as certificate } from "../../appliance/checks/certificate.ts";
import { check as down } from "../../appliance/checks/down.ts";
import { check as flapping } from "../../appliance/checks/flapping.ts";
import { check as sensor } from "../../appliance/checks/sensor.ts";
import { check as service } from "../../appliance/checks/service.ts";
import { check as silent } from "../../appliance/checks/silent.ts";
import { check as threshold } from "../../appliance/checks/threshold.ts";
import { parseRule } from "../../appliance/config/rules.ts";

const checks = new Map(
  [certificate, down, flapping, sensor, service, silent, threshold].map((one) => [one.type, one]),
);
const file = fileURLToPath(new URL("../../deploy/rules.default.yaml", import.meta.url));
const { rules } = parse(readFileSync(file, "utf8")) as { rules: { id: string }[] };

t.test("every shipped rule is one that a person could write", async (t) => {
  for (const [at, raw] of rules.entries()) {
    const parsed = parseRule(raw, checks, "shipped", ["rules", at]);
    t.same(parsed.ok ? [] : parsed.findings, [], raw.id);
  }
  t.equal(new Set(rules.map(({ id }) => id)).size, rules.length, "ids are all different");
});
