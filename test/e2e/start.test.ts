import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { folderFor, runToEnd } from "../helpers/appliance.ts";
import { enterNamespace } from "../helpers/namespace.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");

const quiet = "site: {anchors: []}\n";

t.test("ten faults: each with its line, exit code 2, and nothing is started", async (t) => {
  const folder = folderFor(t);
  const text = readFileSync("test/fixtures/config/bad-ten-faults.yaml", "utf8");
  writeFileSync(join(folder, "porchlight.yaml"), text);
  const { code, out, err } = await runToEnd(["run", "--data", join(folder, "data")], { cwd: folder });
  t.equal(code, 2);
  t.equal(out, "");
  const lines = err.trimEnd().split("\n");
  t.ok(lines.length >= 11, `ten faults and a headline, in ${lines.length} lines`);
  t.equal(lines.filter((line) => /^porchlight\.yaml:\d+:\d+: /.test(line)).length, lines.length - 1);
  t.notMatch(err, /\n\s+at /, "no stack trace");
  t.throws(() => readFileSync(join(folder, "data")), { code: "ENOENT" }, "the data directory was not made");
});

t.test("check-config lists the same, and says in one sentence what a good file would watch", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "porchlight.yaml"), `${quiet}devices: [{id: a, address: 127.0.0.1}]\n`);
  const good = await runToEnd(["check-config", "porchlight.yaml"], { cwd: folder });
  t.equal(good.code, 0);
  t.match(good.out, /^porchlight\.yaml is correct: 1 device \(1 by ping\), \d+ rules, 0 notifiers\.\n$/);
  writeFileSync(join(folder, "bad.yaml"), "devices: [{id: a, adress: 127.0.0.1}]\n");
  const bad = await runToEnd(["check-config", "bad.yaml"], { cwd: folder });
  t.equal(bad.code, 2);
  t.match(bad.err, /^bad\.yaml:1:19: devices\[0\]\.adress: unknown key; did you mean "address"\?/);
});

t.test("a data directory that cannot be written is named, with a remedy", async (t) => {
  const folder = folderFor(t);
  const file = join(folder, "file");
  writeFileSync(file, "");
  const { code, err } = await runToEnd(["run", "--data", join(file, "data")], { cwd: folder });
  t.equal(code, 3);
  t.match(err, /^The data directory .*file\/data cannot be used: .*--data DIR/);
  t.equal(err.trimEnd().split("\n").length, 1);
});

t.test("a read-only data directory is named, with a remedy", async (t) => {
  const folder = folderFor(t);
  // /sys refuses even root, so the test holds for whoever runs it.
  const { code, err } = await runToEnd(["run", "--data", "/sys/porchlight"], { cwd: folder });
  t.equal(code, 3);
  t.match(err, /^The data directory \/sys\/porchlight cannot be used: .*--data DIR/);
});

t.test("a port in use is named, with a remedy", async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, "porchlight.yaml"), quiet);
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const { code, err } = await runToEnd(["run", "--data", "data", "--http", `127.0.0.1:${port}`], {
    cwd: folder,
  });
  t.equal(code, 3);
  t.match(err, new RegExp(`^Something else already listens on 127\\.0\\.0\\.1, port ${port}\\. .*--http`));
});

t.test("a broker's port in use is named too, and what had begun is ended", async (t) => {
  const folder = folderFor(t);
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  writeFileSync(join(folder, "porchlight.yaml"), `${quiet}broker: {listen: "127.0.0.1:${port}"}\n`);
  const { code, err } = await runToEnd(["run", "--data", "data", "--http", "127.0.0.1:0"], { cwd: folder });
  t.equal(code, 3);
  t.match(err, new RegExp(String(port)));
  t.equal(err.trimEnd().split("\n").length, 1);
});

const wrongLines = [
  { args: ["walk"], says: /There is no command "walk"/ },
  { args: ["run", "--prot", "80"], says: /--prot/ },
  { args: ["run", "--http", "everywhere"], says: /--http takes HOST:PORT/ },
  { args: ["run", "--log", "loud"], says: /--log takes one of/ },
  { args: ["run", "--config", "none.yaml"], says: /none\.yaml does not exist/ },
  { args: ["check-config", "a", "b"], says: /one file/ },
];
for (const { args, says } of wrongLines)
  t.test(`"${args.join(" ")}" is refused in one line`, async (t) => {
    const { code, err } = await runToEnd(args, { cwd: folderFor(t) });
    t.equal(code, 2);
    t.match(err, says);
    t.equal(err.trimEnd().split("\n").length, 1);
  });

t.test("--help and --version answer", async (t) => {
  const help = await runToEnd(["--help"]);
  t.equal(help.code, 0);
  t.match(help.out, /--config FILE/);
  t.match((await runToEnd(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
});

t.test("a missing secret is named by its variable, and no secret is printed", async (t) => {
  const folder = folderFor(t);
  const text = `${quiet}devices:\n  - {id: a, address: 127.0.0.1, snmp: {community: {env: CANARY_MISSING}, port: 0}}\n  - {id: b, address: 127.0.0.1, snmp: {community: {env: CANARY}, port: x}}\n`;
  writeFileSync(join(folder, "porchlight.yaml"), text);
  mkdirSync(join(folder, "data"));
  chmodSync(join(folder, "data"), 0o700);
  const { code, out, err } = await runToEnd(["run"], { cwd: folder, env: { CANARY: "hunter2-canary" } });
  t.equal(code, 2);
  t.match(err, /the environment variable CANARY_MISSING is not set/);
  t.notMatch(out + err, /hunter2-canary/);
});
