import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { prepareDataDir } from "../../appliance/wiring/data-dir.ts";
import { folderFor } from "../helpers/appliance.ts";

t.test("the data directory is made with the folders above it", async (t) => {
  const folder = join(folderFor(t), "a", "b");
  t.equal(prepareDataDir(folder), folder);
  t.equal(prepareDataDir(folder), folder, "and taken as it is the next time");
});

t.test("a read-only file system is called that, although the folder is not there yet", async (t) => {
  t.throws(() => prepareDataDir("/sys/kernel/porchlight"), {
    code: "DATA_UNWRITABLE",
    message: /its file system is read-only|may not write there/,
  });
});

t.test("a file in the path is called that", async (t) => {
  const file = join(folderFor(t), "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "data")])
    t.throws(() => prepareDataDir(path), { code: "DATA_UNWRITABLE", message: /is a file/ });
});

t.test("a folder of somebody else is called that", { skip: process.getuid?.() === 0 }, async (t) => {
  const folder = join(folderFor(t), "theirs");
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  t.throws(() => prepareDataDir(join(folder, "data")), { message: /may not write there/ });
});
