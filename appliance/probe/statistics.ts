/** What a round of replies says, in the unit of the replies. Undefined where there was no reply. */
export interface Spread {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  /** Standard deviation of all replies (Telegraf's `standard_deviation_ms`). */
  readonly deviation: number;
  readonly percentile: (percent: number) => number;
}

/** @param values - unsorted; left as they are */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const avg = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - avg) ** 2, 0) / values.length;
  return {
    min: sorted[0] ?? Number.NaN,
    avg,
    max: sorted.at(-1) ?? Number.NaN,
    deviation: Math.sqrt(variance),
    percentile: (percent) => percentileOf(sorted, percent),
  };
}

/** Linear between the two nearest ranks, as Telegraf's ping does. */
function percentileOf(sorted: readonly number[], percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (rank - below);
}
