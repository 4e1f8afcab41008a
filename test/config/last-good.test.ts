import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { keepLastGood, lastGoodTexts } from "../../appliance/config/last-good.ts";

const text = (name: string) => ({
  text: `site: {name: ${name}}\n`,
  file: "x.yaml",
  folder: "/etc/porchlight",
});
const names = (dir: string) => lastGoodTexts(dir).map((kept) => /name: (\w+)/.exec(kept.text)?.[1]);

t.test("three generations are kept, newest first", async (t) => {
  const dir = t.testdir();
  for (const name of ["one", "two", "three", "four"]) keepLastGood(dir, text(name));
  t.strictSame(names(dir), ["four", "three", "two"]);
  t.equal(lastGoodTexts(dir)[0]?.folder, "/etc/porchlight", "relative paths start where they did");
});

t.test("the same text is kept once", async (t) => {
  const dir = t.testdir();
  for (const name of ["one", "two", "two", "two"]) keepLastGood(dir, text(name));
  t.strictSame(names(dir), ["two", "one"]);
});

t.test(
  "secrets written as text are readable by the owner alone, and nothing half written is left",
  async (t) => {
    const dir = t.testdir();
    keepLastGood(dir, text("one"));
    const files = readdirSync(dir);
    t.strictSame(files, ["config-last-good.yaml"]);
    t.equal(statSync(join(dir, files[0] ?? "")).mode & 0o777, 0o600);
  },
);

t.test("what is damaged or no file is passed over", async (t) => {
  const dir = t.testdir();
  keepLastGood(dir, text("one"));
  keepLastGood(dir, text("two"));
  writeFileSync(join(dir, "config-last-good.yaml"), "\0\0\0");
  mkdirSync(join(dir, "config-last-good.yaml.2"));
  t.strictSame(names(dir), ["one"]);
});
