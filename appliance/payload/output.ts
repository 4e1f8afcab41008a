import type { Decoded, Message } from "../model/contracts.ts";
import type { Availability, Description, Observation } from "../model/observation.ts";
import { cleanText } from "./json.ts";
import { canonicalUnit, isBooleanMetric, toBoolean, toCanonical, toNumber } from "./units.ts";

/** At most so many samples come from one message. */
export const maxSamples = 512;

export interface SampleOptions {
  readonly unit?: string | undefined;
  readonly channel?: string | undefined;
  readonly timeMs?: number | undefined;
}

type Facts = {
  [K in keyof Omit<Description, "record" | "device">]?: Description[K] | undefined;
};

/** Collects what one message says, in canonical metrics and units. */
export interface Output {
  /**
   * One reading. Converts to the canonical unit and type; null, NaN, empty text and what does not fit the metric
   * give nothing.
   *
   * @returns whether a sample came out
   */
  sample(device: string, metric: string, value: unknown, options?: SampleOptions): boolean;
  event(device: string, metric: string, value: unknown, options?: SampleOptions): void;
  availability(
    device: string,
    state: Availability["state"],
    options?: {
      readonly timeMs?: number | undefined;
      readonly detail?: string;
    },
  ): void;
  describe(device: string, facts: Facts): void;
  forget(device: string, metric?: string): void;
  /** What came out; `reason` counts only when that is nothing. */
  done(reason?: string): Decoded;
}

/** @param via - type of the dialect, for availability */
export function createOutput(message: Message, via: string): Output {
  const records: Observation[] = [];
  const flag = message.retained ? { retained: true } : {};
  let samples = 0;
  return {
    sample(device, metric, value, options) {
      if (samples >= maxSamples) return false;
      const made = sampleOf(metric, value, options);
      if (!made) return false;
      samples++;
      records.push({ record: "sample", device, ...made, ...flag });
      return true;
    },
    event(device, metric, value, options) {
      const plain = plainValue(value);
      // A retained button press is an old one.
      if (plain === undefined || message.retained) return;
      records.push({ record: "event", device, metric: slug(metric), value: plain, ...placeOf(options) });
    },
    availability(device, state, { timeMs, detail } = {}) {
      records.push({
        record: "availability",
        device,
        via,
        state,
        ...(state === "offline" ? { reason: "will" as const } : {}),
        ...(detail === undefined ? {} : { detail }),
        ...(timeMs === undefined ? {} : { timeMs }),
        ...flag,
      });
    },
    describe(device, facts) {
      const known = Object.entries(facts).filter(([, value]) => value !== undefined);
      if (known.length > 0) records.push({ record: "describe", device, ...Object.fromEntries(known) });
    },
    forget(device, metric) {
      records.push({ record: "forget", device, ...(metric === undefined ? {} : { metric }) });
    },
    done: (reason = "nothing to read") => (records.length > 0 ? { records } : { records, reason }),
  };
}

function placeOf(options: SampleOptions | undefined) {
  return {
    ...(options?.channel === undefined ? {} : { channel: options.channel }),
    ...(options?.timeMs === undefined ? {} : { timeMs: options.timeMs }),
  };
}

function sampleOf(metric: string, value: unknown, options: SampleOptions | undefined) {
  const name = canonicalUnit(metric) === undefined ? slug(metric) : metric;
  const reading = name === "" ? undefined : readingOf(name, value, options?.unit);
  if (!reading) return undefined;
  const unit = reading.unit ? { unit: reading.unit } : {};
  return { metric: name, value: reading.value, ...unit, ...placeOf(options) };
}

/** Lower-case letters, digits and single underscores, at most 64; empty when nothing is left. */
export function slug(text: string): string {
  if (/^[a-z0-9]+(?:_[a-z0-9]+)*$/.test(text) && text.length <= 64) return text;
  return text
    .slice(0, 256)
    .normalize("NFKD")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+/, "")
    .slice(0, 64)
    .replace(/_+$/, "");
}

/** A row name: slugged, without splitting words, for keys such as `DS18B20-1`. */
export function channelOf(text: string): string | undefined {
  const name = text
    .slice(0, 256)
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, "_")
    .replace(/^[_.]+/, "")
    .slice(0, 64)
    .replace(/[_.]+$/, "");
  return name === "" ? undefined : name;
}

/** 12 or 16 lower-case hex digits; undefined for anything else. */
export function macOf(text: string | undefined): string | undefined {
  const digits = text
    ?.toLowerCase()
    .replace(/^0x/, "")
    .replace(/[:.\- ]/g, "");
  return digits !== undefined && /^(?:[0-9a-f]{12}|[0-9a-f]{16})$/.test(digits) ? digits : undefined;
}

function readingOf(
  metric: string,
  value: unknown,
  unit: string | undefined,
): { value: number | boolean | string; unit?: string } | undefined {
  if (isBooleanMetric(metric)) {
    const state = toBoolean(value);
    return state === undefined ? undefined : { value: state };
  }
  if (canonicalUnit(metric) !== undefined) {
    const number = toNumber(value);
    if (number === undefined) return undefined;
    const canonical = toCanonical(metric, number, unit);
    return Number.isFinite(canonical.value) ? canonical : undefined;
  }
  const plain = plainValue(value);
  if (plain === undefined) return undefined;
  const verbatim = unit === undefined ? undefined : cleanText(unit);
  return verbatim === undefined ? { value: plain } : { value: plain, unit: verbatim.slice(0, 24) };
}

function plainValue(value: unknown): number | boolean | string | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return typeof value === "string" ? cleanText(value) : undefined;
}
