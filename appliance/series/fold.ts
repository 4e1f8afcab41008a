import type { Chunk, Folded } from "./chunk.ts";
import type { HourColumn } from "./collect.ts";
import { stepOf } from "./resolution.ts";

interface Growing {
  timesMs: number[];
  counts: number[];
  min: number[];
  avg: number[];
  max: number[];
}

/** Collects samples, oldest first, into steps of `stepMs`: how many, and their least, mean and greatest value. */
export function createFold(stepMs: number) {
  const steps: Growing = { timesMs: [], counts: [], min: [], avg: [], max: [] };
  let startMs = Number.NaN;
  let count = 0;
  let sum = 0;
  let min = 0;
  let max = 0;
  const close = () => {
    if (count === 0) return;
    steps.timesMs.push(startMs);
    steps.counts.push(count);
    steps.min.push(min);
    steps.max.push(max);
    steps.avg.push(min === max ? min : Math.min(max, Math.max(min, roundMean(sum / count))));
    count = 0;
  };
  return {
    /** `weight` samples at or after `timeMs`, with these extremes and this mean. */
    add(timeMs: number, low: number, mean: number, high: number, weight: number): void {
      const stepStartMs = Math.floor(timeMs / stepMs) * stepMs;
      if (stepStartMs !== startMs) {
        close();
        startMs = stepStartMs;
        sum = 0;
        min = low;
        max = high;
      }
      count += weight;
      sum += mean * weight;
      if (low < min) min = low;
      if (high > max) max = high;
    },
    done(): Folded {
      close();
      return {
        timesMs: Float64Array.from(steps.timesMs),
        counts: Float64Array.from(steps.counts),
        min: Float64Array.from(steps.min),
        avg: Float64Array.from(steps.avg),
        max: Float64Array.from(steps.max),
      };
    },
  };
}

/** A mean of ours carries seven digits: more would be noise that costs six bytes a step. */
function roundMean(mean: number): number {
  return roundDigits(mean, 7, 6);
}

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;

/** Rounds to about `digits` digits, at most `maxDecimals` of them behind the point; never before it. */
export function roundDigits(value: number, digits: number, maxDecimals: number): number {
  const size = Math.abs(value);
  if (!(size < 1e15)) return value;
  let decimals = Math.min(maxDecimals, digits - 1);
  for (let limit = 10; decimals > 0 && size >= limit; limit *= 10) decimals--;
  const power = powers[decimals] as number;
  return Math.round(value * power) / power;
}

/**
 * Puts steps into folded columns.
 *
 * @param range - what `into` holds there is replaced; without it only steps that `into` lacks are added
 */
export function replaceSteps(
  into: Folded | undefined,
  from: Folded,
  range: { readonly fromMs: number; readonly toMs: number } | undefined,
): Folded {
  if (!into) return from;
  const rows: { source: Folded; at: number; timeMs: number }[] = [];
  const kept = new Set<number>();
  into.timesMs.forEach((timeMs, at) => {
    if (range && timeMs >= range.fromMs && timeMs < range.toMs) return;
    rows.push({ source: into, at, timeMs });
    kept.add(timeMs);
  });
  from.timesMs.forEach((timeMs, at) => {
    if (!kept.has(timeMs)) rows.push({ source: from, at, timeMs });
  });
  rows.sort((a, b) => a.timeMs - b.timeMs);
  const column = (name: keyof Folded) => Float64Array.from(rows, (row) => row.source[name][row.at] as number);
  return {
    timesMs: column("timesMs"),
    counts: column("counts"),
    min: column("min"),
    avg: column("avg"),
    max: column("max"),
  };
}

export type Fold = ReturnType<typeof createFold>;

/** Gives samples to a fold, oldest first. */
export function feed(fold: Fold, { timesMs, values }: Chunk): void {
  for (let i = 0; i < timesMs.length; i++) {
    const value = values[i] as number;
    fold.add(timesMs[i] as number, value, value, value, 1);
  }
}

/** Gives steps of a finer resolution to a fold. */
export function feedSteps(fold: Fold, steps: Folded): void {
  for (let i = 0; i < steps.timesMs.length; i++)
    fold.add(
      steps.timesMs[i] as number,
      steps.min[i] as number,
      steps.avg[i] as number,
      steps.max[i] as number,
      steps.counts[i] as number,
    );
}

/** Folds the samples of one hour. */
export function foldColumn(
  { offsetsMs, values }: HourColumn,
  startMs: number,
  resolution: "five" | "hour",
): Folded {
  const fold = createFold(stepOf(resolution));
  feed(fold, { timesMs: offsetsMs.map((offset) => offset + startMs), values });
  return fold.done();
}
