import { z } from "zod";
import { type Rule, severities } from "../model/alert.ts";
import { allMetrics, metricKey, metricOf } from "../model/metric.ts";
import { deviceKinds } from "../model/site.ts";
import { duration, idField } from "./fields.ts";
import { type Finding, type Parsed, type Path, parseWith } from "./problems.ts";
import { asZod, type PluginSection } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

const oneOrMore = <T extends z.ZodType>(entry: T, what: string) =>
  z
    .union([entry, z.array(entry).min(1, { error: `expected at least one ${what}` })], {
      error: `expected a ${what} or a list of them`,
    })
    .transform((value) => (Array.isArray(value) ? value : [value]));

/** Which devices a rule is about: every key given must match, one of its entries is enough. */
export const whereSchema = z
  .strictObject({
    device: oneOrMore(z.string().min(1), "device id")
      .optional()
      .describe("Ids of devices; `*` stands for any run of characters."),
    kind: oneOrMore(z.enum(deviceKinds), "kind").optional().describe("Kinds of devices."),
    group: oneOrMore(z.string().min(1), "group").optional().describe("Groups."),
    room: oneOrMore(z.string().min(1), "room").optional().describe("Rooms."),
    channel: z
      .string({ error: "expected text" })
      .min(1, { error: "expected text, not an empty one" })
      .optional()
      .describe("Channel of the series; `*` stands for any run of characters."),
  })
  .refine((where) => Object.values(where).some((value) => value !== undefined), {
    error: `expected at least one of device, kind, group, room, channel (device: "*" for all)`,
  });

const metricName = z.string({ error: "expected the name of a metric" }).superRefine((name, context) => {
  if (metricOf(name)) return;
  // What devices invented has its unit in the name.
  if (
    /^[^[]+\[[^\]]+\]$/.test(name) &&
    metricKey(name.replace(/\[.*$/, ""), /\[(.*)\]$/.exec(name)?.[1]) === name
  )
    return;
  context.addIssue({
    code: "custom",
    message: `expected a metric of the catalogue, or one of a device's own such as flow[l/min]${didYouMean(
      name,
      allMetrics().map((metric) => metric.name),
    )}`,
  });
});

/** Keys of a rule that belong to no check. */
export const ruleFields = {
  id: idField().describe("Name of the rule; one of the file replaces a shipped one of the same id."),
  check: z
    .string({ error: "expected the type of a check" })
    .describe("The kind of judgement; `off` switches the shipped rule of this id off."),
  metric: metricName.optional().describe("The metric that is judged, for checks about series."),
  where: whereSchema.describe("Which devices it is about."),
  for: duration().prefault("0s").describe("How long it must hold before it is said."),
  severity: z.enum(severities).prefault("warning").describe("Decides order and who is told."),
  tell: z
    .array(idField(), { error: "expected a list of ids under notify" })
    .prefault([])
    .describe("Who is told. Default: everybody under notify."),
};
const ruleBase = z.strictObject(ruleFields);
const ruleKeys = Object.keys(ruleFields);

/** What the rules need of a check plugin. */
export interface CheckSection extends PluginSection {
  readonly about?: "series" | "device";
}

/** A rule, or the wish to have the shipped one of this id no more. */
export type RuleEntry =
  | { readonly kind: "rule"; readonly rule: Rule }
  | { readonly kind: "off"; readonly id: string };

function split(raw: object): {
  base: Record<string, unknown>;
  rest: Record<string, unknown>;
} {
  const base: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(raw)) (ruleKeys.includes(key) ? base : rest)[key] = value;
  return { base, rest };
}

/**
 * Reads one entry of `rules`: the common keys by `ruleFields`, the others by the schema of its check.
 *
 * @param path - where the entry stands, for the findings
 */
export function parseRule(
  raw: unknown,
  checks: ReadonlyMap<string, CheckSection>,
  origin: Rule["origin"],
  path: Path,
): Parsed<RuleEntry> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    return parseWith(ruleBase, raw, path) as Parsed<never>;
  const { base, rest } = split(raw);
  if (base.check === "off") {
    const off = parseWith(z.strictObject({ id: ruleFields.id, check: z.literal("off") }), raw, path);
    return off.ok ? { ok: true, value: { kind: "off", id: off.value.id } } : off;
  }
  const common = parseWith(ruleBase, base, path);
  const findings: Finding[] = common.ok ? [] : [...common.findings];
  const check = checks.get(String(base.check));
  if (!check) {
    if (typeof base.check === "string")
      findings.push({
        path: [...path, "check"],
        message: `expected one of ${[...checks.keys()].join(", ")}, got ${JSON.stringify(base.check.slice(0, 60))}${didYouMean(base.check, checks.keys())}`,
      });
    return { ok: false, findings };
  }
  const settings = parseWith(asZod(check.config, `${check.type}.config`), rest, path, ruleKeys);
  if (!settings.ok) findings.push(...settings.findings);
  if (check.about === "series" && base.metric === undefined)
    findings.push({
      path: [...path, "metric"],
      message: `expected a metric, because the check ${check.type} judges series, but it is missing`,
    });
  if (!common.ok || !settings.ok || findings.length > 0) return { ok: false, findings };
  const { id, metric, where, for: forMs, severity, tell } = common.value;
  return {
    ok: true,
    value: {
      kind: "rule",
      rule: {
        id,
        check: check.type,
        ...(metric === undefined ? {} : { metric }),
        where: where as Rule["where"],
        settings: settings.value,
        forMs,
        severity,
        tell,
        origin,
      },
    },
  };
}

/** Shipped rules with those of the file over them: by id, whole. */
export function layerRules(shipped: readonly Rule[], file: readonly RuleEntry[]): Rule[] {
  const rules = new Map(shipped.map((rule) => [rule.id, rule]));
  for (const entry of file) {
    if (entry.kind === "off") rules.delete(entry.id);
    else rules.set(entry.rule.id, entry.rule);
  }
  return [...rules.values()];
}
