import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import t from "tap";
import { defaultConfig, type Loaded, loadConfig } from "../../appliance/config/load.ts";
import { problemLine } from "../../appliance/config/problems.ts";
import type { Config } from "../../appliance/config/schema.ts";
import { summary } from "../../appliance/config/summary.ts";
import { readConfigText } from "../../appliance/config/text.ts";
import { context } from "../helpers/config/plugins.ts";

const folder = "test/fixtures/config";
const read = (name: string) => ({
  ...readConfigText(join(folder, name)),
  file: name,
});
const load = (name: string) => loadConfig(read(name), context);
const loadText = (text: string) => loadConfig({ text, file: "x.yaml", folder }, context);

const linesOf = (name: string) => {
  const loaded = load(name);
  return loaded.ok ? ["accepted"] : loaded.problems.map(problemLine);
};

function accepted(loaded: Loaded): Config {
  if (loaded.ok) return loaded.config;
  throw new Error(loaded.problems.map(problemLine).join("\n"));
}

const bad = readdirSync(folder).filter((name) => /^bad-.*\.yaml$/.test(name));
const messages = readFileSync(join(folder, "messages.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "");

t.test("there is a fixture for many ways to be wrong", async (t) => t.ok(bad.length >= 30));

for (const name of bad)
  t.test(`${name} is refused with its message`, async (t) =>
    t.strictSame(
      linesOf(name),
      messages.filter((line) => line.startsWith(`${name}:`)),
    ),
  );

t.test("no message shows a secret of a fixture", async (t) => {
  for (const name of bad) t.notMatch(linesOf(name).join("\n"), /hunter2|424242|canary/);
});

t.test("ten faults are reported at once, in the order of the file", async (t) => {
  const loaded = load("bad-ten-faults.yaml");
  t.notOk(loaded.ok);
  if (loaded.ok) return;
  t.ok(loaded.problems.length >= 10);
  const lines = loaded.problems.map(({ line }) => line);
  t.strictSame(
    lines,
    [...lines].sort((a, b) => a - b),
  );
});

t.test("a complete file is read", async (t) => {
  const config = accepted(load("good-full.yaml"));
  t.equal(config.site.name, "Office Berlin");
  t.strictSame(Object.keys(config.devices[0]?.sections ?? {}), ["ping", "snmp"]);
  t.equal(config.devices[1]?.sections.http?.length, 2);
  t.strictSame(Object.keys(config.devices[2]?.sections ?? {}), ["http"]);
  t.strictSame(
    config.rules.map(({ id }) => id),
    ["hot-rack"],
    "a shipped rule that the file switches off is gone",
  );
  t.equal(config.rules[0]?.forMs, 600_000);
  t.strictSame(config.rules[0]?.where.room, ["rack"]);
  t.match(summary(config), /^good-full\.yaml is correct: 3 devices/);
});

t.test("secrets come from the environment and from files, and print as ***", async (t) => {
  const config = accepted(load("good-full.yaml"));
  const [snmp] = config.devices[0]?.sections.snmp ?? [];
  const { community } = snmp as { community: { reveal(): string } };
  t.equal(community.reveal(), "canary-community");
  const { password } = config.notify[0]!.settings as {
    password: { reveal(): string };
  };
  t.equal(password.reveal(), "canary-file");
  for (const text of [JSON.stringify(config), inspect(config, { depth: 9 })]) t.notMatch(text, /canary/);
  t.notMatch(summary(config), /canary/);
});

t.test("the configuration cannot be changed", async (t) => {
  const config = accepted(load("good-full.yaml"));
  t.throws(() => Object.assign(config.site, { name: "Other" }));
  t.throws(() => (config.devices as unknown[]).push({}));
});

t.test("without a file the shipped rules and every collector's defaults hold", async (t) => {
  const config = defaultConfig(context);
  t.equal(config.site.id, "box-one");
  t.equal(config.site.timezone, "Europe/Berlin");
  t.strictSame(config.site.anchors, ["1.1.1.1", "8.8.8.8", "9.9.9.9"]);
  t.strictSame(config.web.listen, [":8080"]);
  t.strictSame(Object.keys(config.collect), ["ping", "snmp", "http"]);
  t.strictSame(
    config.rules.map(({ id }) => id),
    ["device-down"],
  );
});

t.test("a rule of the file replaces the shipped one of the same id whole", async (t) => {
  const config = accepted(
    loadText(`rules: [{id: device-down, check: down, where: {kind: switch}, severity: info}]`),
  );
  t.equal(config.rules.length, 1);
  t.match(config.rules[0], {
    id: "device-down",
    where: { kind: ["switch"] },
    severity: "info",
    origin: "file",
  });
});

t.test("text that only looks like settings of an object changes no object", async (t) => {
  const loaded = loadText(`__proto__: {polluted: yes}\nsite: {constructor: {}}`);
  t.notOk(loaded.ok);
  t.equal(({} as Record<string, unknown>).polluted, undefined);
});

t.test("an expansion of aliases is refused", async (t) => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((name, at) => {
      const before = "abcdefgh"[at];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`;
    }),
  ].join("\n");
  const loaded = loadText(bomb);
  t.notOk(loaded.ok);
  if (!loaded.ok) t.match(loaded.problems[0]?.message, /alias/i);
});

t.test("YAML 1.2: a word such as yes stays a text", async (t) => {
  const loaded = loadText("site: {name: yes}");
  t.equal(accepted(loaded).site.name, "yes");
});

t.test("a file that cannot be read is named with its reason", async (t) => {
  t.throws(() => readConfigText("no/such.yaml"), {
    code: "CONFIG_UNREADABLE",
    message: /no\/such\.yaml does not exist/,
  });
  t.throws(() => readConfigText(folder), { message: /is a folder/ });
});
