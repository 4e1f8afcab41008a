import type { DeviceId, SeriesId } from "./site.ts";

/** All samples of one device, metric and channel. One object per series and process: compare by identity. */
export interface Series {
  readonly id: SeriesId;
  /** Dense number from 0 within this process, for arrays; not stored. */
  readonly index: number;
  readonly device: DeviceId;
  readonly metric: string;
  readonly channel?: string;
  readonly unit: string;
  /** A counter's stored value is its rate a second. */
  readonly kind: "gauge" | "counter" | "state";
}

/** Samples in columns: what a round is made of and what a store writes. All columns have `length` entries in use. */
export interface SampleBatch {
  readonly length: number;
  readonly series: readonly Series[];
  /** Unix milliseconds. */
  readonly timesMs: Float64Array;
  /** Finite; for a counter the rate a second, NaN where only the count is known yet. */
  readonly values: Float64Array;
  /** For a counter the count itself (nearest double), else NaN. */
  readonly counts: Float64Array;
}

/** One step of a query: NaN where there is no sample, so gaps stay gaps. */
export interface Columns {
  /** Start of each step, Unix milliseconds, increasing. */
  readonly timesMs: Float64Array;
  readonly min: Float64Array;
  readonly avg: Float64Array;
  readonly max: Float64Array;
  /** Which resolution answered. */
  readonly step: "raw" | number;
  /** Who answered. */
  readonly source: "local" | "influx" | "memory";
}

/** Samples may be this much further apart than usual before it counts as silence. */
const silence = 2.5;

/**
 * Columns for drawing a line: empty steps between samples that are no further apart than is usual for the series are
 * left out, so that a sensor heard every ten minutes gives one line. Where it was silent for longer the gap stays.
 */
export function withoutUsualGaps(columns: Columns): Columns {
  const { timesMs, avg } = columns;
  const filled = Array.from(avg.keys()).filter((at) => Number.isFinite(avg[at]));
  const time = (at: number | undefined) => timesMs[at ?? 0] ?? Number.NaN;
  const distances = filled.slice(1).map((at, before) => time(at) - time(filled[before]));
  const sorted = [...distances].sort((a, b) => a - b);
  // The lower median: of two distances the longer one may be the silence. One alone says nothing.
  const usualMs = sorted.length < 2 ? 0 : (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
  const kept: number[] = [];
  let next = 0;
  for (const at of timesMs.keys()) {
    if (filled[next] === at) next++;
    else if (next > 0 && next < filled.length && (distances[next - 1] ?? 0) <= silence * usualMs) continue;
    kept.push(at);
  }
  if (kept.length === timesMs.length) return columns;
  const pick = (column: Float64Array) => Float64Array.from(kept, (at) => column[at] ?? Number.NaN);
  return {
    ...columns,
    timesMs: pick(timesMs),
    min: pick(columns.min),
    avg: pick(avg),
    max: pick(columns.max),
  };
}
