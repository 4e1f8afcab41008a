import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const mark = "PORCHLIGHT_TEST_NAMESPACE";
const words = ["--user", "--map-root-user", "--net", "--mount", "--kill-child", "--"];
/** Loopback up, no name servers: the machine's own must not be asked, and cannot be. */
const prepare = `ip link set lo up
empty=$(mktemp) && mount --bind "$empty" /etc/resolv.conf
exec "$@"`;

/**
 * Begins the test file again in a network namespace of its own, where nothing but loopback can be reached, and lets
 * that process be the test. To be called before tap is loaded: `enterNamespace(import.meta.url)`, then
 * `const { default: t } = await import("tap")`. Returns only inside.
 */
export function enterNamespace(file: string): void {
  if (process.env[mark] === "inside") return;
  const allowed = spawnSync("unshare", [...words, "ip", "link", "set", "lo", "up"]).status === 0;
  if (!allowed && process.env.CI !== "true") {
    process.stdout.write("TAP version 14\n1..0 # SKIP network namespaces are not allowed here\n");
    process.exit(0);
  }
  const { status } = spawnSync(
    "unshare",
    [
      ...words,
      "sh",
      "-c",
      prepare,
      "sh",
      process.execPath,
      ...process.execArgv,
      fileURLToPath(file),
      ...process.argv.slice(2),
    ],
    { stdio: "inherit", env: { ...process.env, [mark]: "inside" } },
  );
  process.exit(status ?? 1);
}
