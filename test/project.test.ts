import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A project with our build and our test runner, and these sources. */
function project(folder: string, files: Readonly<Record<string, string>>) {
  const tools = ["deploy/build.mjs", "deploy/makers.mjs", "test/run.mjs"];
  for (const name of ["package.json", "tsconfig.json", ".taprc", ...tools])
    cpSync(path.join(root, name), path.join(folder, name), { preserveTimestamps: true });
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const node = (...args: string[]) => {
    // Without what this run of tap told us, as from a shell.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^_?TAP|^NODE_/.test(name)),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  return {
    write,
    built: (name: string) => path.join(folder, "build", name),
    build: () => node("deploy/build.mjs"),
    test: () => node("test/run.mjs", "--no-servers"),
  };
}

t.test("the build compiles modules that run, with maps, and says nothing", async (t) => {
  const { build, built } = project(t.testdir({}), {
    "appliance/a.ts": 'import { b } from "./model/b.ts";\nexport const a: number = b + 1;\n',
    "appliance/model/b.ts": "export const b = 41;\n",
    "mibs/profiles/generic.yaml": "name: generic\n",
    "web/locales/en.json": "{}\n",
    "test/fixtures/walk.txt": "1\n",
  });
  t.same(build(), { status: 0, stdout: "", stderr: "" });
  t.equal(((await import(pathToFileURL(built("appliance/a.js")).href)) as { a: number }).a, 42);
  for (const name of [
    "appliance/a.js.map",
    "mibs/profiles/generic.yaml",
    "web/locales/en.json",
    "test/fixtures/walk.txt",
    "web/static/vendor/htmx.min.js",
    "web/static/vendor/uplot.min.css",
    "package.json",
  ])
    t.ok(existsSync(built(name)), name);
});

t.test("a change is compiled again, a deleted source takes its result along", async (t) => {
  const folder = t.testdir({});
  const { build, built, write } = project(folder, { "appliance/a.ts": "export const a = 1;\n" });
  write("appliance/gone.ts", "export const gone = 1;\n");
  build();
  rmSync(path.join(folder, "appliance/gone.ts"));
  write("appliance/a.ts", "export const a = 2;\n");
  t.same(build(), { status: 0, stdout: "", stderr: "" });
  t.match(readFileSync(built("appliance/a.js"), "utf8"), "a = 2");
  t.notOk(existsSync(built("appliance/gone.js")));
  t.notOk(existsSync(built("appliance/gone.js.map")));
});

t.test("a mistake in a source is named with its place, and the build fails", async (t) => {
  const { build } = project(t.testdir({}), { "appliance/a.ts": "export const a = ;\n" });
  const { status, stderr } = build();
  t.equal(status, 1);
  t.match(stderr, /^appliance\/a\.ts:1:18: /);
});

const passing = 'import t from "tap";\nt.test("a", async (t) => t.ok(true));\n';
const runs = [
  {
    name: "passed tests",
    files: { "test/a.test.ts": `${passing}t.test("b", { skip: "no server" }, async () => {});\n` },
    status: 0,
    last: "1 passed, 0 failed, 1 skipped",
  },
  {
    name: "a failed test",
    files: { "test/a.test.ts": passing, "test/b.test.ts": passing.replace("true", "false") },
    status: 1,
    last: "1 passed, 1 failed, 0 skipped",
  },
  { name: "no test at all", files: {}, status: 1, last: "0 passed, 1 failed, 0 skipped" },
  {
    name: "long tests only",
    files: { "test/a.long.test.ts": passing },
    status: 1,
    last: "0 passed, 1 failed, 0 skipped",
  },
];
for (const { name, files, status, last } of runs) {
  t.test(`npm test closes with its numbers and the right exit code: ${name}`, async (t) => {
    const { test } = project(t.testdir({}), files);
    const result = test();
    t.equal(result.status, status);
    t.equal(result.stdout.trimEnd().split("\n").at(-1), last, result.stdout);
  });
}
