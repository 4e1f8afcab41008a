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
 * Columns for drawing a line, with a gap exactly where the series was silent for longer than is usual for it: a sensor
 * heard every ten minutes gives one line. Empty steps between samples of usual distance are left out; raw samples with
 * silence between them get one empty row there.
 */
export function withGapsOfSilence(columns: Columns): Columns {
  const { timesMs, avg } = columns;
  const filled = Array.from(avg.keys()).filter((at) => Number.isFinite(avg[at]));
  const time = (at: number | undefined) => timesMs[at ?? 0] ?? Number.NaN;
  const distances = filled.slice(1).map((at, before) => time(at) - time(filled[before]));
  const usualMs = lowerMedian(distances);
  const rows: { timeMs: number; from?: number }[] = [];
  let next = 0;
  for (const at of timesMs.keys()) {
    const isFilled = filled[next] === at;
    const isSilent = (distances[next - 1] ?? Infinity) > silence * usualMs;
    if (isFilled && isSilent && usualMs > 0 && next > 0 && filled[next - 1] === at - 1)
      rows.push({ timeMs: time(at - 1) + usualMs });
    if (isFilled || isSilent) rows.push({ timeMs: time(at), from: at });
    if (isFilled) next++;
  }
  const pick = (column: Float64Array) =>
    Float64Array.from(rows, ({ from }) => (from === undefined ? Number.NaN : (column[from] ?? Number.NaN)));
  return {
    ...columns,
    timesMs: Float64Array.from(rows, ({ timeMs }) => timeMs),
    min: pick(columns.min),
    avg: pick(avg),
    max: pick(columns.max),
  };
}

/** Of two distances the longer one may be the silence; one alone says nothing of what is usual: 0. */
function lowerMedian(distances: readonly number[]): number {
  const sorted = [...distances].sort((a, b) => a - b);
  return sorted.length < 2 ? 0 : (sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
}
