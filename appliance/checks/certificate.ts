import { z } from "zod";
import type { CheckPlugin, Judgement } from "../model/contracts.ts";

const config = z.strictObject({
  days: z
    .number({ error: "expected a number of days" })
    .min(0)
    .max(365)
    .prefault(21)
    .describe("Broken when the certificate ends in fewer days."),
});
type Settings = z.infer<typeof config>;

function sentence(daysLeft: number): string {
  if (daysLeft < 0) return "The certificate of {name} has ended.";
  const days = Math.floor(daysLeft);
  if (days === 0) return "The certificate of {name} ends within a day.";
  return `The certificate of {name} ends in ${days} ${days === 1 ? "day" : "days"}.`;
}

export const check = {
  type: "certificate",
  summary: "A server's certificate ends soon.",
  config,
  about: "series",
  windowMs: 0,
  create: () => ({
    judge({ series, columns }, { days }): Judgement {
      const value = columns.values.at(-1);
      if (!series || value === undefined) return { broken: false, unknown: true, summary: "", evidence: [] };
      return {
        broken: value < days,
        summary: sentence(value),
        evidence: [`${value.toFixed(1)} days left; limit: ${days} days`],
        value,
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
