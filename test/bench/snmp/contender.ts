import { setMaxListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../../appliance/clock.ts";
import { collector } from "../../../appliance/collectors/snmp.ts";
import { metricOf } from "../../../appliance/model/metric.ts";
import type { Readings } from "../../../appliance/model/observation.ts";
import type { Series } from "../../../appliance/model/series.ts";
import { type DeviceId, deviceId, seriesId } from "../../../appliance/model/site.ts";
import { collectorDeps, shippedProfiles, target } from "../../helpers/snmp/deps.ts";

/*
 * The product's poller in a race: every device of the farm, `rounds` times, at most `conc` at once. Prints one JSON line
 * with what it cost, in the form of the other contenders.
 */

const { values: given } = parseArgs({
  options: {
    base: { type: "string", default: "127.1.0.1" },
    count: { type: "string", default: "200" },
    port: { type: "string", default: "1161" },
    rounds: { type: "string", default: "5" },
    warmup: { type: "string", default: "5" },
    "warmup-conc": { type: "string", default: "50" },
    conc: { type: "string", default: "50" },
    timeout: { type: "string", default: "2000" },
  },
});
const count = Number(given.count);
const settings = collector.target.parse({ port: Number(given.port), community: "public", version: "2c" });
const first = given.base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const targets = Array.from({ length: count }, (_, position) => {
  const number = first + position;
  const address = [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join(".");
  return target(address, settings, { device: deviceId(`d${position}`), timeoutMs: Number(given.timeout) });
});
// sysUpTime and 13 columns, as the others ask; the shipped profiles would read the processors and memory too.
const race = fileURLToPath(new URL("../../fixtures/snmp/race", import.meta.url));
const table = new Map<string, Series>();
// One series for the same value of all devices: the table of series is the engine's, and no part of the race either.
const series = {
  of(device: DeviceId, metric: string, channel?: string): Series {
    const key = `${metric}:${channel ?? ""}`;
    const known = table.get(key);
    if (known) return known;
    const { kind = "gauge", unit = "" } = metricOf(metric) ?? {};
    const made: Series = {
      id: seriesId(device, metric, channel),
      index: table.size,
      device,
      metric,
      kind,
      unit,
    };
    table.set(key, made);
    return made;
  },
  find: () => undefined,
  all: () => [...table.values()],
};
const deps = collectorDeps(systemClock, { series, profileDirs: [shippedProfiles, race] });
// The tables of neighbours are not part of the race.
const watching = collector.create({ ...collector.config.parse(undefined), neighbours: 0 }, deps);
const { signal } = new AbortController();
setMaxListeners(0, signal);

interface Entry {
  readonly one: (typeof targets)[number];
  left: number;
  polls: number;
  readings?: Readings;
}

/** Polls every device `rounds` times; a device goes to the end of the queue after its poll: never two polls of one. */
async function lap(rounds: number, conc: number) {
  const entries: Entry[] = targets.map((one) => ({ one, left: rounds, polls: 0 }));
  const queue = [...entries];
  let next = 0;
  let lastMs = 0;
  const worker = async () => {
    while (next < queue.length) {
      const entry = queue[next++] as Entry;
      const observations = await watching.poll([entry.one], { signal });
      const readings = observations.find((found): found is Readings => found.record === "readings");
      if (readings) {
        entry.polls++;
        entry.readings = readings;
        lastMs = performance.now();
      }
      if (--entry.left > 0) queue.push(entry);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, conc) }, worker));
  return { entries, lastMs };
}

const warmRounds = Number(given.warmup);
if (warmRounds > 0) await lap(warmRounds, Number(given["warmup-conc"]));
const rounds = Number(given.rounds);
const cpu = process.cpuUsage();
const startMs = performance.now();
const { entries, lastMs } = await lap(rounds, Number(given.conc));
const wallMs = performance.now() - startMs;
const used = process.cpuUsage(cpu);
const polls = entries.reduce((sum, entry) => sum + entry.polls, 0);
// Counted afterwards: that is no work of a poller.
const varbinds = entries.reduce(
  (sum, entry) =>
    sum + entry.polls * [...(entry.readings?.values ?? [])].filter((value) => !Number.isNaN(value)).length,
  0,
);
const result = { polls, varbinds, errors: count * rounds - polls };
process.stdout.write(
  `${JSON.stringify({
    name: "Porchlight",
    ...result,
    live_done_s: Math.round((lastMs - startMs) / 10) / 100,
    wall_s: Math.round(wallMs) / 1000,
    cpu_s: Math.round((used.user + used.system) / 1000) / 1000,
    rss_kb: process.resourceUsage().maxRSS,
    warm_rounds: warmRounds,
  })}\n`,
);
await watching.close();
