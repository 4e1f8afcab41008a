import type { Log, SeriesTable } from "../../appliance/model/contracts.ts";
import type { SampleBatch, Series } from "../../appliance/model/series.ts";
import type { Clock } from "../../appliance/model/time.ts";
import type { LocalStore } from "../../appliance/series/contract.ts";
import { openLocalStore } from "../../appliance/series/local.ts";

/** A log that keeps nothing. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  part: () => silentLog,
};

/** `[series, time, value, count]`; without a count it is no counter's. */
export type Row = readonly [Series, number, number, number?];

export function batchOf(rows: readonly Row[]): SampleBatch {
  return {
    length: rows.length,
    series: rows.map(([series]) => series),
    timesMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    values: Float64Array.from(rows, ([, , value]) => value),
    counts: Float64Array.from(rows, ([, , , count]) => count ?? Number.NaN),
  };
}

export const dayMs = 86_400_000;
export const usualRetention = {
  rawMs: 35 * dayMs,
  fiveMinutesMs: 90 * dayMs,
  hourMs: 730 * dayMs,
  maxBytes: 8e9,
};

export interface StoreFacts {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly series: SeriesTable;
  readonly followers?: readonly string[];
  readonly retention?: Partial<typeof usualRetention>;
}

/** The local store, started. */
export async function startedStore(facts: StoreFacts): Promise<LocalStore> {
  const { retention, ...rest } = facts;
  const store = openLocalStore({
    ...rest,
    log: silentLog,
    settings: { retention: { ...usualRetention, ...retention } },
  });
  await store.start();
  return store;
}

/** Numbers that look like chance and are the same in every run. */
export function chance(seed = 88_172_645): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
