import type { z } from "zod";
import { Secret } from "../model/secret.ts";
import { isSecretAt, keysAt } from "./schema-walk.ts";
import { didYouMean } from "./suggest.ts";

export type Path = readonly PropertyKey[];

/** Something wrong at a path of the file, before it is known where that stands. */
export interface Finding {
  readonly path: Path;
  /** The key itself is wrong, not what stands behind it. */
  readonly atKey?: boolean;
  /** What was expected, what was there, and what may have been meant. Never a secret. */
  readonly message: string;
}

/** A finding with its place. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `devices[2].snmp.port`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** One line: `porchlight.yaml:12:9: devices[2].snmp.port: expected ..., got ...`. */
export function problemLine(problem: Problem): string {
  const { file, line, column, path, message } = problem;
  return `${file}:${line}:${column}: ${path ? `${path}: ` : ""}${message}`;
}

export function pathText(path: Path): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}

export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<PropertyKey, unknown>)[key];
  }
  return here;
}

const secretKey = /pass|secret|token|community|credential|(?:^|_|-)key$|^(?:auth|priv)$/i;

/** A value as a message may show it: short, one line, no secret. */
export function shown(value: unknown, options: { secret: boolean }): string {
  if (value === null) return "nothing";
  if (value instanceof Secret) return "***";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a section";
  if (options.secret) return typeof value === "string" ? "***" : "a number";
  const text = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/@\s]*@/g, "//***@");
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a section of keys and values",
  record: "a section of keys and values",
};

function limitText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const small = issue.code === "too_small";
  const limit = String(small ? issue.minimum : issue.maximum);
  const what =
    issue.origin === "string"
      ? ` characters`
      : issue.origin === "array" || issue.origin === "set"
        ? ` entries`
        : "";
  return `expected at ${small ? "least" : "most"} ${limit}${what}`;
}

function ownWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${words[issue.expected] ?? issue.expected}`;
    case "too_small":
    case "too_big":
      return limitText(issue);
    case "invalid_value":
      return issue.values.length === 1
        ? `expected ${String(issue.values[0])}`
        : `expected one of ${issue.values.map(String).join(", ")}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    default:
      return "expected something else";
  }
}

/** zod's own wording begins like this; ours and that of plugins never does. */
const zodWords = /^(?:Invalid|Too (?:small|big)|Unrecognized)/;

/** Of the alternatives of a union, the issues of the one that was most likely meant; none when nothing fits at all. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  const wrongForm = (found: z.core.$ZodIssue) =>
    found.path.length === 0 && (found.code === "invalid_type" || found.code === "invalid_value");
  const fitting = issue.errors.filter((branch) => !branch.some(wrongForm));
  return [...fitting].sort((a, b) => a.length - b.length)[0] ?? [];
}

interface Context {
  readonly schema: z.ZodType;
  /** What the schema was given. */
  readonly input: unknown;
  /** Where in the file that stands. */
  readonly base: Path;
  readonly extraKeys: readonly string[];
}

function knownHere(known: readonly string[]): string {
  return known.length > 0 && known.length <= 20 ? `; known here: ${known.join(", ")}` : "";
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, inner: Path, context: Context): Finding[] {
  const known = [...keysAt(context.schema, inner), ...(inner.length === 0 ? context.extraKeys : [])];
  return issue.keys.map((key) => ({
    path: [...context.base, ...inner, key],
    atKey: true,
    message: `unknown key${didYouMean(key, known) || knownHere(known)}`,
  }));
}

function finding(issue: z.core.$ZodIssue, inner: Path, context: Context): Finding {
  const value = valueAt(context.input, inner);
  const path = [...context.base, ...inner];
  const message = zodWords.test(issue.message) ? ownWords(issue) : issue.message;
  if (!message.startsWith("expected")) return { path, message };
  if (value === undefined && inner.length > 0) return { path, message: `${message}, but it is missing` };
  if (issue.code === "custom" && typeof value === "object" && value !== null) return { path, message };
  const secret = isSecretAt(context.schema, inner) || path.some((key) => secretKey.test(String(key)));
  // A text in place of a section is often its password.
  const sectionMeant = typeof value === "string" && keysAt(context.schema, inner).length > 0;
  const got = sectionMeant ? "text" : shown(value, { secret });
  const meant =
    issue.code === "invalid_value" && typeof value === "string"
      ? didYouMean(value, issue.values.map(String))
      : "";
  const [expected = message, hint] = message.split(/(?=; did you mean )/);
  return { path, message: `${expected}, got ${got}${hint ?? meant}` };
}

function open(issue: z.core.$ZodIssue, outer: Path, context: Context): Finding[] {
  const inner = [...outer, ...issue.path];
  if (issue.code === "unrecognized_keys") return unknownKeys(issue, inner, context);
  if (issue.code === "invalid_union") {
    const branch = meantBranch(issue);
    if (branch.length > 0) return branch.flatMap((found) => open(found, inner, context));
  }
  if (issue.code === "invalid_key" || issue.code === "invalid_element") {
    const first = issue.issues[0];
    if (first)
      return [
        {
          path: [...context.base, ...inner],
          atKey: issue.code === "invalid_key",
          message: zodWords.test(first.message) ? ownWords(first) : first.message,
        },
      ];
  }
  return [finding(issue, inner, context)];
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Puts `input` through a schema and words what is wrong.
 *
 * @param base - where in the file the input stands
 * @param extraKeys - keys that another schema takes at the same place, for suggestions
 */
export function parseWith<T>(
  schema: z.ZodType<T>,
  input: unknown,
  base: Path,
  extraKeys: readonly string[] = [],
): Parsed<T> {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  const context = { schema, input, base, extraKeys };
  return {
    ok: false,
    findings: result.error.issues.flatMap((issue) => open(issue, [], context)),
  };
}
