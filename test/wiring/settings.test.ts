import fs from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { loadConfig } from "../../appliance/config/load.ts";
import { problemLine } from "../../appliance/config/problems.ts";
import { createDocumentKeeper } from "../../appliance/state/documents.ts";
import { openSeal } from "../../appliance/state/seal.ts";
import { loadContext } from "../../appliance/wiring/configuration.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";
import { createSettings } from "../../appliance/wiring/settings.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { emptyDir, keptLog, openKeepers } from "../helpers/state.ts";

const plugins = await loadAllPlugins();

function configOf(text: string) {
  const loaded = loadConfig({ text, file: "x.yaml", folder: "." }, loadContext(plugins));
  if (!loaded.ok) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.config;
}

function settingsOf(t: Test, text = "version: 1", dir = emptyDir(t)) {
  const clock = fakeClock();
  const keepers = openKeepers(dir, clock);
  t.teardown(() => keepers.close());
  const log = keptLog();
  const keeper = createDocumentKeeper(keepers.state, clock);
  const settings = createSettings({ config: configOf(text), plugins, keeper, seal: openSeal(dir), log });
  return { settings, log, dir, close: () => keepers.close() };
}

const first = { by: "Anna", version: 0 };
const printer = { id: "printer", name: "Printer", address: "127.0.0.9", kind: "printer" };

t.test("a device of a page is in force at once, and pinged", async (t) => {
  const { settings } = settingsOf(t);
  const changes: string[] = [];
  settings.onChange((kind) => void changes.push(kind));
  settings.save("device", "printer", printer, first);
  t.same(changes, ["device"]);
  const [device] = settings.config().devices;
  t.match(device, { id: "printer", name: "Printer", kind: "printer" });
  t.same(Object.keys(device?.sections ?? {}), ["ping"]);
});

t.test("what the file has comes whole from the file; the page's copy below it is kept", async (t) => {
  const { settings } = settingsOf(t, "devices: [{id: printer, name: File, address: 127.0.0.8}]");
  settings.save("device", "printer", printer, first);
  t.match(settings.config().devices, [{ id: "printer", name: "File", address: "127.0.0.8" }]);
  t.equal(settings.config().devices.length, 1);
  t.ok(settings.isInFile("device", "printer"));
  t.match(settings.document("device", "printer"), { version: 1, by: "Anna", body: printer });
});

t.test("a body with mistakes is refused with each of them, and nothing is kept", async (t) => {
  const { settings } = settingsOf(t);
  const wrong = { ...printer, kind: "toaster", adress: "127.0.0.9" };
  t.throws(() => settings.save("device", "printer", wrong, first), {
    code: "CONFIG_INVALID",
    message: /kind: expected one of .*; .*adress/,
  });
  t.same(settings.documents("device"), []);
});

t.test("a save or removal of an outdated version is refused", async (t) => {
  const { settings } = settingsOf(t);
  settings.save("device", "printer", printer, first);
  t.throws(() => settings.save("device", "printer", printer, first), { code: "CONFLICT" });
  t.equal(settings.save("device", "printer", printer, { by: "Ben", version: 1 }).version, 2);
  t.throws(() => settings.remove("device", "printer", { by: "Anna", version: 1 }), { code: "CONFLICT" });
  settings.remove("device", "printer", { by: "Anna", version: 2 });
  t.same(settings.config().devices, []);
});

t.test("a rule of a page replaces the shipped one, and yields to the file's", async (t) => {
  const { settings } = settingsOf(t, "rules: [{id: mine, check: down, where: {kind: [switch]}}]");
  const rule = { id: "warm", check: "threshold", metric: "temperature", where: { device: "box" }, over: 27 };
  settings.save("rule", "warm", rule, first);
  settings.save("rule", "mine", { ...rule, id: "mine" }, first);
  const find = (id: string) => settings.config().rules.find((one) => one.id === id);
  t.match(find("warm"), { check: "threshold", origin: "page" });
  t.match(find("mine"), { check: "down", origin: "file" });
  const { length } = settings.config().rules;
  const shipped = settings.config().rules.find(({ origin }) => origin === "shipped");
  settings.save("rule", String(shipped?.id), { id: shipped?.id, check: "off" }, first);
  t.equal(settings.config().rules.length, length - 1, "a shipped one can be switched off");
});

t.test("an SNMP credential is kept sealed, and devices name it", async (t) => {
  const { settings, dir } = settingsOf(t);
  settings.save("snmpCredential", "office", { community: "s3cret-word" }, first);
  settings.save("device", "printer", { ...printer, snmp: { credential: "office" } }, first);
  const [snmp] = (settings.config().devices[0]?.sections.snmp ?? []) as { community: { reveal(): string } }[];
  t.equal(snmp?.community.reveal(), "s3cret-word");
  t.notMatch(JSON.stringify(settings.documents("snmpCredential")), /s3cret/);
  for (const file of fs.readdirSync(dir))
    t.notOk(fs.readFileSync(path.join(dir, file)).includes("s3cret-word"), file);
  t.equal(fs.statSync(path.join(dir, "secret.key")).mode & 0o777, 0o600);
});

t.test("a device whose credential is gone is left out and told once", async (t) => {
  const { settings, log } = settingsOf(t);
  settings.save("snmpCredential", "office", { community: "public" }, first);
  settings.save("device", "printer", { ...printer, snmp: { credential: "office" } }, first);
  settings.remove("snmpCredential", "office", { by: "Anna", version: 1 });
  t.same(settings.config().devices, []);
  settings.save("device", "other", { ...printer, id: "other" }, first);
  t.equal(settings.config().devices.length, 1);
  t.equal(log.lines.filter((line) => line.includes("left out")).length, 1);
});

t.test("a page's `behind` that leads in a circle is dropped, and the devices are watched", async (t) => {
  const { settings } = settingsOf(t);
  settings.save("device", "a", { ...printer, id: "a", behind: "b" }, first);
  settings.save("device", "b", { ...printer, id: "b", behind: "a" }, first);
  t.same(
    settings.config().devices.map(({ id, behind }) => [id, behind]),
    [
      ["a", undefined],
      ["b", undefined],
    ],
  );
});

t.test("all of it is there again after a restart", async (t) => {
  const { settings, dir, close } = settingsOf(t);
  settings.save("snmpCredential", "office", { community: "public" }, first);
  settings.save("device", "printer", { ...printer, snmp: { credential: "office" } }, first);
  close();
  const again = settingsOf(t, "version: 1", dir);
  t.match(again.settings.config().devices, [{ id: "printer", sections: { snmp: [{ version: "2c" }] } }]);
});

t.test("a secret that another box sealed is not opened", async (t) => {
  const sealed = openSeal(emptyDir(t)).seal("word");
  const other = openSeal(emptyDir(t));
  t.throws(() => other.open(sealed), { code: "STORE_CORRUPT" });
  t.equal(other.open(other.seal("wörd")), "wörd");
  t.not(other.seal("word"), other.seal("word"), "the same text looks different each time");
});
