import { allMetrics, metricOf } from "../model/metric.ts";
import { parseDeviceId, parseSeriesId, type SeriesId, seriesId } from "../model/site.ts";
import type { TimeRange } from "../model/time.ts";
import { cleanTag, otherMeasurements, placeOf } from "./line-protocol.ts";
import type { Visit } from "./steps.ts";

/** Name of the retention policy that we make. */
export const policy = "porchlight";
/** A rate needs the count before the range. */
const leadMs = 15 * 60_000;

/** The body of an answer to `/query`, as far as it is read. */
export interface RawResult {
  readonly results?: readonly {
    readonly series?: readonly {
      readonly name: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values?: readonly (readonly unknown[])[];
    }[];
  }[];
}

export interface Select {
  readonly text: string;
  readonly factor: number;
}

const quoteName = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
const quoteText = (text: string) => `'${text.replace(/['\\]/g, "\\$&")}'`;

/** The query for one series; undefined when the id is none. A counter gives its rate a second. */
export function selectFor(
  site: string,
  id: SeriesId,
  range: TimeRange,
  stepMs: number | undefined,
): Select | undefined {
  const parts = parseSeriesId(id);
  if (!parts) return undefined;
  const entry = metricOf(parts.metric);
  const { field, factor } = placeOf(parts.metric, entry?.kind ?? "gauge", false);
  const measurements = entry?.influx ? [entry.influx.measurement] : Object.values(otherMeasurements);
  const from = measurements.map((name) => `${quoteName(policy)}.${quoteName(name)}`).join(",");
  const times = (fromMs: number) => `time >= ${Math.floor(fromMs)}ms AND time < ${Math.ceil(range.toMs)}ms`;
  const tags = [
    `"site" = ${quoteText(cleanTag(site))}`,
    `"device" = ${quoteText(parts.device)}`,
    `"channel" = ${quoteText(cleanTag(parts.channel ?? ""))}`,
  ].join(" AND ");
  const group = `GROUP BY time(${stepMs}ms) fill(none)`;
  const name = quoteName(cleanTag(field));
  if (entry?.kind === "counter") {
    const rates = `SELECT non_negative_derivative(${name}, 1s) AS r FROM ${from} WHERE ${tags} AND ${times(range.fromMs - leadMs)}`;
    const text = `SELECT min(r), mean(r), max(r) FROM (${rates}) WHERE ${times(range.fromMs)} ${group}`;
    return { text: stepMs === undefined ? rates : text, factor };
  }
  const what = stepMs === undefined ? name : `min(${name}), mean(${name}), max(${name})`;
  const tail = stepMs === undefined ? "" : ` ${group}`;
  return { text: `SELECT ${what} FROM ${from} WHERE ${tags} AND ${times(range.fromMs)}${tail}`, factor };
}

/** Gives the rows of an answer to a visitor: `[time, value]` or `[time, min, mean, max]`. */
export function visitRows(result: RawResult, { factor }: Select, range: TimeRange, visit: Visit): void {
  for (const { values = [] } of result.results?.[0]?.series ?? [])
    for (const [timeMs, ...numbers] of values) {
      if (typeof timeMs !== "number" || numbers.some((number) => typeof number !== "number")) continue;
      const scaled = (numbers as number[]).map((number) => (factor === 1 ? number : number / factor));
      const [first = Number.NaN, mean = first, max = first] = scaled;
      // The first step may begin before the range; a raw row before it only served for the rate.
      if (scaled.length === 1) visit(timeMs, first, first, first, 1);
      else visit(Math.max(timeMs, range.fromMs), first, mean, max, 1);
    }
}

/** The newest number of every field of every device and channel: what is there. */
export function seriesQuery(site: string): string {
  return `SELECT last(*) FROM ${quoteName(policy)}./.*/ WHERE "site" = ${quoteText(cleanTag(site))} GROUP BY "device", "channel"`;
}

/** Ids of the series in an answer to `seriesQuery`. */
export function namesIn(result: RawResult): SeriesId[] {
  const metrics = new Map(
    allMetrics().flatMap(({ name, influx }) =>
      influx ? [[`${influx.measurement} ${influx.field}`, name] as const] : [],
    ),
  );
  const found = new Set<SeriesId>();
  for (const { name, tags, columns, values = [] } of result.results?.[0]?.series ?? []) {
    const device = parseDeviceId(tags?.device ?? "");
    if (!device) continue;
    columns.forEach((column, at) => {
      if (!column.startsWith("last_") || values.every((row) => row[at] === null)) return;
      const field = column.slice("last_".length);
      found.add(seriesId(device, metrics.get(`${name} ${field}`) ?? field, tags?.channel || undefined));
    });
  }
  return [...found];
}
