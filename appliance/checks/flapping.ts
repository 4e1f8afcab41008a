import { z } from "zod";
import type { CheckPlugin, Judgement } from "../model/contracts.ts";
import { measuredWords } from "../model/quantity.ts";
import type { Series } from "../model/series.ts";
import type { Device } from "../model/site.ts";

const windowMs = 30 * 60_000;
/** Broken until no more than this is seen in the window. */
const calm = 1;

const config = z.strictObject({
  changes: z
    .int({ error: "expected a whole number" })
    .min(2)
    .max(100)
    .prefault(6)
    .describe("Broken with so many changes within 30 minutes. A computer that starts makes two to four."),
});
type Settings = z.infer<typeof config>;

/** A port that nobody uses may do as it likes; a series that is no port's is always looked at. */
function isOfInterest({ ports }: Device, { channel }: Series): boolean {
  const port = ports.find(({ id }) => id === channel);
  return port === undefined || port.use !== undefined;
}

/** How often neighbouring values differ. */
function changesIn(values: readonly number[]): number {
  return values.reduce((count, value, at) => count + (at > 0 && value !== values[at - 1] ? 1 : 0), 0);
}

export const check = {
  type: "flapping",
  summary: "A state changes too often: a link that goes up and down.",
  config,
  about: "series",
  windowMs,
  create: () => ({
    judge({ device, series, columns }, { changes }, { previous }): Judgement {
      if (!series || columns.values.length === 0)
        return { broken: false, unknown: true, summary: "", evidence: [] };
      if (!isOfInterest(device, series)) return { broken: false, summary: "", evidence: [] };
      const count = changesIn(columns.values);
      const broken = previous?.broken ? count > calm : count >= changes;
      const what = measuredWords(device, series.metric, series.channel);
      return {
        broken,
        summary: `${what} of {name} goes up and down: ${count} changes within 30 minutes.`,
        evidence: broken ? [`${series.id}: ${count} changes; limit: ${changes}`] : [],
        value: count,
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
