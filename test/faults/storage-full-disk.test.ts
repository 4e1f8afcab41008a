import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { emptyDir } from "../helpers/state.ts";

const program = fileURLToPath(new URL("./storage-full-disk.js", import.meta.url));
const inNamespace = (script: string, ...args: string[]) =>
  spawnSync("unshare", ["-Urm", "sh", "-ec", script, "sh", ...args], { encoding: "utf8", timeout: 60_000 });
const allowed = inNamespace("mount -t tmpfs none /tmp").status === 0;
const skip = allowed || process.env.CI === "true" ? false : "mount namespaces are not allowed here";

t.test(
  "a full disk stops history with room to spare, and goes on by itself",
  { skip, timeout: 90_000 },
  async (t) => {
    const dir = emptyDir(t);
    const script = 'mount -t tmpfs -o size=60m none "$1" && exec "$2" "$3" "$1"';
    const { stdout, stderr, status } = inNamespace(script, dir, process.execPath, program);
    t.equal(status, 0, stderr);
    const found = JSON.parse(stdout);
    t.comment(JSON.stringify(found));
    t.ok(found.ballastBefore, "ballast is laid in");
    t.ok(found.committed > 0);
    t.equal(found.refused, 1, "the first refusal ends it");
    t.ok(found.freeShare >= 8, `${found.freeShare} % are free`);
    t.match(found.said, /nearly full/);
    t.equal(found.afterwards, 10, "after freeing space every round is taken");
    t.equal(found.read, found.committed + 10, "nothing committed is missing");
  },
);
