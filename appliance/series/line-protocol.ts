import { metricOf } from "../model/metric.ts";
import type { SampleBatch, Series } from "../model/series.ts";

/** Tags of one series; the same object while nothing changed. */
export type TagsOf = (series: Series) => Readonly<Record<string, string>>;

/** Where a series goes: Telegraf's names. */
export interface Place {
  readonly measurement: string;
  readonly field: string;
  /** Ours times this is what is written. */
  readonly factor: number;
  /** Written as a whole number: a field has one type for ever. */
  readonly whole: boolean;
}

/** Longest tag value: an index of tags lives in the server's memory. */
const tagLimit = 256;

/** Measurements of metrics that the catalogue gives none, by whether a topic is known. */
export const otherMeasurements = { polled: "snmp", published: "mqtt_consumer" } as const;

/** The measurement and field of a metric; `published` when it came by MQTT. */
export function placeOf(metric: string, kind: Series["kind"], published: boolean): Place {
  const known = metricOf(metric)?.influx;
  return {
    measurement: known?.measurement ?? (published ? otherMeasurements.published : otherMeasurements.polled),
    field: known?.field ?? metric,
    factor: known?.factor ?? 1,
    whole: kind === "counter" || known?.whole === true || (kind === "state" && known !== undefined),
  };
}

/**
 * A tag's value as it is written, before escaping: no control characters, no backslashes (the protocol cannot
 * write one at the end), at most 256 characters; empty when nothing is left.
 */
export function cleanTag(value: string): string {
  return value.replace(/\p{C}/gu, "").replaceAll("\\", "/").slice(0, tagLimit).trim();
}

function escapeKey(text: string): string {
  return cleanTag(text).replace(/[,= ]/g, "\\$&");
}

interface Line {
  readonly prefix: string;
  timeMs: number;
  fields: string;
}

interface Known {
  readonly tags: Readonly<Record<string, string>>;
  readonly line: Line;
  readonly field: string;
  readonly place: Place;
}

/** Writes batches as line protocol: samples of one device, channel and time share a line. */
export interface LineWriter {
  /** Text with one line each; precision is milliseconds. */
  lines(batch: SampleBatch, skip?: ReadonlySet<number>): string[];
  place(series: Series): Place;
}

/** @param site - value of the tag `site` */
export function createLineWriter(site: string, tagsOf: TagsOf): LineWriter {
  return new TelegrafLines(site, tagsOf);
}

class TelegrafLines implements LineWriter {
  readonly #site: string;
  readonly #tagsOf: TagsOf;
  readonly #bySeries = new WeakMap<Series, Known>();
  readonly #byPrefix = new Map<string, Line>();

  constructor(site: string, tagsOf: TagsOf) {
    this.#site = site;
    this.#tagsOf = tagsOf;
  }

  place(series: Series): Place {
    return this.#known(series).place;
  }

  lines(batch: SampleBatch, skip?: ReadonlySet<number>): string[] {
    const done: string[] = [];
    const open = new Set<Line>();
    for (let i = 0; i < batch.length; i++) {
      if (skip?.has(i)) continue;
      const { line, field, place } = this.#known(batch.series[i] as Series);
      const text = fieldText(written(batch, i), place);
      if (text === undefined) continue;
      const timeMs = batch.timesMs[i] as number;
      if (line.fields !== "" && line.timeMs !== timeMs) done.push(finish(line));
      line.timeMs = timeMs;
      line.fields += line.fields === "" ? `${field}=${text}` : `,${field}=${text}`;
      open.add(line);
    }
    for (const line of open) if (line.fields !== "") done.push(finish(line));
    return done;
  }

  #known(series: Series): Known {
    const tags = this.#tagsOf(series);
    const cached = this.#bySeries.get(series);
    if (cached && cached.tags === tags) return cached;
    const place = placeOf(series.metric, series.kind, "topic" in tags);
    const all = { ...tags, site: this.#site, device: series.device, channel: series.channel ?? "" };
    const prefix = prefixOf(place.measurement, all);
    // Tags that keep changing must not fill the memory.
    if (this.#byPrefix.size > mostPrefixes) this.#byPrefix.clear();
    const line = this.#byPrefix.get(prefix) ?? { prefix, timeMs: Number.NaN, fields: "" };
    this.#byPrefix.set(prefix, line);
    const known = { tags, line, place, field: escapeKey(place.field) };
    this.#bySeries.set(series, known);
    return known;
  }
}

const mostPrefixes = 200_000;

/** A counter is written as its count, as Telegraf does. */
function written(batch: SampleBatch, at: number): number {
  const isCounter = (batch.series[at] as Series).kind === "counter";
  return (isCounter ? batch.counts[at] : batch.values[at]) as number;
}

function finish(line: Line): string {
  const text = `${line.prefix} ${line.fields} ${line.timeMs}`;
  line.fields = "";
  return text;
}

/** Undefined for what the protocol cannot say: numbers that are not finite. */
function fieldText(value: number, { factor, whole }: Place): string | undefined {
  const scaled = factor === 1 ? value : value * factor;
  if (!Number.isFinite(scaled)) return undefined;
  if (!whole) return String(scaled);
  return Math.abs(scaled) < 9.2e18 ? `${BigInt(Math.round(scaled))}i` : undefined;
}

function prefixOf(measurement: string, tags: Readonly<Record<string, string>>): string {
  const parts = [cleanTag(measurement).replace(/[, ]/g, "\\$&")];
  // Sorted, as the server would otherwise do for each line.
  for (const key of Object.keys(tags).sort()) {
    const value = escapeKey(tags[key] ?? "");
    if (value !== "") parts.push(`${escapeKey(key)}=${value}`);
  }
  return parts.join(",");
}
