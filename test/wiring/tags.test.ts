import t from "tap";
import { loadConfig } from "../../appliance/config/load.ts";
import { problemLine } from "../../appliance/config/problems.ts";
import { createCounters } from "../../appliance/engine/counters.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { createInventory } from "../../appliance/inventory/inventory.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { createLineWriter } from "../../appliance/series/line-protocol.ts";
import { loadContext } from "../../appliance/wiring/configuration.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";
import { createTags } from "../../appliance/wiring/tags.ts";
import { seedsOf, targetsOf } from "../../appliance/wiring/targets.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { silentLog } from "../helpers/stores.ts";

const plugins = await loadAllPlugins();
const timeMs = 1_700_000_000_000;

const file = `site: {id: lab, anchors: []}
devices:
  - id: web
    name: Web
    address: 192.0.2.7
    ping: {channel: lan}
    http: {url: "https://shop.example.org/login"}
    tcp: [{port: 22}, {port: 25, host: mail.example.org, channel: smtp}]
    dns: {name: example.com, record: AAAA}`;

/** The line that one sample becomes. */
function lineOf(at: { ref: string; metric: string; channel?: string; value: number }): string {
  const loaded = loadConfig({ text: file, file: "x.yaml", folder: "." }, loadContext(plugins));
  if (!loaded.ok) throw new Error(loaded.problems.map(problemLine).join("\n"));
  const inventory = createInventory({
    clock: fakeClock(timeMs),
    log: silentLog,
    counters: createCounters(),
    keeper: { load: () => [], save: () => undefined },
    onEvent: () => undefined,
  });
  const network = { resolvers: [] };
  inventory.configure(seedsOf(loaded.config, network));
  const targets = targetsOf(loaded.config, network, plugins.collectors);
  const device = inventory.resolve(at.ref);
  const series = createSeriesTable().of(device?.id ?? deviceId("none"), at.metric, at.channel);
  const writer = createLineWriter("lab", createTags({ inventory, targets: () => targets }));
  const [line = ""] = writer.lines({
    series: [series],
    timesMs: Float64Array.of(timeMs),
    values: Float64Array.of(at.value),
    counts: Float64Array.of(at.value),
    length: 1,
  });
  return line.replace(`device=${device?.id}`, "device=it");
}

const cases = [
  {
    name: "a ping is tagged with the address that is asked, not with its channel's name",
    at: { ref: "web", metric: "ping_loss", channel: "lan", value: 0 },
    line: `ping,channel=lan,device=it,site=lab,source=192.0.2.7,url=192.0.2.7 percent_packet_loss=0 ${timeMs}`,
  },
  {
    name: "a page is tagged with server and method, and its time is in seconds",
    at: { ref: "web", metric: "http_time", value: 250 },
    line: `http_response,device=it,method=GET,server=https://shop.example.org/login,site=lab,source=192.0.2.7 response_time=0.25 ${timeMs}`,
  },
  {
    name: "a port is tagged with server, port and protocol",
    at: { ref: "web", metric: "tcp_time", value: 5 },
    line: `net_response,device=it,port=22,protocol=tcp,server=192.0.2.7,site=lab,source=192.0.2.7 response_time=0.005 ${timeMs}`,
  },
  {
    name: "each of several ports has tags of its own",
    at: { ref: "web", metric: "tcp_time", channel: "smtp", value: 5 },
    line: `net_response,channel=smtp,device=it,port=25,protocol=tcp,server=mail.example.org,site=lab,source=192.0.2.7 response_time=0.005 ${timeMs}`,
  },
  {
    name: "a lookup is tagged with server, domain and record type",
    at: { ref: "web", metric: "dns_time", value: 3 },
    line: `dns_query,device=it,domain=example.com,record_type=AAAA,server=192.0.2.7,site=lab,source=192.0.2.7 query_time_ms=3 ${timeMs}`,
  },
  {
    name: "what came by MQTT goes to mqtt_consumer with its topic",
    at: { ref: "json:site/meter/state", metric: "temperature", value: 21.5 },
    line: `mqtt_consumer,device=it,site=lab,topic=site/meter/state temperature=21.5 ${timeMs}`,
  },
  {
    name: "uptime is a whole number of hundredths of a second",
    at: { ref: "web", metric: "uptime", value: 12.34 },
    line: `snmp,device=it,site=lab,source=192.0.2.7 uptime=1234i ${timeMs}`,
  },
];
for (const { name, at, line } of cases) t.test(name, async (t) => t.equal(lineOf(at), line));
