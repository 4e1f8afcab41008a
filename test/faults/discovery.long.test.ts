import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import type { DeviceKind } from "../../appliance/model/site.ts";
import { folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { simulatedNetwork } from "../helpers/discovery/network.ts";
import { community, officePlan, user } from "../helpers/discovery/plan.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { without } from "../helpers/servers.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(300_000);

interface Found {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly confidence: string;
  readonly addresses: readonly string[];
  readonly mac?: string;
  readonly reasons: readonly string[];
  readonly checks: readonly { readonly type: string; readonly settings: object }[];
  readonly randomMac: boolean;
}

/** Every sixth fixture of the profiles, with the kind that its inspection must tell. */
function walks(): { name: string; kind?: DeviceKind }[] {
  const folder = join(import.meta.dirname, "../fixtures/profiles");
  const files = readdirSync(folder).sort();
  return files
    .filter((_, at) => at % 6 === 0)
    .slice(0, 24)
    .map((file) => {
      const { expect } = parse(readFileSync(join(folder, file), "utf8")) as {
        expect: { identity: { kind?: DeviceKind } };
      };
      const { kind } = expect.identity;
      return { name: basename(file, ".yaml"), ...(kind ? { kind } : {}) };
    });
}

const config = `
site: {anchors: []}
discover:
  interval: off
  rate: 50
  snmp:
    - {id: office, version: 2c, community: ${community}}
    - {id: watcher, user: ${user.name}, auth: {protocol: sha256, key: ${user.auth.key}}, priv: {protocol: aes, key: ${user.priv.key}}}
`;

t.test("a /24 with 60 devices is discovered", { skip: without("fping", "snmpd") }, async (t) => {
  const plan = officePlan(walks());
  t.equal(plan.length, 60);
  const network = await simulatedNetwork(t, plan);
  const appliance = await startAppliance(t, { folder: folderFor(t), config });
  const json = async (path: string) => JSON.parse((await appliance.ask(`/api/v1${path}`)).text);

  const idle = network.watch();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { sent: idlePackets } = idle.stop();
  t.strictSame((await json("/candidates")).items, [], "nothing is looked for before anybody asks");

  const meter = network.watch();
  const startMs = performance.now();
  t.equal((await appliance.ask("/api/v1/scan", { method: "POST", body: {} })).status, 200);
  t.equal((await appliance.ask("/api/v1/scan", { method: "POST", body: {} })).status, 409);
  await until(async () => ((await json("/scan")).running ? undefined : true));
  const seconds = (performance.now() - startMs) / 1_000;
  const { sent, mostInASecond } = meter.stop();
  const scan = await json("/scan");
  t.strictSame(scan.problems, []);

  const { items } = (await json("/candidates")) as { items: Found[] };
  const at = new Map(items.flatMap((one) => one.addresses.map((address) => [address, one] as const)));
  const missing = plan.filter(({ address }) => !at.has(address));
  const wanted = new Set(plan.map(({ address }) => address));
  const strangers = items.filter(({ addresses }) => !addresses.some((address) => wanted.has(address)));
  const judged = plan.filter(({ kind }) => kind !== undefined);
  const wrong = judged.filter(({ address, kind }) => at.get(address)?.kind !== kind);
  const doubles = items.length - new Set(items.map(({ addresses }) => addresses[0])).size;
  t.comment(
    `found ${plan.length - missing.length}/${plan.length}, false ${strangers.length + doubles}, ` +
      `kind right ${judged.length - wrong.length}/${judged.length}, ${seconds.toFixed(1)} s, ` +
      `${sent} packets sent (counted ${scan.packets}), at most ${mostInASecond} in one second, ${idlePackets} in 3 s of rest`,
  );
  t.strictSame(missing, []);
  t.strictSame(strangers, []);
  t.equal(doubles, 0);
  t.strictSame(
    wrong.map(({ address, kind }) => `${address}: ${at.get(address)?.kind}, not ${kind}`),
    [],
  );
  t.ok(mostInASecond <= 50, `at most 50 packets a second, ${mostInASecond} seen`);
  t.equal(idlePackets, 0, "no packet without a scan");
  t.equal(await network.strays(), 0, "nobody is asked where a stranger points to");

  for (const { address, isQuiet, walk, hasUser, mac } of plan) {
    const one = at.get(address);
    if (isQuiet) t.match(one?.reasons.join(), /does not answer ping/, address);
    if (walk)
      t.match(
        one?.checks,
        [{ type: "ping" }, { type: "snmp", settings: { credential: "office" } }],
        `${address} ${walk}`,
      );
    if (hasUser) t.match(one?.checks[1], { type: "snmp", settings: { credential: "watcher" } });
    t.equal(one?.mac, mac.replaceAll(":", ""));
    t.equal(one?.randomMac, mac.startsWith("da:"), address);
  }

  const second = network.watch();
  await appliance.ask("/api/v1/scan", { method: "POST", body: {} });
  await until(async () => ((await json("/scan")).running ? undefined : true));
  const more = second.stop();
  const again = ((await json("/candidates")) as { items: Found[] }).items;
  t.comment(
    `once more: ${again.length} candidates, ${more.sent} packets sent, at most ${more.mostInASecond} in one second`,
  );
  t.strictSame(new Set(again.map(({ id }) => id)), new Set(items.map(({ id }) => id)), "the same ones");
  const kinds = (all: readonly Found[]) => Object.fromEntries(all.map(({ id, kind }) => [id, kind]));
  t.strictSame(kinds(again), kinds(items), "what SNMP told is kept");
  t.ok(more.mostInASecond <= 50);
  t.notMatch((await appliance.ask("/api/v1/candidates")).text, new RegExp(`${community}|${user.auth.key}`));
});
