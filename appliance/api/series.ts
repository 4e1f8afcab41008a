import { z } from "zod";
import type { Step, View } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import { type Columns, withGapsOfSilence } from "../model/series.ts";
import { parseSeriesId, type SeriesId } from "../model/site.ts";
import { parseDuration, type TimeRange } from "../model/time.ts";
import { valueUnit } from "./devices.ts";
import { BadRequest } from "./errors.ts";
import { type Operation, operation } from "./operation.ts";

/** More rows of one series than any chart draws. */
const maxRows = 20_000;
const maxSeries = 6;
const dayMs = 86_400_000;

const column = z.array(z.number().nullable());
export const seriesAnswer = z
  .object({
    series: z.array(
      z.object({
        id: z.string(),
        unit: z.string(),
        step: z.union([z.literal("raw"), z.number()]).describe("Seconds of one row, or raw."),
        source: z.enum(["local", "influx", "memory"]).describe("Which store answered."),
        columns: z
          .tuple([column, column, column, column])
          .describe(
            "Times in Unix seconds; smallest, mean and largest value. null is a gap: the series was silent for longer than is usual for it.",
          ),
      }),
    ),
  })
  .meta({ id: "SeriesData" });

const timeField = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: "expected an ISO time such as 2026-03-02T10:00:00Z",
  })
  .transform((text) => Date.parse(text));

const stepField = z
  .string()
  .default("auto")
  .transform((text, context): Step => {
    if (text === "raw" || text === "auto") return text;
    const stepMs = parseDuration(text);
    if (stepMs !== undefined && stepMs >= 1_000) return stepMs;
    context.addIssue({ code: "custom", message: "expected raw, auto or a duration of at least 1s" });
    return z.NEVER;
  });

const idList = z
  .union([z.string(), z.array(z.string())], { error: "expected device:metric[:channel]" })
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .refine((ids) => ids.length <= maxSeries, { error: `expected at most ${maxSeries} series` })
  .refine((ids) => ids.every((id) => id.length <= 300 && parseSeriesId(id) !== undefined), {
    error: "expected device:metric[:channel]",
  });

function numbers(values: Float64Array, factor = 1): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value * factor : null));
}

function unitOf(view: View, id: SeriesId): string {
  const known = view.series.find(id);
  if (known) return valueUnit(known);
  const metric = metricOf(parseSeriesId(id)?.metric ?? "");
  return metric ? valueUnit(metric) : "";
}

function rowsOf(view: View, id: SeriesId, columns: Columns) {
  if (columns.timesMs.length > maxRows)
    throw new BadRequest(
      `step: ${columns.timesMs.length} rows; expected at most ${maxRows}, so a larger step or a shorter range`,
    );
  return {
    id,
    unit: unitOf(view, id),
    step: columns.step === "raw" ? ("raw" as const) : columns.step / 1_000,
    source: columns.source,
    columns: [
      numbers(columns.timesMs, 0.001),
      numbers(columns.min),
      numbers(columns.avg),
      numbers(columns.max),
    ],
  };
}

function rangeOf(from: number | undefined, to: number | undefined, nowMs: number): TimeRange {
  const toMs = to ?? nowMs;
  const fromMs = from ?? toMs - dayMs;
  if (fromMs >= toMs) throw new BadRequest("from: expected a time before `to`");
  if (toMs - fromMs > 3_660 * dayMs) throw new BadRequest("from: expected a range of at most 10 years");
  return { fromMs, toMs };
}

export function seriesOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/series",
      summary: "Values over time of up to 6 series.",
      query: z.strictObject({
        s: idList.describe("device:metric[:channel]; up to 6 times."),
        from: timeField.optional().describe("ISO time; default: 24 hours before `to`."),
        to: timeField.optional().describe("ISO time, excluded; default: now."),
        step: stepField.describe("A duration, `raw` or `auto`."),
      }),
      answer: seriesAnswer,
      async handle({ query: { s, from, to, step } }) {
        const range = rangeOf(from, to, view.clock.nowMs());
        if (typeof step === "number" && (range.toMs - range.fromMs) / step > maxRows)
          throw new BadRequest(`step: expected at most ${maxRows} rows, so a larger step or a shorter range`);
        const series = await Promise.all(
          s.map(async (text) => {
            const id = text as SeriesId;
            return rowsOf(view, id, withGapsOfSilence(await view.store.query(id, range, step)));
          }),
        );
        return { series };
      },
    }),
  ];
}
