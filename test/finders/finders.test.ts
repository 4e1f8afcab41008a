import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../appliance/clock.ts";
import { createPace } from "../../appliance/inventory/pace.ts";
import type { FinderDeps, FinderPlugin } from "../../appliance/model/contracts.ts";
import type { Evidence, FindRange } from "../../appliance/model/discovery.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { interfacesOf, networksFor } from "../../appliance/probe/networks.ts";
import { ProfileShelf } from "../../appliance/snmp/profile-shelf.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";
import { simulatedNetwork } from "../helpers/discovery/network.ts";
import { box, community, type Simulated } from "../helpers/discovery/plan.ts";
import { ptrServer } from "../helpers/discovery/ptr-server.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { without } from "../helpers/servers.ts";
import { shippedProfiles } from "../helpers/snmp/deps.ts";
import { emptyDir, keptLog } from "../helpers/state.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(100_000);

const plan: readonly Simulated[] = [
  { address: "10.77.0.33", mac: "00:14:22:00:00:33", walk: "mikrotik-routeros" },
  {
    address: "10.77.0.34",
    mac: "00:80:77:00:00:34",
    mdns: { instance: "Printer 2.0", services: [{ type: "_ipp._tcp", port: 631, txt: ["ty=HL-1"] }] },
  },
  { address: "10.77.0.35", mac: "00:14:22:00:00:35", isQuiet: true },
  {
    address: "10.77.0.36",
    mac: "00:14:22:00:00:36",
    upnp: { type: "InternetGatewayDevice", name: "Router <b>", maker: "Acme", model: "R1" },
  },
  {
    address: "10.77.0.37",
    mac: "00:14:22:00:00:37",
    upnp: {
      type: "Basic",
      name: "Liar",
      maker: "Acme",
      model: "L1",
      elsewhere: "http://10.77.0.36:49152/d.xml",
    },
  },
  { address: "10.77.0.41", mac: "00:14:22:00:00:41", hasUser: true },
];
const skip = without("fping");
const network = await simulatedNetwork(t, plan, { hasIpv6: true });
const { finders } = await loadAllPlugins();
const networks = networksFor(["10.77.0.32/28"]);
const range = (found: FindRange["found"] = []): FindRange => ({
  networks,
  interfaces: interfacesOf(networks),
  found,
  isSwept: false,
});
const counts = new Map<string, number>();
const tried: string[] = [];

const deps: FinderDeps = {
  clock: systemClock,
  log: keptLog(),
  counters: { add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by), all: () => counts },
  pace: createPace(systemClock, 50),
  profiles: new ProfileShelf([shippedProfiles], { clock: systemClock, log: keptLog() }),
  credentials: () => [
    { id: "office", version: "2c", settings: { version: "2c", port: 161, community: new Secret(community) } },
    {
      id: "user",
      version: "3",
      settings: {
        version: "3",
        port: 161,
        user: "nobody",
        auth: { protocol: "sha256", key: new Secret("12345678") },
      },
    },
  ],
  tries: {
    lastMs: (address, credential) =>
      tried.includes(`${address} ${credential}`) ? systemClock.nowMs() : undefined,
    tried: (address, credential) => void tried.push(`${address} ${credential}`),
  },
  neighbours: () => [
    {
      key: "001422000099",
      via: "lldp",
      name: "sw-\u0007attic",
      mac: "001422000099",
      addresses: [],
      isBridge: true,
      at: { device: "core" as never },
    },
  ],
};

async function find(
  type: string,
  settings: object = {},
  found: FindRange["found"] = [],
): Promise<readonly Evidence[]> {
  const plugin = finders.get(type) as FinderPlugin;
  const finder = plugin.create(plugin.config.parse(settings), deps);
  const evidence = await finder.find(range(found), { signal: new AbortController().signal });
  return [...evidence].sort((a, b) => ((a.address ?? "") < (b.address ?? "") ? -1 : 1));
}

t.test("every finder has its settings by default, and a stage", async (t) => {
  t.strictSame(
    [...finders.keys()],
    ["arp", "leases", "mdns", "names", "neighbours", "snmp", "ssdp", "sweep"],
  );
  for (const { config, stage, summary } of finders.values()) {
    t.doesNotThrow(() => config.parse(undefined));
    t.ok(["search", "read", "ask"].includes(stage));
    t.ok(summary.length > 10);
  }
});

t.test("a sweep finds what answers and what keeps silent, and nobody else", { skip }, async (t) => {
  const meter = network.watch();
  const found = await find("sweep");
  const { mostInASecond } = meter.stop();
  t.strictSame(
    found.map(({ address, mac, words }) => `${address} ${mac} ${words}`),
    [
      "10.77.0.33 001422000033 answers ping",
      "10.77.0.34 008077000034 answers ping",
      "10.77.0.35 001422000035 is there, but does not answer ping",
      "10.77.0.36 001422000036 answers ping",
      "10.77.0.37 001422000037 answers ping",
      "10.77.0.41 001422000041 answers ping",
    ],
  );
  t.ok(mostInASecond <= 52, `${mostInASecond} packets in the fullest second`);
});

t.test("behind a router only what answers is found, without a MAC", { skip }, async (t) => {
  await network.addBehind("10.78.0.1", "10.77.0.33");
  const plugin = finders.get("sweep") as FinderPlugin;
  const finder = plugin.create(plugin.config.parse({ timeout: "300ms" }), deps);
  const routed = { ...range(), networks: networksFor(["10.78.0.0/31"]) };
  t.equal(routed.networks[0]?.own, undefined);
  const found = await finder.find(routed, { signal: new AbortController().signal });
  t.strictSame(found, [{ finder: "sweep", words: "answers ping", isPresent: true, address: "10.78.0.1" }]);
});

t.test("the kernel's neighbours, IPv6 too", async (t) => {
  const found = await find("arp");
  const v4 = found.filter(({ address }) => !address?.includes(":"));
  t.strictSame(
    v4.map(({ address }) => address),
    plan.map(({ address }) => address),
  );
  for (const { address, words } of found)
    if (address?.includes(":")) t.match(`${address} ${words}`, /%lan IPv6 neighbour$/);
});

t.test("a printer announces itself by mDNS", async (t) => {
  t.strictSame(await find("mdns", { wait: "500ms" }), [
    {
      finder: "mdns",
      isPresent: true,
      address: "10.77.0.34",
      trust: "announcement",
      words: "mDNS _ipp._tcp",
      name: "Printer 2.0",
      kind: "printer",
      identity: { model: "HL-1" },
      servicePort: 631,
    },
  ]);
});

t.test("a description by SSDP, but only the device's own", async (t) => {
  const found = await find("ssdp", { wait: "2s" });
  t.match(found, [
    { address: "10.77.0.36", kind: "router", name: "Router <b>", identity: { vendor: "Acme", model: "R1" } },
    { address: "10.77.0.37", words: "answers UPnP" },
  ]);
  t.equal(found[1]?.name, undefined);
  t.equal(counts.get("discover_ssdp_foreign"), 1);
  t.equal(await network.strays(), 0);
});

t.test("SNMP: version 3 first, each once, and not what is watched", async (t) => {
  const places = plan.map(({ address }) => ({ address }));
  const found = await find("snmp", { timeout: "300ms" }, [
    ...places.slice(0, 2),
    { address: "10.77.0.35", device: "known" as never },
  ]);
  t.match(found, [
    {
      address: "10.77.0.33",
      credential: "office",
      trust: "answer",
      identity: { profile: "mikrotik-routeros" },
    },
  ]);
  t.equal(found[0]?.isSigned, undefined);
  t.strictSame(
    tried.filter((one) => one.startsWith("10.77.0.33")),
    ["10.77.0.33 user", "10.77.0.33 office"],
  );
  t.strictSame(
    tried.filter((one) => one.startsWith("10.77.0.35")),
    [],
  );
  const before = tried.length;
  t.strictSame(
    await find("snmp", { timeout: "300ms" }, places.slice(0, 2)),
    [],
    "within the hour nobody is asked again",
  );
  t.equal(tried.length, before);
});

t.test("SNMP: who refuses the user is told from who keeps silent", async (t) => {
  const found = await find("snmp", { timeout: "300ms" }, [{ address: "10.77.0.41" }]);
  t.strictSame(found, [
    { finder: "snmp", words: "speaks SNMP but refuses user", isPresent: false, address: "10.77.0.41" },
  ]);
});

t.test("SNMP: no credential goes to an address that somebody only tells of", async (t) => {
  const told = ["203.0.113.5", "10.99.0.1", "127.0.0.1", "2001:db8::5", "fe80::5%lan"];
  const before = tried.length;
  const found = await find(
    "snmp",
    { timeout: "100ms" },
    told.map((address) => ({ address })),
  );
  t.strictSame(found, []);
  t.strictSame(tried.slice(before), []);
});

t.test("neighbours of watched switches, their texts made harmless", async (t) => {
  t.match(await find("neighbours"), [
    { chassis: "001422000099", name: "sw- attic", kind: "switch", words: "LLDP" },
  ]);
});

t.test("names from a lease file; one that is not there is passed over", async (t) => {
  const file = join(emptyDir(t), "leases");
  writeFileSync(file, "0 00:80:77:00:00:34 10.77.0.34 office-printer *\n");
  t.match(await find("leases", { files: ["/nowhere/leases", file] }), [
    { address: "10.77.0.34", name: "office-printer", isPresent: false },
  ]);
});

t.test("names by DNS, of private addresses only; what repeats the address is no name", async (t) => {
  writeFileSync("/etc/resolv.conf", "nameserver 127.0.0.1\n");
  const names: Record<string, string> = {
    "34.0.77.10.in-addr.arpa": "printer.office.lan",
    "33.0.77.10.in-addr.arpa": "ip-10-77-0-33.office.lan",
  };
  const server = await ptrServer((question) => names[question]);
  t.teardown(() => server.close());
  const found = ["10.77.0.33", "10.77.0.34", "10.77.0.35", "8.8.8.8", "fe80::1%lan"].map((address) => ({
    address,
  }));
  t.strictSame(await find("names", {}, found), [
    {
      finder: "names",
      words: "called printer by DNS",
      isPresent: false,
      address: "10.77.0.34",
      name: "printer",
    },
  ]);
  t.equal(server.asked.length, 3);
  t.equal(networks[0]?.own?.address, box);
});

t.test("an aborted sweep ends at once, with what it has", { skip }, async (t) => {
  const plugin = finders.get("sweep") as FinderPlugin;
  const ending = new AbortController();
  const finding = plugin
    .create(plugin.config.parse(undefined), deps)
    .find(range(), { signal: ending.signal });
  ending.abort(new Error("The box stops."));
  t.strictSame(await finding, []);
});

t.test("where ping is not allowed, what has a MAC is found all the same", { skip }, async (t) => {
  // In this namespace alone.
  execFileSync("mount", ["--bind", "/dev/null", "/usr/bin/fping"]);
  t.teardown(() => execFileSync("umount", ["/usr/bin/fping"]));
  const found = await find("sweep", { timeout: "300ms" });
  t.strictSame(
    found.map(({ address, words }) => `${address} ${words}`),
    plan.map(({ address }) => `${address} is there, but does not answer ping`),
  );
  t.match((deps.log as ReturnType<typeof keptLog>).lines.join("\n"), /Ping does not work/);
});
