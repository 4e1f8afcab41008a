import { readdirSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId, type SeriesId } from "../../appliance/model/site.ts";
import type { LocalStore } from "../../appliance/series/contract.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { emptyDir } from "../helpers/state.ts";
import { batchOf, chance, dayMs, type Row, startedStore } from "../helpers/stores.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 1, 20);
const sw1 = deviceId("sw1");

async function opened(t: Test, more: { followers?: string[]; retention?: object; dataDir?: string } = {}) {
  const dataDir = more.dataDir ?? emptyDir(t);
  const clock = fakeClock(startMs);
  const series = createSeriesTable();
  const store = await startedStore({ ...more, dataDir, clock, series });
  t.teardown(() => store.close());
  return { dataDir, clock, series, store };
}

async function reopened(t: Test, dataDir: string, nowMs: number, followers?: string[]) {
  const series = createSeriesTable();
  const clock = fakeClock(nowMs);
  const store = await startedStore({ dataDir, clock, series, ...(followers ? { followers } : {}) });
  t.teardown(() => store.close());
  return { series, clock, store };
}

/** A value a minute from `fromMs` to `toMs`, in batches of an hour. */
async function fill(
  store: LocalStore,
  rows: (timeMs: number) => readonly Row[],
  fromMs: number,
  toMs: number,
) {
  for (let hour = fromMs; hour < toMs; hour += hourMs) {
    const all: Row[] = [];
    for (let timeMs = hour; timeMs < Math.min(hour + hourMs, toMs); timeMs += minuteMs)
      all.push(...rows(timeMs));
    await store.write(batchOf(all));
  }
}

async function raw(store: LocalStore, id: SeriesId, fromMs: number, toMs: number) {
  const { timesMs, avg } = await store.query(id, { fromMs, toMs }, "raw");
  return [...timesMs].map((timeMs, at) => [timeMs, avg[at]]);
}

function countRows(dataDir: string, table: string): number {
  const db = new Database(path.join(dataDir, "series.db"), { readonly: true });
  try {
    return Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  } finally {
    db.close();
  }
}

t.test("packed and open hours answer together, before and after a restart", async (t) => {
  const { dataDir, clock, series, store } = await opened(t);
  const rtt = series.of(sw1, "ping_rtt");
  const random = chance();
  const wanted: (number | undefined)[][] = [];
  await clock.advance(3 * hourMs + 31 * minuteMs);
  await fill(
    store,
    (timeMs) => {
      // Seconds drift, as real polls do.
      const atMs = timeMs + Math.floor(random() * 400);
      const value = Math.round(random() * 1e4) / 100;
      wanted.push([atMs, value]);
      return [[rtt, atMs, value]];
    },
    startMs,
    startMs + 3 * hourMs + 30 * minuteMs,
  );
  await store.maintain();
  t.equal(countRows(dataDir, "raw"), 3, "three hours are packed");
  t.ok(countRows(dataDir, "rounds") < 4, "their rounds are gone");
  t.same(await raw(store, rtt.id, startMs, startMs + 4 * hourMs), wanted);
  await store.close();
  const again = await reopened(t, dataDir, clock.nowMs());
  t.same(await raw(again.store, rtt.id, startMs, startMs + 4 * hourMs), wanted);
});

t.test("late samples land in their hour, day and month, and overwrite", async (t) => {
  const { clock, series, store } = await opened(t);
  const load = series.of(sw1, "cpu_used");
  await fill(store, (timeMs) => [[load, timeMs, 10]], startMs, startMs + 12 * dayMs);
  await clock.advance(12 * dayMs);
  await store.maintain();
  const lateMs = startMs + 5 * hourMs + 2 * minuteMs;
  await store.write(
    batchOf([
      [load, lateMs + 1, 70],
      [load, lateMs, 40],
    ]),
  );
  const look = async () => {
    const range = { fromMs: startMs + 5 * hourMs, toMs: startMs + 6 * hourMs };
    const rows = await raw(store, load.id, lateMs, lateMs + 2);
    const five = await store.query(load.id, range, 300_000);
    const hour = await store.query(load.id, range, hourMs);
    return { rows, five: [five.min[0], five.max[0]], hour: [hour.min[0], hour.max[0]] };
  };
  const expected = {
    rows: [
      [lateMs, 40],
      [lateMs + 1, 70],
    ],
    five: [10, 70],
    hour: [10, 70],
  };
  t.same(await look(), expected, "before packing");
  await clock.advance(hourMs + 10 * minuteMs);
  await store.maintain();
  t.same(await look(), expected, "after packing");
  const { avg } = await store.query(
    load.id,
    { fromMs: startMs + 5 * hourMs, toMs: startMs + 5 * hourMs + 300_000 },
    300_000,
  );
  t.equal(avg[0], (10 * 4 + 40 + 70) / 6, "the mean counts the overwritten sample once");
});

t.test("coarse steps give the same from folded chunks as from raw ones", async (t) => {
  const { clock, series, store } = await opened(t);
  const power = series.of(sw1, "power");
  const random = chance(5);
  const values = new Map<number, number>();
  await fill(
    store,
    (timeMs) => {
      if (random() < 0.2) return [];
      values.set(timeMs, Math.round(random() * 1_000));
      return [[power, timeMs, values.get(timeMs) ?? 0]];
    },
    startMs,
    startMs + 15 * dayMs,
  );
  const range = { fromMs: startMs + 2 * dayMs, toMs: startMs + 15 * dayMs };
  const ask = async (stepMs: number) => {
    const { min, avg, max } = await store.query(power.id, range, stepMs);
    return [...min].map((low, at) => [low, Math.round((avg[at] as number) * 100) / 100, max[at]]);
  };
  const before = [await ask(300_000), await ask(hourMs), await ask(dayMs)];
  await clock.advance(15 * dayMs + hourMs);
  await store.maintain();
  t.same([await ask(300_000), await ask(hourMs), await ask(dayMs)], before);
  const lows = [...values].filter(([timeMs]) => timeMs >= range.fromMs && timeMs < range.fromMs + dayMs);
  t.equal(before[2]?.[0]?.[0], Math.min(...lows.map(([, value]) => value)), "and it is the true minimum");
});

t.test("history is let go by age: raw, then five minutes", async (t) => {
  const { dataDir, clock, series, store } = await opened(t, {
    retention: { rawMs: 2 * dayMs, fiveMinutesMs: 8 * dayMs, hourMs: 40 * dayMs },
  });
  const load = series.of(sw1, "load");
  await fill(store, (timeMs) => [[load, timeMs, 1]], startMs, startMs + 20 * dayMs);
  await clock.advance(20 * dayMs + hourMs);
  await store.maintain();
  t.equal(countRows(dataDir, "raw"), 48, "two days of raw hours");
  t.equal(countRows(dataDir, "five"), 8, "eight days of five minutes");
  const old = await store.query(load.id, { fromMs: startMs + 13 * dayMs, toMs: startMs + 14 * dayMs }, "raw");
  t.equal(old.timesMs.length, 288, "older ranges answer from five minutes");
});

t.test("a small limit lets the oldest of the finest go first", async (t) => {
  const { dataDir, clock, series, store } = await opened(t, { retention: { maxBytes: 1_500_000 } });
  const random = chance(3);
  const many = Array.from({ length: 40 }, (_, at) => series.of(sw1, "power", `p${at}`));
  await fill(
    store,
    (timeMs) => many.map((one) => [one, timeMs, random()] as const),
    startMs,
    startMs + 5 * dayMs,
  );
  await clock.advance(5 * dayMs + hourMs);
  await store.maintain();
  const used = store.status()?.usedBytes ?? 0;
  t.ok(countRows(dataDir, "raw") < 5 * 24 * 40, "raw hours went");
  t.ok(countRows(dataDir, "raw") >= 47 * 40, "two days of them stay");
  t.comment(`${used} bytes in use at a limit of 1,500,000`);
});

t.test("the newest counts and values come back after a restart, packed or not", async (t) => {
  const { dataDir, clock, series, store } = await opened(t);
  const octets = series.of(sw1, "if_in_octets", "gi1");
  const load = series.of(sw1, "load");
  await store.write(
    batchOf([
      [octets, startMs, Number.NaN, 5_000],
      [load, startMs, 0.5],
    ]),
  );
  await clock.advance(2 * hourMs);
  await store.maintain();
  t.equal(countRows(dataDir, "rounds"), 0, "nothing is left in the log");
  await store.write(batchOf([[load, startMs + 2 * hourMs, 0.75]]));
  await store.close();
  const again = await reopened(t, dataDir, clock.nowMs());
  const counts = again.store.lastCounts().map(({ series, timeMs, count }) => [series.id, timeMs, count]);
  t.same(counts, [[octets.id, startMs, 5_000]]);
  const values = again.store.lastValues().map(({ series, timeMs, value }) => [series.id, timeMs, value]);
  t.same(values, [
    [octets.id, startMs, Number.NaN],
    [load.id, startMs + 2 * hourMs, 0.75],
  ]);
});

t.test("rounds wait for a follower, and not for one that is no longer named", async (t) => {
  const { dataDir, clock, series, store } = await opened(t, { followers: ["influx"] });
  const load = series.of(sw1, "load");
  await store.write(batchOf([[load, startMs, 1]]));
  await store.write(batchOf([[load, startMs + minuteMs, 2]]));
  await clock.advance(2 * hourMs);
  await store.maintain();
  t.equal(countRows(dataDir, "rounds"), 2);
  store.rounds.setCursor("influx", { live: 1, behind: [] });
  await clock.advance(hourMs);
  await store.maintain();
  t.equal(countRows(dataDir, "rounds"), 1);
  const logged = store.rounds.read(1, store.rounds.lastSeq(), 5_000);
  t.same([logged?.rounds, logged?.throughSeq, logged?.batch.values[0]], [1, 2, 2]);
  await store.close();
  const same = await reopened(t, dataDir, clock.nowMs(), ["influx"]);
  t.same(same.store.rounds.cursor("influx"), { live: 1, behind: [] }, "the cursor survives a restart");
  await same.store.close();
  const without = await reopened(t, dataDir, clock.nowMs());
  await without.store.maintain();
  t.equal(countRows(dataDir, "rounds"), 0);
});

t.test("a database of a newer version is refused and left alone", async (t) => {
  const { dataDir, store } = await opened(t);
  await store.close();
  const db = new Database(path.join(dataDir, "series.db"));
  db.pragma("user_version = 99");
  db.close();
  await t.rejects(reopened(t, dataDir, startMs), { code: "STORE_NEWER" });
  t.notOk(readdirSync(dataDir).some((name) => name.includes("damaged")));
});

t.test("a sample of a wrong clock, far ahead, is kept and holds nothing up", async (t) => {
  const { dataDir, clock, series, store } = await opened(t);
  const load = series.of(sw1, "load");
  await store.write(
    batchOf([
      [load, startMs + 30 * dayMs, 9],
      [load, startMs, 1],
    ]),
  );
  await clock.advance(2 * hourMs);
  await store.maintain();
  t.equal(countRows(dataDir, "rounds"), 0);
  t.same(await raw(store, load.id, startMs + 30 * dayMs, startMs + 30 * dayMs + 1), [
    [startMs + 30 * dayMs, 9],
  ]);
});

t.test("many writes at once are all committed, each with its number", async (t) => {
  const { dataDir, series, store } = await opened(t);
  const load = series.of(sw1, "load");
  await Promise.all(
    Array.from({ length: 200 }, (_, at) => store.write(batchOf([[load, startMs + at * 1_000, at]]))),
  );
  t.equal(store.rounds.lastSeq(), 200);
  t.equal(countRows(dataDir, "rounds"), 200);
  t.equal((await raw(store, load.id, startMs, startMs + hourMs)).length, 200);
});
