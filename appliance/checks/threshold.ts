import { z } from "zod";
import type { CheckPlugin, Judgement } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import { measuredWords, quantityText } from "../model/quantity.ts";

const number = () => z.number({ error: "expected a number" });

const config = z
  .strictObject({
    over: number().optional().describe("Broken above this number."),
    under: number().optional().describe("Broken below this number."),
    is: z
      .array(number(), { error: "expected a list of numbers" })
      .min(1)
      .optional()
      .describe("Broken at one of these numbers: for states."),
    clear: number()
      .optional()
      .describe("Repaired again at or beyond this number. Default: the limit itself."),
    summary: z
      .string({ error: "expected text" })
      .max(200)
      .optional()
      .describe("The sentence; {name}, {what}, {value} and {limit} are replaced."),
  })
  .refine(({ over, under, is }) => [over, under, is].filter((one) => one !== undefined).length === 1, {
    error: "expected one of over, under, is",
  })
  .refine(
    ({ over, under, clear }) =>
      clear === undefined || (over !== undefined && clear <= over) || (under !== undefined && clear >= under),
    { error: "expected clear on the good side of the limit", path: ["clear"] },
  );
type Settings = z.infer<typeof config>;

/** Broken or not; inside the band between limit and `clear` it stays as it was. */
function isBroken(settings: Settings, value: number, was: boolean): boolean {
  const { over, under, is, clear } = settings;
  if (is) return is.includes(value);
  if (over !== undefined) return was ? value > (clear ?? over) : value > over;
  if (under !== undefined) return was ? value < (clear ?? under) : value < under;
  return false;
}

function limitWords(settings: Settings, unit: string, digits?: number): string {
  const { over, under, is } = settings;
  if (over !== undefined) return `over ${quantityText(over, unit, digits)}`;
  if (under !== undefined) return `under ${quantityText(under, unit, digits)}`;
  return `one of ${(is ?? []).join(", ")}`;
}

export const check = {
  type: "threshold",
  summary: "A value is over or under a limit, with a band against flapping.",
  config,
  about: "series",
  windowMs: 0,
  create: () => ({
    judge({ device, series, columns }, settings, { previous }): Judgement {
      const value = columns.values.at(-1);
      if (!series || value === undefined) return { broken: false, unknown: true, summary: "", evidence: [] };
      const broken = isBroken(settings, value, previous?.broken ?? false);
      if (!broken) return { broken, summary: "", evidence: [], value };
      const entry = metricOf(series.metric);
      const unit = series.kind === "counter" ? `${series.unit}/s` : series.unit;
      const text = quantityText(value, unit, entry?.digits);
      const limit = limitWords(settings, unit, entry?.digits);
      const what = measuredWords(device, series.metric, series.channel);
      const words: Readonly<Record<string, string>> = {
        what,
        value: text,
        limit,
      };
      return {
        broken,
        summary: (settings.summary ?? "{what} of {name} is at {value}.").replaceAll(
          /\{(what|value|limit)\}/g,
          (_all, key: string) => words[key] ?? "",
        ),
        evidence: [`${series.id}: ${text}; limit: ${limit}`],
        value,
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
