import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Appliance,
  type AskOptions,
  askAt,
  folderFor,
  startAppliance,
  until,
} from "../helpers/appliance.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { without } from "../helpers/servers.ts";
import { anchors, box, smallInternet } from "../helpers/small-internet.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(115_000);

const network = await smallInternet(t);
const skip = without("fping");

const titleOf = async (appliance: Appliance) =>
  (/<h1[^>]*>([\s\S]*?)<\/h1>/.exec((await appliance.ask("/")).text)?.[1] ?? "").replace(/<[^>]*>/g, "");
const says = (appliance: Appliance, words: RegExp) =>
  until(async () => (words.test(await titleOf(appliance)) ? true : undefined));
const seconds = (fromMs: number) => `${((performance.now() - fromMs) / 1_000).toFixed(1)} s`;

t.test(
  "without any configuration it watches the box, the gateway, the internet and the names",
  { skip },
  async (t) => {
    const startMs = performance.now();
    const appliance = await startAppliance(t, { folder: folderFor(t) });
    t.comment(`the page answers after ${seconds(startMs)}`);
    await says(appliance, /Everything works/);
    t.comment(`"Everything works" after ${seconds(startMs)}`);
    const { items } = JSON.parse((await appliance.ask("/api/v1/devices")).text) as {
      items: { id: string; state: string }[];
    };
    t.strictSame(
      items.map(({ id, state }) => `${id} ${state}`),
      ["box ok", "gateway ok", "internet ok", "names ok"],
    );
    const page = (await appliance.ask("/")).text;
    for (const station of ["This box", "Router", "Internet"]) t.match(page, station);

    const cutMs = performance.now();
    for (const anchor of anchors) network.detach(anchor);
    await says(appliance, /The internet connection is down/);
    t.comment(`internet cut: the page says so after ${seconds(cutMs)}`);
    t.match(await titleOf(appliance), /It is your provider/);
    const mendMs = performance.now();
    for (const anchor of anchors) network.attach(anchor);
    await says(appliance, /Everything works/);
    t.comment(`internet back: the page says so after ${seconds(mendMs)}`);
    t.equal(await appliance.stop(), 0);
  },
);

/** As somebody in the office: from an address that is not loopback. */
const askFromLan = (port: number, path: string, options?: AskOptions) =>
  askAt({ host: box, port }, path, options);

t.test("until an account exists, others see the status page alone", async (t) => {
  const folder = folderFor(t);
  const port = 18_080;
  await startAppliance(t, {
    folder,
    listen: "file",
    config: `
site: {anchors: []}
web: {listen: ["unix:${join(folder, "page.sock")}", "${box}:${port}"]}
devices: [{id: secret-server, name: Server, address: 10.9.0.77, kind: server}]
`,
  });
  const page = await askFromLan(port, "/");
  t.equal(page.status, 200);
  t.notMatch(page.text, /10\.9\.0\.77/, "no addresses on the page that anybody may see");
  const health = await askFromLan(port, "/healthz");
  t.match(JSON.parse(health.text), { ok: Boolean });
  t.notMatch(health.text, /version|remedy/);
  const refused = [
    "/devices",
    "/devices/secret-server",
    "/incidents",
    "/api/v1/devices",
    "/api/v1/openapi.json",
    "/metrics",
  ];
  for (const path of refused) t.equal((await askFromLan(port, path)).status, 403, path);
  t.equal((await askFromLan(port, "/api/v1/incidents/1/acknowledge", { method: "POST" })).status, 403);
  for (const path of ["/", "/devices", "/healthz", "/api/v1/devices"])
    t.equal((await askFromLan(port, path, { headers: { host: "evil.example" } })).status, 421, path);
});

t.test("a reload takes over what changed, and refuses what is wrong", { skip }, async (t) => {
  const folder = folderFor(t);
  const config = (devices: string) => `site: {anchors: []}\ndevices: [${devices}]\n`;
  const first = "{id: one, address: 127.0.0.1}";
  const appliance = await startAppliance(t, { folder, config: config(first) });
  const ids = async () => {
    const { status, text } = await appliance.ask("/api/v1/devices");
    if (status !== 200) return undefined;
    return (JSON.parse(text) as { items: { id: string; source: string }[] }).items
      .filter(({ source }) => source === "file")
      .map(({ id }) => id);
  };
  const reload = (devices: string) => {
    writeFileSync(appliance.configFile, config(devices));
    appliance.process.kill("SIGHUP");
  };
  t.strictSame(await ids(), ["one"]);

  reload("{id: one, adress: 127.0.0.1}");
  await until(() => (/The new configuration is refused/.test(appliance.output().out) ? true : undefined));
  t.match(appliance.output().out, /porchlight\.yaml:2:\d+: devices\[0\]\.adress: unknown key/);
  t.strictSame(await ids(), ["one"], "the old one stays in force");
  t.match((await appliance.ask("/healthz")).text, /a newer configuration was refused/);

  reload(`${first}, {id: two, address: 127.0.0.2}`);
  t.strictSame(await until(async () => ((await ids())?.length === 2 ? ids() : undefined)), ["one", "two"]);
  t.notMatch((await appliance.ask("/healthz")).text, /refused/);
  t.equal(appliance.process.exitCode, null);
});

t.test("--last-good starts with the last file that passed, and says so", async (t) => {
  const folder = folderFor(t);
  const good = "site: {name: Harbour, anchors: []}\ndevices: [{id: one, address: 127.0.0.1}]\n";
  const before = await startAppliance(t, { folder, config: good });
  await before.stop();
  for (const [name, text] of [
    ["a typing mistake", "site: {nam: x}\n"],
    ["an empty file", ""],
    ["a file of zeros", "\0".repeat(4_096)],
  ] as const) {
    const appliance = await startAppliance(t, { folder, config: text, args: ["--last-good"] });
    t.match((await appliance.ask("/api/v1/devices/one")).text, /"id":"one"/, name);
    const health = (await appliance.ask("/healthz")).text;
    t.match(health, /porchlight\.yaml cannot be used/, name);
    t.equal(await appliance.stop(), 0);
  }
});
