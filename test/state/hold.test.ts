import { spawnSync } from "node:child_process";
import t from "tap";
import { holdDataDir } from "../../appliance/state/hold.ts";
import { folderFor } from "../helpers/appliance.ts";

/** Another process that takes the folder and ends without giving it back. */
function takeElsewhere(folder: string): string {
  const module = new URL("../../appliance/state/hold.js", import.meta.url).href;
  const code = `import(${JSON.stringify(module)}).then(({ holdDataDir }) => { holdDataDir(${JSON.stringify(folder)}); process.stdout.write("taken"); process.kill(process.pid, "SIGKILL"); }).catch((error) => process.stdout.write(error.message));`;
  return spawnSync(process.execPath, ["-e", code], { encoding: "utf8" }).stdout;
}

t.test("a data directory is for one process; a killed one leaves it free", async (t) => {
  const folder = folderFor(t);
  const held = holdDataDir(folder);
  t.match(takeElsewhere(folder), /Another Porchlight is running with the data directory .* --data DIR/);
  held.release();
  t.equal(takeElsewhere(folder), "taken");
  t.doesNotThrow(() => holdDataDir(folder).release());
});
