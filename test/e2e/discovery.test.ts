import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Appliance, type AskOptions, folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { simulatedNetwork } from "../helpers/discovery/network.ts";
import { community, type Simulated } from "../helpers/discovery/plan.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { without } from "../helpers/servers.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(115_000);

const plan: readonly Simulated[] = [
  { address: "10.77.0.33", mac: "00:14:22:00:00:33", walk: "mikrotik-routeros" },
  {
    address: "10.77.0.34",
    mac: "00:80:77:00:00:34",
    mdns: { instance: "Printer 2nd floor", services: [{ type: "_ipp._tcp", port: 631, txt: ["ty=HL-1"] }] },
  },
  { address: "10.77.0.35", mac: "00:11:32:00:00:35" },
  { address: "10.77.0.36", mac: "da:a1:19:00:00:36" },
];

const config = `
site: {anchors: []}
collect: {ping: {interval: 1s, timeout: 500ms}}
discover:
  ranges: [10.77.0.32/28]
  interval: off
  snmp: [{id: office, version: 2c, community: {env: OFFICE_COMMUNITY}}]
  approve: [{kind: printer, vendor: "brother*", room: 2nd floor}]
  finders: {mdns: {wait: 1s}, ssdp: {wait: 1s}, names: off}
`;

const env = { OFFICE_COMMUNITY: community };

interface Item {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly address?: string;
  readonly addresses?: readonly string[];
  readonly collectors?: readonly string[];
  readonly room?: string;
  readonly source?: string;
}

const jsonOf = async (appliance: Appliance, path: string, options?: AskOptions) =>
  JSON.parse((await appliance.ask(`/api/v1${path}`, options)).text);

async function scan(appliance: Appliance): Promise<void> {
  await appliance.ask("/api/v1/scan", { method: "POST", body: {} });
  await until(async () => ((await jsonOf(appliance, "/scan")).running ? undefined : true));
}

const candidates = async (appliance: Appliance): Promise<Item[]> =>
  (await jsonOf(appliance, "/candidates")).items;
const devices = async (appliance: Appliance): Promise<Item[]> =>
  ((await jsonOf(appliance, "/devices")).items as Item[]).filter(({ source }) => source !== "built-in");
const byAddress = (items: readonly Item[]) =>
  new Map(
    items.flatMap((one) =>
      [...(one.addresses ?? [one.address ?? ""])].map((address) => [address, one] as const),
    ),
  );

/** All that lies in the data directory, as one text. */
function everything(folder: string): string {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");
}

t.test("from an empty box to watched devices that are followed", { skip: without("fping") }, async (t) => {
  const network = await simulatedNetwork(t, plan);
  const folder = folderFor(t);
  const first = await startAppliance(t, { folder, config, env });
  t.strictSame(await candidates(first), []);
  t.match((await first.ask("/inbox")).text, /Nobody has looked for devices yet/);
  await scan(first);

  const found = byAddress(await candidates(first));
  t.strictSame([...found.keys()].sort(), ["10.77.0.33", "10.77.0.35", "10.77.0.36"]);
  t.match(
    await devices(first),
    [{ name: "Printer 2nd floor", kind: "printer", room: "2nd floor", source: "page" }],
    "by the rule",
  );

  const router = found.get("10.77.0.33")?.id ?? "";
  const approved = await jsonOf(first, `/candidates/${router}/approve`, {
    method: "POST",
    body: { name: "Router" },
  });
  t.strictSame(approved, { device: router });
  const watched = await until(async () => {
    const device = await jsonOf(first, `/devices/${router}`);
    return device.identity.model && device.state === "ok" ? device : undefined;
  });
  t.match(watched, {
    name: "Router",
    collectors: ["ping", "snmp"],
    identity: { profile: "mikrotik-routeros" },
  });
  t.equal(
    (await first.ask(`/api/v1/candidates/${router}/approve`, { method: "POST", body: {} })).status,
    404,
  );

  const page = await first.ask("/inbox");
  const storage = found.get("10.77.0.35")?.id ?? "";
  t.match(page.text, `name="pick-${storage}"`);
  t.match(page.text, /1 passing visitor/);
  const ask = await first.ask(`/api/v1/candidates/${storage}/approve`, {
    method: "POST",
    body: { name: "Files", by: "Anna" },
  });
  t.equal(ask.status, 200);
  t.match(
    (await first.ask(`/inbox?done=${storage}`)).text,
    new RegExp(`Watched from now on: .*/devices/${storage}`),
  );
  await until(async () => ((await jsonOf(first, `/devices/${storage}`)).state === "ok" ? true : undefined));

  await network.move("10.77.0.35", "10.77.0.45");
  await scan(first);
  t.notOk(byAddress(await candidates(first)).has("10.77.0.45"), "it is no new device");
  const moved = await until(async () => {
    const device = await jsonOf(first, `/devices/${storage}`);
    return device.address === "10.77.0.45" && device.state === "ok" ? device : undefined;
  });
  t.equal(moved.name, "Files");
  t.match((await first.ask("/inbox")).text, /has another address.*10\.77\.0\.35 → 10\.77\.0\.45/);
  t.match((await first.ask(`/devices/${storage}/events`)).text, /10\.77\.0\.35 → 10\.77\.0\.45/);
  t.equal(await first.stop(), 0);
  t.notMatch(everything(join(folder, "data")), community, "the community stays where it was");

  const again = await startAppliance(t, { folder, config, env });
  t.equal(
    byAddress(await devices(again)).get("10.77.0.45")?.id,
    storage,
    "after a restart it is still asked there",
  );
  t.equal((await devices(again)).length, 3);
  t.strictSame([...byAddress(await candidates(again)).keys()], ["10.77.0.36"]);
  t.equal((await jsonOf(again, `/devices/${router}`)).name, "Router");
});
