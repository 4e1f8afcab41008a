import t from "tap";
import { loadConfig } from "../../appliance/config/load.ts";
import { problemLine } from "../../appliance/config/problems.ts";
import { loadContext } from "../../appliance/wiring/configuration.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";
import { seedsOf, targetsOf } from "../../appliance/wiring/targets.ts";

const plugins = await loadAllPlugins();
const context = loadContext(plugins);

function configOf(text: string) {
  const loaded = loadConfig({ text, file: "x.yaml", folder: "." }, context);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.config;
}

const network = { gateway: "10.0.0.1", interface: "eth0", resolvers: ["10.0.0.1"] };
const idsOf = (text: string, now: Parameters<typeof targetsOf>[1] = network) =>
  targetsOf(configOf(text), now, plugins.collectors).map(({ id, address }) => `${id} ${address}`);

t.test("without devices the box, its gateway, the anchors and the name servers are watched", async (t) => {
  t.strictSame(idsOf("site: {anchors: [1.1.1.1, 9.9.9.9]}"), [
    "box:host localhost",
    "gateway:ping 10.0.0.1",
    "internet:ping 1.1.1.1",
    "internet:ping:2 9.9.9.9",
    "internet:dns 1.1.1.1",
    "internet:dns:2 9.9.9.9",
    "names:dns 10.0.0.1",
  ]);
});

t.test("without a route, name servers and anchors only the box is left", async (t) => {
  t.strictSame(idsOf("site: {anchors: []}", { resolvers: [] }), ["box:host localhost"]);
});

const own = (text: string) => idsOf(`site: {anchors: []}\n${text}`, { resolvers: [] }).slice(1);

t.test("a device with an address is pinged, unless it says not to", async (t) => {
  t.strictSame(
    own("devices: [{id: a, address: 10.0.0.5}, {id: b, address: 10.0.0.6, ping: off, snmp: {}}]"),
    ["a:ping 10.0.0.5", "b:snmp 10.0.0.6"],
  );
});

t.test("a device of the file with the gateway's address is the gateway", async (t) => {
  const text = `
site: {anchors: [1.1.1.1]}
devices: [{id: edge, name: Edge, kind: firewall, address: 10.0.0.1}, {id: b, address: 10.0.0.6, behind: gateway}]`;
  t.strictSame(idsOf(text, { ...network, resolvers: [] }), [
    "box:host localhost",
    "edge:ping 10.0.0.1",
    "internet:ping 1.1.1.1",
    "internet:dns 1.1.1.1",
    "b:ping 10.0.0.6",
  ]);
  const seeds = seedsOf(configOf(text), network);
  t.notOk(
    seeds.some(({ id }) => id === "gateway"),
    "there is no second one",
  );
  t.match(
    seeds.find(({ id }) => id === "edge"),
    { isGateway: true, name: "Edge", kind: "firewall" },
  );
  t.equal(seeds.find(({ id }) => id === "internet")?.behind, "edge");
  t.equal(seeds.find(({ id }) => id === "b")?.behind, "edge", "what is behind the gateway is behind it");
});

t.test("several of one kind are numbered, and a URL is address enough", async (t) => {
  t.strictSame(own('devices: [{id: crm, http: [{url: "https://crm.lan/a"}, {url: "https://[fd00::1]/"}]}]'), [
    "crm:http crm.lan",
    "crm:http:2 [fd00::1]",
  ]);
});

t.test("times of a device win over those of its collector, and those over the defaults", async (t) => {
  const targets = targetsOf(
    configOf(`
site: {anchors: []}
collect: {ping: {interval: 30s}}
devices: [{id: a, address: 10.0.0.5}, {id: b, address: 10.0.0.6, ping: {interval: 15s, timeout: 3s}}]`),
    { resolvers: [] },
    plugins.collectors,
  ).filter(({ type }) => type === "ping");
  t.strictSame(
    targets.map(({ intervalMs, timeoutMs }) => [intervalMs, timeoutMs]),
    [
      [30_000, 1_000],
      [15_000, 3_000],
    ],
  );
});

t.test("the inventory gets the box's own devices and the file's, with how each is watched", async (t) => {
  const seeds = seedsOf(
    configOf("site: {anchors: []}\ndevices: [{id: a, address: 10.0.0.5, room: Rack, behind: gateway}]"),
    network,
  );
  t.match(
    seeds.map(({ id }) => id),
    ["box", "gateway", "names", "a"],
  );
  t.match(seeds.at(-1), {
    id: "a",
    name: "a",
    room: "Rack",
    behind: "gateway",
    collectors: ["ping"],
    source: "file",
  });
});

t.test("a key of SNMP version 3 that is too short is refused, and not shown", async (t) => {
  const text = (key: string) =>
    `devices: [{id: a, name: A, address: 10.0.0.2, snmp: {user: u, auth: {protocol: sha, key: ${key}}}}]`;
  t.doesNotThrow(() => configOf(text("long-enough")));
  t.throws(() => configOf(text("short")), { message: /auth\.key: expected 8 characters.*got \*\*\*$/ });
});

t.test("no device can have this box's own values", async (t) => {
  t.throws(() => configOf("devices: [{id: a, name: A, address: 10.0.0.2, host: {}}]"), {
    message: /host: unknown key/,
  });
});
