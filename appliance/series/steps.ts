import type { Step } from "../model/contracts.ts";
import type { Columns } from "../model/series.ts";
import type { TimeRange } from "../model/time.ts";

const minuteMs = 60_000;
/** Steps that people can read on an axis. */
const niceMs = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 10_080].map((n) => n * minuteMs);
const autoSteps = 1_000;
/** More steps than this no page can use; the step is doubled until they are fewer. */
const mostSteps = 50_000;

/**
 * The step in milliseconds for a query; undefined for raw samples.
 * `auto` is the smallest readable step that gives at most 1,000 of them.
 */
export function stepMsOf(step: Step, range: TimeRange): number | undefined {
  if (step === "raw") return undefined;
  const lengthMs = Math.max(1, range.toMs - range.fromMs);
  if (step === "auto") {
    const nice = niceMs.find((ms) => lengthMs / ms <= autoSteps);
    return nice ?? Math.ceil(lengthMs / autoSteps / 86_400_000) * 86_400_000;
  }
  let stepMs = Math.max(1, Math.round(step));
  while (lengthMs / stepMs > mostSteps) stepMs *= 2;
  return stepMs;
}

export function emptyColumns(step: Columns["step"], source: Columns["source"]): Columns {
  const none = new Float64Array(0);
  return { timesMs: none, min: none, avg: none, max: none, step, source };
}

/** Takes what a resolution holds: samples (weight 1) or folded steps, in order of time or not. */
export type Visit = (timeMs: number, min: number, avg: number, max: number, weight: number) => void;

export interface Gathering {
  readonly visit: Visit;
  columns(): Columns;
}

/** Collects samples into even steps from the start of the range; steps without a sample are NaN. */
export function gatherSteps(range: TimeRange, stepMs: number, source: Columns["source"]): Gathering {
  const firstMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const count = Math.max(0, Math.ceil((range.toMs - firstMs) / stepMs));
  const min = new Float64Array(count).fill(Number.NaN);
  const max = new Float64Array(count).fill(Number.NaN);
  const sum = new Float64Array(count);
  const weights = new Float64Array(count);
  let any = false;
  return {
    visit(timeMs, low, mean, high, weight) {
      if (timeMs < range.fromMs || timeMs >= range.toMs) return;
      const at = Math.floor((timeMs - firstMs) / stepMs);
      any = true;
      if (!((min[at] as number) <= low)) min[at] = low;
      if (!((max[at] as number) >= high)) max[at] = high;
      sum[at] = (sum[at] as number) + mean * weight;
      weights[at] = (weights[at] as number) + weight;
    },
    columns() {
      if (!any) return emptyColumns(stepMs, source);
      const timesMs = new Float64Array(count);
      for (let at = 0; at < count; at++) {
        timesMs[at] = firstMs + at * stepMs;
        const weight = weights[at] as number;
        sum[at] = weight === 0 ? Number.NaN : (sum[at] as number) / weight;
      }
      return { timesMs, min, avg: sum, max, step: stepMs, source };
    },
  };
}

/** Collects samples as they are, in order of time; of two with one time the later visit stays. */
export function gatherRaw(range: TimeRange, source: Columns["source"]): Gathering {
  const rows: { timeMs: number; min: number; avg: number; max: number }[] = [];
  let increasing = true;
  let folded = false;
  return {
    visit(timeMs, min, avg, max, weight) {
      if (timeMs < range.fromMs || timeMs >= range.toMs) return;
      const before = rows.at(-1);
      if (before && before.timeMs >= timeMs) increasing = false;
      if (weight !== 1 || min !== max) folded = true;
      rows.push({ timeMs, min, avg, max });
    },
    columns() {
      const ordered = increasing
        ? rows
        : [...new Map(rows.map((row) => [row.timeMs, row])).values()].sort((a, b) => a.timeMs - b.timeMs);
      const avg = Float64Array.from(ordered, (row) => row.avg);
      return {
        timesMs: Float64Array.from(ordered, (row) => row.timeMs),
        min: folded ? Float64Array.from(ordered, (row) => row.min) : avg,
        avg,
        max: folded ? Float64Array.from(ordered, (row) => row.max) : avg,
        step: "raw",
        source,
      };
    },
  };
}

/** A test for ids; `*` stands for any run of characters. */
export function matches(matcher: string): (id: string) => boolean {
  const pattern = matcher
    .split("*")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const compiled = new RegExp(`^${pattern}$`, "s");
  return (id) => compiled.test(id);
}
