import type { Store } from "../../appliance/model/contracts.ts";
import type { Columns, Series } from "../../appliance/model/series.ts";
import type { SeriesId } from "../../appliance/model/site.ts";
import { parseSeriesId } from "../../appliance/model/site.ts";
import type { TimeRange } from "../../appliance/model/time.ts";

const dayMs = 86_400_000;

/** How a made-up series moves: around `base`, with the day, with noise, and with rare peaks. */
export interface Shape {
  readonly base: number;
  /** Share of the base that the working day adds. */
  readonly day?: number;
  readonly noise?: number;
  readonly peak?: number;
  readonly min?: number;
  readonly max?: number;
  /** Whole numbers only. */
  readonly whole?: boolean;
  /** Falls by so much a day: toner, battery. */
  readonly fall?: number;
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 16_777_619);
  return value >>> 0;
}

/** The same number between 0 and 1 for the same seed and step. */
function noise(seed: number, step: number): number {
  let value = Math.imul(seed ^ Math.imul(step, 2_654_435_761), 2_246_822_519);
  value ^= value >>> 13;
  value = Math.imul(value, 3_266_489_917);
  return ((value ^ (value >>> 16)) >>> 0) / 4_294_967_296;
}

/** The made-up value of a series at a moment. */
export function valueAt(id: string, shape: Shape, timeMs: number): number {
  const seed = hash(id);
  const minute = Math.floor(timeMs / 60_000);
  const hour = (timeMs % dayMs) / 3_600_000;
  const working = Math.max(0, Math.sin(((hour - 7) / 11) * Math.PI));
  const slow =
    noise(seed, Math.floor(minute / 30)) * (1 - (minute % 30) / 30) +
    noise(seed, Math.floor(minute / 30) + 1) * ((minute % 30) / 30);
  let value = shape.base * (1 + (shape.day ?? 0) * working);
  value += (shape.noise ?? 0) * (noise(seed, minute) - 0.5 + (slow - 0.5));
  if (shape.peak !== undefined && noise(seed + 7, minute) > 0.992)
    value += shape.peak * (0.4 + 0.6 * noise(seed + 9, minute));
  if (shape.fall !== undefined) value -= shape.fall * (((timeMs / dayMs) % 20) - 10);
  value = Math.min(shape.max ?? Infinity, Math.max(shape.min ?? 0, value));
  return shape.whole ? Math.round(value) : value;
}

/** Where a series has no samples. */
export type Silent = (id: SeriesId, timeMs: number) => boolean;

/** A store that makes its samples up as it is asked, once a minute, so that nothing need be kept. */
export function sampleStore(
  shapes: ReadonlyMap<string, Shape>,
  silent: Silent,
  list: () => readonly Series[],
): Store {
  return {
    async write() {},
    async series(matcher) {
      const pattern = new RegExp(`^${matcher.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
      return list()
        .map((series) => series.id)
        .filter((id) => pattern.test(id));
    },
    async query(id, range, step) {
      const shape = shapes.get(id);
      const spanMs = range.toMs - range.fromMs;
      const wanted = typeof step === "number" ? step : spanMs / 1_000;
      const stepMs = Math.max(60_000, Math.ceil(wanted / 60_000) * 60_000);
      return columns(id, shape, range, stepMs, silent);
    },
    async close() {},
  };
}

function columns(
  id: SeriesId,
  shape: Shape | undefined,
  range: TimeRange,
  stepMs: number,
  silent: Silent,
): Columns {
  const first = Math.ceil(range.fromMs / stepMs) * stepMs;
  const length = shape && parseSeriesId(id) ? Math.max(0, Math.ceil((range.toMs - first) / stepMs)) : 0;
  const empty = () => new Float64Array(length).fill(Number.NaN);
  const out = { timesMs: empty(), min: empty(), avg: empty(), max: empty() };
  const per = Math.min(12, stepMs / 60_000);
  for (let index = 0; index < length; index++) {
    const start = first + index * stepMs;
    out.timesMs[index] = start;
    if (!shape) continue;
    if (silent(id, start)) {
      // Who does not answer loses every request; all else has a gap.
      if (id.endsWith(":ping_loss")) out.min[index] = out.avg[index] = out.max[index] = 100;
      continue;
    }
    let [low, high, sum] = [Infinity, -Infinity, 0];
    for (let part = 0; part < per; part++) {
      const value = valueAt(id, shape, start + (part * stepMs) / per);
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    out.min[index] = low;
    out.avg[index] = sum / per;
    out.max[index] = high;
  }
  return { ...out, step: stepMs, source: "memory" };
}
