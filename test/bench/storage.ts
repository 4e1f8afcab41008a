import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import type { Store } from "../../appliance/model/contracts.ts";
import type { SampleBatch, Series } from "../../appliance/model/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import type { Clock } from "../../appliance/model/time.ts";
import { store as influx } from "../../appliance/stores/influx.ts";
import { startInfluxd } from "../helpers/influxd.ts";
import { serverPath } from "../helpers/servers.ts";
import { chance, silentLog, startedStore } from "../helpers/stores.ts";

/*
 * Days of series at 60 s into our store, and the same into InfluxDB by our own writer, in one run.
 * usage: storage.js [days=7] [series=2000] [local|rates|influx ...]
 *   local   values as gauges, as they come      rates   counters: the round carries rate and count
 *   live    the reference site: 25,000 series at 60 s, a commit a second, for two hours of its time
 * Compare rows of one run only: the machine is shared. Prints one JSON line for each.
 */

const [daysText = "7", seriesText = "2000", ...kinds] = process.argv.slice(2);
const days = Number(daysText);
const count = Number(seriesText);
const minutes = days * 1_440;
const total = minutes * count;
const startMs = Date.UTC(2026, 1, 1);
const endMs = startMs + minutes * 60_000;
const work = mkdtempSync(path.join(tmpdir(), "bench-storage-"));

/** 60 % busy counters with a day curve, 25 % nearly idle, 15 % constant. */
function createWalk() {
  const random = chance();
  const kind = new Uint8Array(count);
  const rate = new Float64Array(count);
  const value = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const draw = (i * 7_919) % 100;
    kind[i] = draw < 60 ? 0 : draw < 85 ? 1 : 2;
    rate[i] = kind[i] === 0 ? 10 ** (2 + 5 * random()) : 0;
    value[i] = kind[i] === 2 ? (i & 1 ? 1 : 1_000) : Math.floor(random() * 1e12);
  }
  return {
    value,
    next(timeMs: number): void {
      const day = 0.6 + 0.4 * Math.sin(((timeMs % 86_400_000) / 86_400_000) * 2 * Math.PI);
      for (let i = 0; i < count; i++) {
        if (kind[i] === 0) value[i]! += Math.floor(rate[i]! * 60 * day * (0.5 + random()));
        else if (kind[i] === 1 && random() < 0.02) value[i]! += 1 + Math.floor(random() * 5);
      }
    },
  };
}

function clockAt(state: { nowMs: number }): Clock {
  return {
    nowMs: () => state.nowMs,
    monotonicMs: () => performance.now(),
    timer: (run, delayMs) => {
      const timeout = setTimeout(run, delayMs);
      return { cancel: () => clearTimeout(timeout) };
    },
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  };
}

const ioOf = (pid: number | "self", name: string) =>
  Number(new RegExp(`^${name}: (\\d+)`, "m").exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1]);

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.includes("ballast"))
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).blocks * 512, 0);
}

const per = (number: number, digits = 3) => Number((number / total).toFixed(digits));

async function median(ask: () => Promise<unknown>): Promise<number> {
  const tookMs: number[] = [];
  for (let i = 0; i < 25; i++) {
    const beganMs = performance.now();
    await ask();
    tookMs.push(performance.now() - beganMs);
  }
  return Number((tookMs.toSorted((a, b) => a - b)[12] ?? 0).toFixed(2));
}

async function queries(store: Store, one: Series) {
  const ask = (hours: number) => () =>
    store.query(one.id, { fromMs: endMs - hours * 3_600_000, toMs: endMs }, 300_000);
  return { query24hMs: await median(ask(24)), query7dMs: await median(ask(24 * 7)) };
}

/** Feeds every minute to `take`; the CPU of this process for it, without making the data. */
async function feed(list: readonly Series[], take: (batch: SampleBatch, timeMs: number) => Promise<void>) {
  const walk = createWalk();
  let makingUs = 0;
  const began = process.cpuUsage();
  const before = new Float64Array(count);
  for (let minute = 1; minute <= minutes; minute++) {
    const making = process.cpuUsage();
    const timeMs = startMs + minute * 60_000 - 60_000;
    before.set(walk.value);
    walk.next(timeMs);
    const isCounter = list[0]?.kind === "counter";
    const batch = {
      length: count,
      series: list,
      timesMs: new Float64Array(count).fill(timeMs),
      values: isCounter ? walk.value.map((value, i) => (value - before[i]!) / 60) : walk.value.slice(),
      counts: isCounter ? walk.value.slice() : new Float64Array(count).fill(Number.NaN),
    };
    const made = process.cpuUsage(making);
    makingUs += made.user + made.system;
    await take(batch, timeMs);
  }
  const used = process.cpuUsage(began);
  return used.user + used.system - makingUs;
}

function listOf(table: ReturnType<typeof createSeriesTable>, metric: string): Series[] {
  return Array.from({ length: count }, (_, i) =>
    table.of(deviceId(`sw${Math.floor(i / 200)}`), metric, `p${i % 200}`),
  );
}

async function local(kind: string): Promise<void> {
  const dataDir = mkdtempSync(path.join(work, "local-"));
  const table = createSeriesTable();
  const state = { nowMs: startMs };
  const store = await startedStore({ dataDir, clock: clockAt(state), series: table });
  const list = listOf(table, kind === "rates" ? "if_in_octets" : "count");
  const ioBefore = ioOf("self", "write_bytes");
  const cpuUs = await feed(list, async (batch, timeMs) => {
    state.nowMs = timeMs;
    await store.write(batch);
    if (timeMs % 3_600_000 === 300_000) await store.maintain();
  });
  state.nowMs = endMs + 900_000;
  await store.maintain();
  const asked = await queries(store, list[1_234 % count]!);
  const { usedBytes } = store.status() ?? { usedBytes: 0 };
  const raw = await rawBytes(dataDir);
  await store.close();
  const written = ioOf("self", "write_bytes") - ioBefore;
  print(kind, {
    rawBytesPerSample: per(raw),
    allBytesPerSample: per(usedBytes),
    cpuUsPerSample: per(cpuUs),
    writtenPerSample: per(written, 1),
    ...asked,
    rssMiB: Math.round(process.resourceUsage().maxRSS / 1_024),
  });
  rmSync(dataDir, { recursive: true });
}

/** What the card takes at the live cadence: half of the series counters, polls with a little jitter. */
async function live(): Promise<void> {
  const dataDir = mkdtempSync(path.join(work, "live-"));
  const table = createSeriesTable();
  const state = { nowMs: startMs };
  const store = await startedStore({ dataDir, clock: clockAt(state), series: table });
  const random = chance();
  const list = Array.from({ length: 25_000 }, (_, i) =>
    table.of(deviceId(`sw${Math.floor(i / 250)}`), i % 2 ? "if_in_octets" : "temperature", `p${i % 250}`),
  );
  const counts = Float64Array.from(list, () => Math.floor(random() * 1e12));
  const ioBefore = ioOf("self", "write_bytes");
  const cpuBefore = process.cpuUsage();
  const seconds = 7_200;
  let samples = 0;
  for (let second = 0; second < seconds; second++) {
    state.nowMs = startMs + second * 1_000;
    const mine = list.filter((one) => Math.floor(one.index / 250) % 60 === second % 60);
    const rates = mine.map(() => 10 ** (2 + 4 * random()));
    const atMs = state.nowMs + Math.floor(random() * 40);
    await store.write({
      length: mine.length,
      series: mine,
      timesMs: new Float64Array(mine.length).fill(atMs),
      values: Float64Array.from(mine, (one, i) =>
        one.kind === "counter" ? rates[i]! : Math.round(200 + 30 * random()) / 10,
      ),
      counts: Float64Array.from(mine, (one, i) => {
        if (one.kind !== "counter") return Number.NaN;
        counts[one.index]! += Math.floor(rates[i]! * 60);
        return counts[one.index]!;
      }),
    });
    samples += mine.length;
    if (second % 3_600 === 330) await store.maintain();
  }
  const used = process.cpuUsage(cpuBefore);
  const { usedBytes } = store.status() ?? { usedBytes: 0 };
  await store.close();
  const written = ioOf("self", "write_bytes") - ioBefore;
  print("live", {
    liveSamples: samples,
    gbWrittenPerDay: Number(((written / seconds) * 86_400 * 1e-9).toFixed(2)),
    cpuPercentOfACore: Number((((used.user + used.system) / seconds) * 1e-4).toFixed(2)),
    usedBytes,
    rssMiB: Math.round(process.memoryUsage().rss / 1_048_576),
  });
  rmSync(dataDir, { recursive: true });
}

/** Pages of the raw chunks and their shared times; without those of coarser resolutions. */
async function rawBytes(dataDir: string): Promise<number> {
  const { default: Database } = await import("better-sqlite3");
  const db = new Database(path.join(dataDir, "series.db"), { readonly: true });
  try {
    const sizes = db.prepare("SELECT sum(length(data) + 15) FROM raw").pluck().get();
    return Number(sizes);
  } finally {
    db.close();
  }
}

async function remote(): Promise<void> {
  const influxd = await startInfluxd(work);
  const table = createSeriesTable();
  const deps = {
    clock: clockAt({ nowMs: startMs }),
    log: silentLog,
    series: table,
    dataDir: work,
    site: "bench",
    tagsOf: () => none,
    followers: [],
  };
  const store = influx.create(influx.config.parse({ url: influxd.url }), deps);
  const list = listOf(table, "count");
  const ticks = () => {
    const fields = readFileSync(`/proc/${influxd.pid()}/stat`, "latin1").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  };
  const cpuUs = await feed(list, (batch) => store.write(batch));
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  const asked = await queries(store, list[1_234 % count]!);
  print("influx", {
    bytesPerSample: per(bytesBelow(influxd.folder)),
    clientCpuUsPerSample: per(cpuUs),
    serverCpuUsPerSample: per(ticks()),
    writtenPerSample: per(ioOf(influxd.pid(), "write_bytes"), 1),
    ...asked,
  });
  await store.close();
  await influxd.stop();
}

const none = {};

function print(kind: string, figures: Record<string, number>): void {
  process.stdout.write(`${JSON.stringify({ kind, days, series: count, samples: total, ...figures })}\n`);
}

for (const kind of kinds.length > 0 ? kinds : ["local", "rates", "influx"]) {
  if (kind === "live") await live();
  else if (kind !== "influx") await local(kind);
  else if (serverPath("influxd")) await remote();
  else process.stdout.write("influxd is not installed: no comparison\n");
}
rmSync(work, { recursive: true, force: true });
