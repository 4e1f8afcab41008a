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
