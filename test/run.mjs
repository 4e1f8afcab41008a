// `npm test [-- FILE...]`: builds, provides the servers, runs tap, and closes with one line of numbers.
// `--long` runs the long tests (*.long.test.ts) instead, `--no-servers` leaves the packages alone.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tap = path.join(root, "node_modules/.bin/tap");
const marker = path.join(root, "node_modules/.tap-built");

function succeeds(command, ...args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  return status === 0;
}

function run(command, ...args) {
  if (!succeeds(command, ...args)) process.exit(1);
}

/** tap's plugins are compiled into its own package: once after each install and each change of .taprc. */
function prepareTap() {
  const builtMs = fs.statSync(marker, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtMs > fs.statSync(path.join(root, ".taprc")).mtimeMs) return;
  run(tap, "build");
  fs.writeFileSync(marker, "");
}

/** `test/engine/rates.test.ts` to `build/test/engine/rates.test.js`; a folder or pattern likewise. */
function compiledName(name) {
  const relative = path.relative(root, path.resolve(name));
  return relative.startsWith("build") ? relative : path.join("build", relative.replace(/\.ts$/, ".js"));
}

function tapArguments(args) {
  const files = args.filter((arg) => !arg.startsWith("--")).map(compiledName);
  const long = args.includes("--long") ? ["build/test/**/*.long.test.js"] : [];
  const named = [...files, ...long];
  // A pattern is for tap to expand; .taprc leaves the long tests out, so they are named one by one.
  return named.flatMap((name) => (name.includes("*") ? longTests() : [name]));
}

function longTests() {
  const below = (folder) =>
    fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = path.join(folder, entry.name);
      return entry.isDirectory() ? below(name) : [name];
    });
  return below("build/test").filter((name) => name.endsWith(".long.test.js"));
}

/** Reads tap's stream: a line for each file, its skipped tests, and all of a file that failed. */
async function report(stream) {
  let block = [];
  let totals;
  for await (const line of readline.createInterface({ input: stream })) {
    totals = /^# \{ total: \d+.*\}$/.exec(line)?.[0] ?? totals;
    const closing = /^(not )?ok \d+ - (\S+).*$/.exec(line);
    if (closing === null) {
      block.push(line);
      continue;
    }
    const [, failed, file] = closing;
    const told = failed ? block : block.filter((line) => / # (SKIP|TODO)\b/.test(line));
    for (const line of told) console.log(`    ${line.trim() === "" ? "" : line}`.trimEnd());
    console.log(`${failed ? "FAILED" : "passed"} ${file}`);
    block = [];
  }
  return totals;
}

function numberOf(totals, word) {
  return Number(new RegExp(`\\b${word}: (\\d+)`).exec(totals ?? "")?.[1] ?? 0);
}

const args = process.argv.slice(2);
const isBuilt = succeeds(process.execPath, "deploy/build.mjs");
if (!args.includes("--no-servers")) run("bash", "test/provide-servers.sh");
prepareTap();

const files = tapArguments(args);
// Named files can be tried while another one does not compile; the result is a failure all the same.
if (!isBuilt && files.length === 0) process.exit(1);
if (args.includes("--long") && files.length === 0) {
  console.log("There is no long test.");
  process.exit(1);
}
const child = spawn(tap, ["--reporter=tap", "--no-color", ...files], {
  cwd: root,
  stdio: ["ignore", "pipe", "inherit"],
});
const closed = new Promise((resolve) => child.on("close", resolve));
const totals = await report(child.stdout);
const status = await closed;

const passed = numberOf(totals, "pass");
const skipped = numberOf(totals, "skip") + numberOf(totals, "todo");
// tap can end badly without a failed test, for instance when it is killed: that counts as one.
const failed = Math.max(numberOf(totals, "fail"), status === 0 && isBuilt ? 0 : 1);
if (passed === 0) console.log("No test has run.");
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
