import type { LatestValue } from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import type { Round } from "./round.ts";

/** The newest sample of every series, by its stored number: for rates and pages after a restart. */
export interface Lasts {
  readonly timesMs: Float64Array;
  /** NaN where only a count is known, or nothing. */
  readonly values: Float64Array;
  readonly countTimesMs: Float64Array;
  readonly counts: Float64Array;
}

const columns = ["timesMs", "values", "countTimesMs", "counts"] as const;

export function noLasts(size = 1_024): Lasts {
  return {
    timesMs: new Float64Array(size).fill(Number.NaN),
    values: new Float64Array(size).fill(Number.NaN),
    countTimesMs: new Float64Array(size).fill(Number.NaN),
    counts: new Float64Array(size).fill(Number.NaN),
  };
}

function grown(lasts: Lasts, size: number): Lasts {
  const bigger = noLasts(Math.max(size, lasts.timesMs.length * 2));
  for (const name of columns) bigger[name].set(lasts[name]);
  return bigger;
}

/** Takes in a round; a sample older than the one known is left out. Gives back `lasts`, or a larger copy. */
export function updateLasts(lasts: Lasts, round: Round): Lasts {
  let into = lasts;
  for (let i = 0; i < round.ids.length; i++) {
    const id = round.ids[i] as number;
    if (id >= into.timesMs.length) into = grown(into, id + 1);
    const timeMs = round.timesMs[i] as number;
    const value = round.values[i] as number;
    const count = round.counts[i] as number;
    if (!Number.isNaN(value) && !(timeMs < (into.timesMs[id] as number))) {
      into.timesMs[id] = timeMs;
      into.values[id] = value;
    }
    if (!Number.isNaN(count) && !(timeMs < (into.countTimesMs[id] as number))) {
      into.countTimesMs[id] = timeMs;
      into.counts[id] = count;
    }
  }
  return into;
}

export function packLasts(lasts: Lasts): Uint8Array {
  const size = lasts.timesMs.length;
  const bytes = new Uint8Array(size * 8 * columns.length);
  columns.forEach((name, at) => {
    bytes.set(new Uint8Array(lasts[name].buffer, lasts[name].byteOffset, size * 8), at * size * 8);
  });
  return bytes;
}

/** Empty when the bytes are none of ours. */
export function unpackLasts(bytes: Uint8Array | undefined): Lasts {
  if (!bytes || bytes.length === 0 || bytes.length % (8 * columns.length) !== 0) return noLasts();
  const size = bytes.length / 8 / columns.length;
  const lasts = noLasts(size);
  columns.forEach((name, at) => {
    // A copy of its own: the bytes may lie anywhere in a larger buffer, and doubles must be aligned.
    const part = Uint8Array.from(bytes.subarray(at * size * 8, (at + 1) * size * 8));
    lasts[name].set(new Float64Array(part.buffer));
  });
  return lasts;
}

/** The newest count of a counter. */
export interface LastCount {
  readonly series: Series;
  readonly timeMs: number;
  readonly count: number;
}

type SeriesOf = (id: number) => Series | undefined;

export function lastCountsOf(lasts: Lasts, seriesOf: SeriesOf): LastCount[] {
  const found: LastCount[] = [];
  lasts.counts.forEach((count, id) => {
    const series = Number.isNaN(count) ? undefined : seriesOf(id);
    if (series) found.push({ series, timeMs: lasts.countTimesMs[id] as number, count });
  });
  return found;
}

/** Newest values; NaN where only a count is known. */
export function lastValuesOf(lasts: Lasts, seriesOf: SeriesOf): LatestValue[] {
  const found: LatestValue[] = [];
  lasts.values.forEach((value, id) => {
    const count = lasts.counts[id] as number;
    if (Number.isNaN(value) && Number.isNaN(count)) return;
    const series = seriesOf(id);
    if (!series) return;
    const timeMs = (Number.isNaN(value) ? lasts.countTimesMs[id] : lasts.timesMs[id]) as number;
    found.push(Number.isNaN(count) ? { series, timeMs, value } : { series, timeMs, value, count });
  });
  return found;
}
