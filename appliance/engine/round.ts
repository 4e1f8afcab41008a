import type { SampleBatch, Series } from "../model/series.ts";

/** A round being filled: the columns of a `SampleBatch` with room to grow. */
export interface Round {
  length: number;
  series: Series[];
  timesMs: Float64Array;
  values: Float64Array;
  counts: Float64Array;
}

export function newRound(capacity = 256): Round {
  return {
    length: 0,
    series: [],
    timesMs: new Float64Array(capacity),
    values: new Float64Array(capacity),
    counts: new Float64Array(capacity),
  };
}

function grown(column: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}

/** Makes room for `more` further samples. */
export function reserve(round: Round, more: number): void {
  const needed = round.length + more;
  if (needed <= round.timesMs.length) return;
  const capacity = Math.max(needed, round.timesMs.length * 2);
  round.timesMs = grown(round.timesMs, capacity);
  round.values = grown(round.values, capacity);
  round.counts = grown(round.counts, capacity);
}

export function append(
  round: Round,
  series: Series,
  timeMs: number,
  value: number,
  count = Number.NaN,
): void {
  reserve(round, 1);
  const at = round.length++;
  round.series[at] = series;
  round.timesMs[at] = timeMs;
  round.values[at] = value;
  round.counts[at] = count;
}

/** The round as a store takes it; the columns are shared, so the round must not be filled further. */
export function asBatch(round: Round): SampleBatch {
  return round;
}
