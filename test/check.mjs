// `npm run check`: format and lint, types, layers, dead code, copies. Says nothing when all is well.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const steps = [
  ["format and lint", "biome", "check", "--error-on-warnings", "--max-diagnostics=200"],
  ["types", "tsc", "--project", "tsconfig.json"],
  ["types in the browser", "tsc", "--project", "web/static/tsconfig.json"],
  ["layers", "depcruise", "--config", ".dependency-cruiser.mjs", "appliance", "web"],
  ["dead code", "knip", "--no-progress"],
  ["copies", "jscpd", "--exitCode", "1"],
];

for (const [name, tool, ...args] of steps) {
  const { status, stdout, stderr, error } = spawnSync(path.join(root, "node_modules/.bin", tool), args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) continue;
  process.stderr.write(`${name}:\n${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}\n`);
  process.exitCode = 1;
}
