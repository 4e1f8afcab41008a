// Compiles the TypeScript sources to build/ and puts the data files where the compiled code finds them.
// Each file is compiled on its own (the sources are written for that: isolatedModules), so only what
// changed is done again; types are the business of `npm run check`. Says nothing when all went well.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { compactMakers } from "./makers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = path.join(root, "build");
const sources = ["appliance", "web", "test"];
const startedAt = new Date();
const compilerFiles = ["tsconfig.json", "deploy/build.mjs", "node_modules/typescript/package.json"];

/** From, to and what to take. A folder is copied with all below it. */
const copies = [
  { from: "package.json", to: "package.json" },
  { from: "web/static", to: "web/static", pick: /\.(js|css|svg|png|ico|webmanifest|woff2)$/ },
  { from: "web/locales", to: "web/locales", pick: /\.json$/ },
  { from: "mibs/profiles", to: "mibs/profiles", pick: /\.yaml$/ },
  { from: "deploy", to: "deploy", pick: /(\.yaml|^deploy\/healthcheck\.mjs)$/ },
  { from: "test/fixtures", to: "test/fixtures", pick: /./ },
  { from: "node_modules/htmx.org/dist/htmx.min.js", to: "web/static/vendor/htmx.min.js" },
  { from: "node_modules/htmx.org/dist/ext/hx-sse.min.js", to: "web/static/vendor/hx-sse.min.js" },
  { from: "node_modules/htmx.org/dist/ext/hx-ptag.min.js", to: "web/static/vendor/hx-ptag.min.js" },
  { from: "node_modules/uplot/dist/uPlot.iife.min.js", to: "web/static/vendor/uplot.min.js" },
  { from: "node_modules/uplot/dist/uPlot.min.css", to: "web/static/vendor/uplot.min.css" },
];

/** Every file at or below a path, relative to the root; nothing when the path does not exist. */
function filesBelow(relative) {
  const stat = fs.statSync(path.join(root, relative), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [relative];
  return fs
    .readdirSync(path.join(root, relative), { withFileTypes: true })
    .flatMap((entry) => filesBelow(path.join(relative, entry.name)));
}

function modifiedMs(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Writes whole or not at all, so that two builds at once and a running program see complete files. */
function put(relative, content) {
  const target = path.join(out, relative);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.part`;
  fs.writeFileSync(draft, content);
  // As old as this build's start: a source changed meanwhile is newer and is compiled again next time.
  fs.utimesSync(draft, startedAt, startedAt);
  fs.renameSync(draft, target);
}

function compileJobs() {
  const compilerMs = Math.max(...compilerFiles.map((file) => modifiedMs(path.join(root, file))));
  return sources
    .flatMap(filesBelow)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !file.startsWith("test/fixtures/"))
    .map((from) => ({ from, to: from.replace(/\.ts$/, ".js"), newerThanMs: compilerMs }));
}

function copyJobs() {
  return copies.flatMap(({ from, to, pick }) =>
    filesBelow(from)
      .filter((file) => pick === undefined || pick.test(file))
      .map((file) => ({ from: file, to: path.join(to, path.relative(from, file)), newerThanMs: 0 })),
  );
}

function isDue({ from, to, newerThanMs }) {
  const doneMs = modifiedMs(path.join(out, to));
  return doneMs === 0 || doneMs < Math.max(newerThanMs, modifiedMs(path.join(root, from)));
}

/** Compiles what is due; returns the mistakes as `file:line:column: message`. */
async function compile(jobs) {
  if (jobs.length === 0) return [];
  const { default: ts } = await import("typescript");
  const { config } = ts.readConfigFile(path.join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  // One file alone does not see package.json's "type": say what it says.
  const alone = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
  Object.assign(options, alone, { noEmit: false, incremental: false, tsBuildInfoFile: undefined });
  return jobs.flatMap((job) => compileOne(ts, options, job));
}

function compileOne(ts, options, { from, to }) {
  const fileName = path.join(root, from);
  const result = ts.transpileModule(fs.readFileSync(fileName, "utf8"), {
    compilerOptions: options,
    fileName,
    reportDiagnostics: true,
  });
  const mistakes = (result.diagnostics ?? []).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
    if (diagnostic.file === undefined || diagnostic.start === undefined) return `${from}: ${text}`;
    const { line, character } = ts.getLineAndCharacterOfPosition(diagnostic.file, diagnostic.start);
    return `${from}:${line + 1}:${character + 1}: ${text}`;
  });
  if (mistakes.length === 0) {
    const map = JSON.parse(result.sourceMapText);
    map.sourceRoot = "";
    map.sources = [path.relative(path.dirname(path.join(out, to)), fileName)];
    put(`${to}.map`, JSON.stringify(map));
    put(to, result.outputText);
  }
  return mistakes;
}

/** Takes away what earlier builds left and no source asks for any more. */
function sweep(wanted) {
  for (const folder of [...sources, "mibs", "deploy"]) {
    for (const file of filesBelow(path.join("build", folder))) {
      const relative = path.relative("build", file);
      if (wanted.has(relative) || wanted.has(relative.replace(/\.map$/, "")) || file.endsWith(".part"))
        continue;
      fs.rmSync(path.join(root, file), { force: true });
    }
  }
}

/** The makers by MAC address, made small. */
const makers = {
  from: "node_modules/oui-data/index.json",
  to: "deploy/makers.bin",
  newerThanMs: modifiedMs(path.join(root, "deploy/makers.mjs")),
};

const compiling = compileJobs();
const copying = copyJobs();
sweep(new Set([...compiling, ...copying, makers].map((job) => job.to)));
for (const { from, to } of copying.filter(isDue)) put(to, fs.readFileSync(path.join(root, from)));
if (isDue(makers))
  put(makers.to, compactMakers(JSON.parse(fs.readFileSync(path.join(root, makers.from), "utf8"))));
const mistakes = await compile(compiling.filter(isDue));
if (mistakes.length > 0) {
  process.stderr.write(`${mistakes.join("\n")}\n`);
  process.exitCode = 1;
}
