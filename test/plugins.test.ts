import path from "node:path";
import { pathToFileURL } from "node:url";
import t from "tap";
import { loadPlugins } from "../appliance/plugins.ts";

function load(folder: string) {
  return loadPlugins(pathToFileURL(path.join(folder, "/")), "check");
}

const good = (type: string) => `export const check = { type: "${type}", summary: "x" };\n`;

t.test("each file of the folder is one plugin, found by its type", async (t) => {
  const folder = t.testdir({
    "package.json": '{"type":"module"}',
    "down.js": good("down"),
    "down.js.map": "{}",
    "down.d.ts": "export {};",
    "silent.js": good("quiet"),
  });
  const plugins = await load(folder);
  t.same([...plugins.keys()], ["down", "quiet"]);
  t.match(plugins.get("quiet"), { summary: "x" });
});

const wrong = [
  {
    name: "a file without the constant",
    files: { "a.js": "export const chekc = {};" },
    message: /a\.js .*"check"/,
  },
  {
    name: "a constant without a type",
    files: { "a.js": "export const check = {};" },
    message: /a\.js .*type/,
  },
  {
    name: "a type claimed twice",
    files: { "a.js": good("down"), "b.js": good("down") },
    message: /a\.js and b\.js both claim the type "down"/,
  },
  {
    name: "a file that does not load",
    files: { "a.js": "throw new Error('no such luck');" },
    message: /a\.js cannot be loaded: .*no such luck/,
  },
];
for (const { name, files, message } of wrong) {
  t.test(`${name} is an error that names the file`, async (t) => {
    const folder = t.testdir({ "package.json": '{"type":"module"}', ...files });
    await t.rejects(load(folder), { code: "PLUGIN_INVALID", message });
  });
}

t.test("a folder that is not there is an error that names it", async (t) => {
  await t.rejects(load(path.join(t.testdir({}), "gone")), { code: "PLUGIN_INVALID", message: /gone/ });
});

t.test("an empty folder has no plugins", async (t) => {
  t.equal((await load(t.testdir({ "package.json": "{}" }))).size, 0);
});
