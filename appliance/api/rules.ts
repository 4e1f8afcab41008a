import { z } from "zod";
import { severities } from "../model/alert.ts";
import type { View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { parseSeriesId, type SeriesId } from "../model/site.ts";
import { iso, isoTime, type Operation, operation } from "./operation.ts";

const ruleItem = z
  .object({
    id: z.string(),
    check: z.string(),
    metric: z.string().optional(),
    where: z.record(z.string(), z.unknown()),
    settings: z.record(z.string(), z.unknown()).describe("Of its check."),
    forSeconds: z.number(),
    severity: z.enum(severities),
    tell: z.array(z.string()).describe("Ids of channels; empty: all."),
    origin: z
      .enum(["shipped", "page", "file"])
      .describe("The file wins over pages, pages over what is shipped."),
    version: z.int().describe("Of the page's copy, for the next change; 0: there is none."),
  })
  .meta({ id: "Rule" });

const rehearsal = z
  .object({
    firings: z.array(z.object({ from: isoTime, to: isoTime.optional() })).describe("Oldest first."),
    values: z.int().describe("Values looked at."),
    since: isoTime.optional().describe("The oldest of them."),
  })
  .meta({ id: "Rehearsal" });

const idParam = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: "expected the id of a rule" }),
});
const body = z.record(z.string(), z.unknown()).describe("As in the file, without `id`.");
const version = z.int().min(0).default(0).describe("The version it was read at; 0: a new one.");
const by = z.string().trim().min(1).max(100).default("API").describe("Who changes it.");

function items(view: View): z.input<typeof ruleItem>[] {
  return view.rules().map((rule) => ({
    id: rule.id,
    check: rule.check,
    metric: rule.metric,
    where: { ...rule.where },
    settings: { ...(rule.settings as Record<string, unknown>) },
    forSeconds: rule.forMs / 1_000,
    severity: rule.severity,
    tell: [...rule.tell],
    origin: rule.origin,
    version: view.settings.document("rule", rule.id)?.version ?? 0,
  }));
}

function one(view: View, id: string): z.input<typeof ruleItem> {
  const found = items(view).find((rule) => rule.id === id);
  if (found) return found;
  throw new ApplianceError("NOT_FOUND", `There is no rule "${id}" in force.`);
}

export function ruleOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/rules",
      summary: "Every rule in force.",
      answer: z.object({ items: z.array(ruleItem) }),
      handle: () => ({ items: items(view) }),
    }),
    operation({
      method: "post",
      path: "/rules/:id",
      summary: "Makes or changes a rule; one that the file has stays as it is there.",
      params: idParam,
      body: z.strictObject({ rule: body, version, by }),
      answer: ruleItem,
      handle({ params: { id }, body: { rule, version: known, by: who } }) {
        view.settings.save("rule", id, { ...rule, id }, { by: who, version: known });
        return one(view, id);
      },
    }),
    operation({
      method: "post",
      path: "/rules/:id/remove",
      summary: "Takes a page's rule away; a shipped one of the same id is in force again.",
      params: idParam,
      body: z.strictObject({ version, by }),
      answer: z.object({ removed: z.boolean() }),
      handle({ params: { id }, body: { version: known, by: who } }) {
        const removed = view.settings.document("rule", id) !== undefined;
        view.settings.remove("rule", id, { by: who, version: known });
        return { removed };
      },
    }),
    operation({
      method: "post",
      path: "/rehearse",
      summary: "When a rule would have fired on the stored values of one series.",
      body: z.strictObject({
        rule: body,
        series: z.string().max(300).describe("device:metric[:channel]"),
        days: z.number().min(0.01).max(35).default(30),
      }),
      answer: rehearsal,
      async handle({ body: { rule, series, days } }) {
        if (!parseSeriesId(series)) throw new ApplianceError("NOT_FOUND", `"${series}" is no series.`);
        const toMs = view.clock.nowMs();
        const range = { fromMs: toMs - days * 86_400_000, toMs };
        const tried = await view.rehearse({ id: "rehearsal", ...rule }, series as SeriesId, range);
        return {
          firings: tried.firings.map(({ fromMs, toMs: endMs }) => ({
            from: new Date(fromMs).toISOString(),
            to: iso(endMs),
          })),
          values: tried.values,
          since: iso(tried.sinceMs),
        };
      },
    }),
  ];
}
