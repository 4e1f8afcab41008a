import type { QuarantinedSample } from "../model/rounds.ts";
import type { SampleBatch, Series } from "../model/series.ts";

/** 0 to length - 1. */
export function allPositions(batch: SampleBatch): number[] {
  return Array.from({ length: batch.length }, (_, at) => at);
}

/** A batch of the samples at these positions. */
export function slice(batch: SampleBatch, positions: readonly number[]): SampleBatch {
  const pick = (column: Float64Array) => Float64Array.from(positions, (at) => column[at] as number);
  return {
    length: positions.length,
    series: positions.map((at) => batch.series[at] as Series),
    timesMs: pick(batch.timesMs),
    values: pick(batch.values),
    counts: pick(batch.counts),
  };
}

/**
 * Finds the samples that a store refuses, in a batch that it refused. For one of 5,000 it takes 14 requests:
 * halves, and at the end all others in one.
 *
 * @param accepts - sends a part; false when it was refused for good
 * @returns positions of the refused samples; all others are stored
 */
export async function bisect(
  batch: SampleBatch,
  accepts: (part: SampleBatch) => Promise<boolean>,
): Promise<number[]> {
  const culprits: number[] = [];
  let suspects = allPositions(batch);
  while (suspects.length > 0) {
    const unsent: number[] = [];
    while (suspects.length > 1) {
      const half = suspects.slice(0, suspects.length >> 1);
      const others = suspects.slice(half.length);
      if (await accepts(slice(batch, half))) suspects = others;
      else {
        unsent.push(...others);
        suspects = half;
      }
    }
    culprits.push(...suspects);
    suspects = [];
    if (unsent.length > 0 && !(await accepts(slice(batch, unsent)))) suspects = unsent;
  }
  return culprits;
}

/** What is put aside of refused samples. */
export function quarantinedOf(
  batch: SampleBatch,
  positions: readonly number[],
  reason: string,
): QuarantinedSample[] {
  return positions.map((at) => {
    const count = batch.counts[at] as number;
    return {
      series: (batch.series[at] as Series).id,
      timeMs: batch.timesMs[at] as number,
      value: batch.values[at] as number,
      ...(Number.isNaN(count) ? {} : { count }),
      reason,
    };
  });
}
