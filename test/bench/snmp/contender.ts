import { setMaxListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../../appliance/clock.ts";
import { collector } from "../../../appliance/collectors/snmp.ts";
import type { Readings } from "../../../appliance/model/observation.ts";
import { deviceId } from "../../../appliance/model/site.ts";
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
const deps = collectorDeps(systemClock, { profileDirs: [shippedProfiles, race] });
// The tables of neighbours are not part of the race.
const watching = collector.create({ ...collector.config.parse(undefined), neighbours: 0 }, deps);
const { signal } = new AbortController();
setMaxListeners(0, signal);

async function lap(polls: number) {
  const result = { polls: 0, varbinds: 0, errors: 0, lastMs: 0 };
  let next = 0;
  const worker = async () => {
    while (next < polls) {
      const one = targets[next++ % count] as (typeof targets)[number];
      const observations = await watching.poll([one], { signal });
      const readings = observations.find((entry): entry is Readings => entry.record === "readings");
      if (!readings) {
        result.errors++;
        continue;
      }
      result.polls++;
      result.lastMs = performance.now();
      for (const value of readings.values) if (!Number.isNaN(value)) result.varbinds++;
    }
  };
  await Promise.all(Array.from({ length: Number(given.conc) }, worker));
  return result;
}

const warmRounds = Number(given.warmup);
if (warmRounds > 0) await lap(count * warmRounds);
const cpu = process.cpuUsage();
const startMs = performance.now();
const { lastMs, ...result } = await lap(count * Number(given.rounds));
const wallMs = performance.now() - startMs;
const used = process.cpuUsage(cpu);
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
