import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cruiser = path.join(root, "node_modules/.bin/depcruise");
const rules = path.join(root, ".dependency-cruiser.mjs");

interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { from: string; to: string; rule: { name: string } }[];
  };
}

/** Applies the import rules to the folders of a project. */
function cruise(folder: string, ...parts: string[]) {
  const { stdout, stderr } = spawnSync(cruiser, ["--config", rules, "--output-type", "json", ...parts], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (stdout === "") throw new Error(`dependency-cruiser said nothing but: ${stderr}`);
  const { summary } = JSON.parse(stdout) as Report;
  return {
    modules: summary.totalCruised,
    violations: summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`).sort(),
  };
}

t.test("every import of the sources is one that the table of ARCHITECTURE.md allows", async (t) => {
  const { modules, violations } = cruise(root, "appliance", "web");
  t.ok(modules > 20, `sees the modules (saw ${modules})`);
  t.same(violations, []);
});

const wrong = [
  {
    name: "the model imports nothing",
    rule: "model-imports",
    from: "appliance/model/site.ts",
    to: "appliance/engine/ingest.ts",
  },
  {
    name: "the pipeline does not know the stores",
    rule: "engine-imports",
    from: "appliance/engine/ingest.ts",
    to: "appliance/stores/memory.ts",
  },
  {
    name: "a plugin does not know its neighbour",
    rule: "checks-imports",
    from: "appliance/checks/down.ts",
    to: "appliance/checks/silent.ts",
  },
  {
    name: "a plugin takes field schemas only from config",
    rule: "notifiers-imports",
    from: "appliance/notifiers/email.ts",
    to: "appliance/config/load.ts",
  },
  {
    name: "a page does not reach behind the model",
    rule: "web-imports",
    from: "web/pages/home.ts",
    to: "appliance/state/incidents.ts",
  },
  {
    name: "the product does not import its tests",
    rule: "no-tests-in-the-product",
    from: "appliance/engine/ingest.ts",
    to: "test/helpers/clock.ts",
  },
  {
    name: "a library stays in its home",
    rule: "aedes-home",
    from: "appliance/engine/ingest.ts",
    to: "aedes",
  },
  {
    name: "the page's library stays out of the pipeline",
    rule: "express-home",
    from: "appliance/engine/ingest.ts",
    to: "express",
  },
];

/** A project of one file that imports another, or a library, with the packages of this one. */
function projectWith(folder: string, from: string, to: string) {
  const write = (name: string, text: string) => {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  for (const name of ["package.json", "tsconfig.json"])
    copyFileSync(path.join(root, name), path.join(folder, name));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const isOurs = to.includes("/");
  if (isOurs) write(to, "export const thing = 1;\n");
  const target = isOurs ? path.relative(path.dirname(from), to) : to;
  const specifier = isOurs && !target.startsWith(".") ? `./${target}` : target;
  write(from, `import * as other from "${specifier}";\nexport const it = other;\n`);
}

for (const { name, rule, from, to } of wrong) {
  t.test(`the rules bite: ${name}`, async (t) => {
    const folder = t.testdir({});
    projectWith(folder, from, to);
    const { violations } = cruise(folder, from.split("/")[0] ?? "");
    t.ok(
      violations.some((violation) => violation.startsWith(`${rule}: ${from} -> `)),
      `${rule} is broken (found: ${violations.join("; ")})`,
    );
  });
}
