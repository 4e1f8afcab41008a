import { readFileSync } from "node:fs";
import t from "tap";
import { defaultConfig, loadConfig } from "../../appliance/config/load.ts";
import { problemLine } from "../../appliance/config/problems.ts";
import { reference, settingNames } from "../../appliance/config/reference.ts";
import { sectionNames } from "../../appliance/config/schema.ts";
import { readConfigText } from "../../appliance/config/text.ts";
import { loadContext } from "../../appliance/wiring/configuration.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";

const plugins = await loadAllPlugins();
const context = loadContext(plugins);
const example = readConfigText("deploy/config.example.yaml");

t.test("the example file passes", async (t) => {
  const names = [...example.text.matchAll(/\{ env: (\w+) \}/g)].map(([, name]) => name ?? "");
  const env = Object.fromEntries(names.map((name) => [name, `https://${name}.example.org/canary`]));
  const loaded = loadConfig(example, { ...context, env });
  t.strictSame(loaded.ok ? [] : loaded.problems.map(problemLine), []);
  t.notMatch(JSON.stringify(loaded), /canary/);
});

t.test("the example file shows every setting", async (t) => {
  const missing = settingNames(plugins).filter((name) => !new RegExp(`\\b${name}:`).test(example.text));
  t.strictSame(missing, []);
  for (const section of sectionNames) t.match(example.text, new RegExp(`^${section}:`, "m"));
});

t.test("the reference page is what the schemas say", async (t) => {
  const page = readFileSync("docs/CONFIGURATION.md", "utf8");
  t.ok(
    page === reference(plugins),
    "else: npm run --silent check-config -- --reference > docs/CONFIGURATION.md",
  );
});

t.test("every setting has a description", async (t) => {
  const lines = reference(plugins)
    .split("\n")
    .filter((line) => /^\| `/.test(line));
  const silent = lines.filter((line) => /\| {2}\|$/.test(line) && !/(?:type|protocol|key|path)`/.test(line));
  t.strictSame(silent, []);
});

t.test("without a file the shipped rules hold, and every plugin has its defaults", async (t) => {
  const config = defaultConfig(context);
  t.ok(config.rules.length > 10);
  t.strictSame(Object.keys(config.collect).sort(), [...plugins.collectors.keys()].sort());
});
