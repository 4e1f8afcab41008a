import { z } from "zod";
import { metricOf } from "../model/metric.ts";
import {
  columnForms,
  type IdentitySource,
  identityFields,
  type Profile,
  type ProfileColumn,
  type ProfileMatch,
  tableRoles,
} from "../model/profile.ts";
import { deviceKinds } from "../model/site.ts";
import { compileExpression } from "./expression.ts";
import { safePattern } from "./pattern.ts";
import { compileTemplate } from "./template.ts";

const oidPattern = /^[0-2](?:\.(?:0|[1-9]\d{0,9})){1,127}$/;
const namePattern = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** A text that `check` can read; what it throws is the message. */
function checked(check: (text: string) => unknown, what: string) {
  return z
    .union([z.string(), z.number()], { error: `expected ${what}` })
    .transform(String)
    .superRefine((text, context) => {
      try {
        check(text);
      } catch (error) {
        context.addIssue({
          code: "custom",
          message: `not ${what}: ${error instanceof Error ? error.message : "unreadable"}`,
        });
      }
    });
}

const expression = () => checked(compileExpression, "an expression");
const template = () => checked(compileTemplate, "a text with {places}");
const pattern = () => checked(safePattern, "a pattern");
const oid = () => z.string().regex(oidPattern, { error: "expected an OID such as 1.3.6.1.2.1.1" });
const name = () => z.string().regex(namePattern, { error: "expected a name of letters, digits and _" });

const columnOid = z
  .union([z.number().int().min(0), z.string()], { error: "expected a column number or an OID" })
  .transform(String)
  .refine((text) => oidPattern.test(text) || /^\d+(?:\.\d+)*$/.test(text), {
    error: "expected a column number or an OID",
  });

const column = z.union([
  columnOid.transform((text): ProfileColumn => ({ oid: text })),
  z.strictObject({
    oid: columnOid,
    as: z.enum(columnForms).optional(),
    at: z.array(z.int().min(0).max(127)).min(1).optional(),
    via: name().optional(),
  }),
  z.strictObject({
    oid: columnOid,
    as: z.enum(columnForms).optional(),
    of: name(),
    swap: z.tuple([z.string().min(1), z.string().min(1)]),
  }),
  z
    .strictObject({
      oid: columnOid.default(""),
      after: z.string().regex(/^\d+(?:\.\d+)*$/, { error: 'expected arcs such as "1.0", in quotes' }),
      as: z.enum(columnForms).optional(),
      at: z.array(z.int().min(0).max(127)).min(1).optional(),
    })
    .transform((given): ProfileColumn => given),
]);
const columns = z.record(name(), column);

const severity = z.enum(["ok", "warning", "critical", "unknown"]);
const wordPair = z.union([
  z.tuple([z.string().min(1), severity]),
  z
    .string()
    .min(1)
    .transform((text): [string, "ok"] => [text, "ok"]),
]);
const words = z.record(z.string(), wordPair);

const when = expression().optional();
const metric = z
  .string()
  .refine((text) => metricOf(text) !== undefined, { error: "expected a metric of the catalogue" });
const alternatives = z.union([expression().transform((text) => [text]), z.array(expression()).min(1)]);

const sensor = z.strictObject({
  metric,
  value: alternatives,
  description: template(),
  channel: template().optional(),
  when,
  words: z.union([name(), words]).optional(),
  limits: z
    .strictObject({
      low: expression().optional(),
      lowWarn: expression().optional(),
      highWarn: expression().optional(),
      high: expression().optional(),
    })
    .optional(),
  class: z.string().max(24).optional(),
});

const processor = z
  .strictObject({ value: alternatives, description: template(), channel: template().optional(), when })
  .transform((entry) => ({ ...entry, metric: "cpu_used" }));

const pool = z.strictObject({
  description: template(),
  channel: template().optional(),
  when,
  total: expression().optional(),
  used: expression().optional(),
  free: expression().optional(),
  percent: expression().optional(),
});

const supply = z.strictObject({
  description: template(),
  type: template().optional(),
  unit: template().optional(),
  level: expression(),
  capacity: expression().optional(),
  when,
});

const lists = {
  sensors: z.array(sensor).optional(),
  processors: z.array(processor).optional(),
  wireless: z.array(sensor).optional(),
  memory: z.array(pool).optional(),
  storage: z.array(pool).optional(),
};

const table = z.strictObject({
  oid: oid(),
  columns,
  role: z.enum(tableRoles).optional(),
  fields: z.record(name(), expression()).optional(),
  when,
  channel: template().optional(),
  watch: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*(?:\|[A-Za-z_][A-Za-z0-9_]*)*$/, { error: "expected column names" }),
    )
    .optional(),
  supplies: z.array(supply).optional(),
  ...lists,
});

const source = z.union([
  template().transform((text): IdentitySource => ({ text })),
  z.strictObject({
    text: template(),
    pattern: pattern().optional(),
    map: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).optional(),
    when,
    table: name().optional(),
  }),
]);
const sources = z.union([source.transform((one) => [one]), z.array(source)]);

const match = z.union([
  oid().transform((text): ProfileMatch => ({ sysObjectID: text })),
  z
    .strictObject({ sysObjectID: oid().optional(), sysDescr: pattern().optional(), has: oid().optional() })
    .refine((entry) => Object.keys(entry).length > 0, { error: "expected sysObjectID, sysDescr or has" }),
]);

const identity = z.strictObject(
  Object.fromEntries(identityFields.map((field) => [field, sources.optional()])) as Record<
    (typeof identityFields)[number],
    z.ZodOptional<typeof sources>
  >,
);

/** The form of a file in `mibs/profiles`. Short forms are made long; what it gives is a `Profile`. */
export const profileSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: "expected lower-case letters, digits and dashes" }),
    summary: z.string().min(1).max(200),
    source: z.string().min(1).max(2_000),
    extends: z.array(z.string()).optional(),
    match: z.union([match.transform((one) => [one]), z.array(match).min(1)]).optional(),
    without: z.array(z.string()).optional(),
    moved: z
      .strictObject({
        from: oid(),
        to: z.union([oid(), z.strictObject({ sysObjectID: z.int().min(7).max(20) })]),
      })
      .optional(),
    words: z.record(name(), words).optional(),
    identity: identity.optional(),
    scalars: columns.optional(),
    tables: z.record(name(), table).optional(),
    traps: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/), oid()).optional(),
    ...lists,
  })
  .superRefine((profile, context) => {
    const kinds: readonly string[] = deviceKinds;
    profile.identity?.kind?.forEach((entry, position) => {
      const given = entry.map ? Object.values(entry.map) : [entry.text];
      for (const kind of given)
        if (!kind.includes("{") && !kinds.includes(kind))
          context.addIssue({
            code: "custom",
            path: ["identity", "kind", position],
            message: `no kind is called "${kind}"`,
          });
    });
  }) satisfies z.ZodType<Profile>;
