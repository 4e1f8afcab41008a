import { type Json, parseJsonText } from "./json.ts";
import { toNumber } from "./units.ts";

/** A value template that can be read without a template engine. */
export interface Template {
  /** Empty: the payload as it is. */
  readonly source: string;
  /** The value in a payload; undefined when it is not there. */
  read(payload: string): Json | undefined;
}

type Step = (value: Json | undefined) => Json | undefined;

/** The payload as it is. */
export const plainTemplate: Template = { source: "", read: (payload) => payload };

/**
 * Reads the forms of `value_template` that most devices use: `{{ value }}`, `{{ value_json.a.b }}`, with `['a']` and
 * `[0]`, then `float`, `int`, `round(n)`, `default(x)` and one multiplication or division by a number, `multiply(n)`
 * too.
 *
 * @returns undefined for every other form
 * Source: Home Assistant documentation, MQTT sensors and templating.
 */
export function parseTemplate(text: string | undefined): Template | undefined {
  const source = text?.trim() ?? "";
  if (source === "") return plainTemplate;
  const inner = /^\{\{-?\s*([^{}]{1,300}?)\s*-?\}\}$/.exec(source)?.[1];
  const tokens = inner === undefined ? undefined : tokensOf(inner);
  const root = tokens?.[0];
  if (!tokens || (root !== "value" && !root?.startsWith("value_json"))) return undefined;
  const path = pathOf(root);
  const steps = stepsOf(tokens.slice(1));
  if (!path || !steps) return undefined;
  return {
    source,
    read(payload) {
      const start = root === "value" ? payload : jsonAt(payload, path);
      return steps.reduce<Json | undefined>((value, step) => step(value), start);
    },
  };
}

const tokenPattern =
  /\s*(?:(value(?:_json(?:\.\w+|\[\d+\]|\['[^']*'\]|\["[^"]*"\])*)?)|\|\s*(\w+)(?:\(([^()]*)\))?|([*/])\s*(\d+(?:\.\d+)?)|([()]))/y;

/** Tokens: the root, `|name(args)`, `*2`, `/10`, and `)` where a group ends. */
function tokensOf(text: string): string[] | undefined {
  const found: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const match = tokenPattern.exec(text);
    if (!match) return undefined;
    const [, root, filter, args, operator, number, group] = match;
    if (root !== undefined) found.push(root);
    else if (filter !== undefined) found.push(`|${filter}(${args ?? ""})`);
    else if (operator !== undefined) found.push(`${operator}${number}`);
    else if (group === ")") found.push(")");
  }
  return found.filter((token, i) => !(token === ")" && i === 0));
}

function stepsOf(tokens: readonly string[]): Step[] | undefined {
  const steps: Step[] = [];
  let products = 0;
  for (const [i, token] of tokens.entries()) {
    if (token === ")") continue;
    const before = tokens[i - 1] ?? "";
    // Jinja: a filter binds tighter than * and /, so `x / 10 | round(1)` rounds the 10.
    if (token.startsWith("|") && /^[*/]/.test(before)) continue;
    if (/^(?:[*/]|\|multiply\()/.test(token) && ++products > 1) return undefined;
    const step = stepOf(token);
    if (!step) return undefined;
    steps.push(step);
  }
  return steps;
}

function stepOf(token: string): Step | undefined {
  const factor = Number(token.slice(1));
  if (token.startsWith("*")) return numeric((value) => value * factor);
  if (token.startsWith("/")) return factor === 0 ? undefined : numeric((value) => value / factor);
  const [, name = "", args = ""] = /^\|(\w+)\((.*)\)$/.exec(token) ?? [];
  switch (name) {
    case "float":
    case "int":
      return filterNumber(name === "int", args);
    case "multiply": {
      const by = toNumber(args.trim());
      return by === undefined ? undefined : numeric((value) => value * by);
    }
    case "round":
      return numeric((value) => rounded(value, toNumber(args.split(",")[0]?.trim() || "0") ?? 0));
    case "default":
      return (value) => value ?? literal(args);
    case "is_defined":
    case "string":
      return (value) => value;
    default:
      return undefined;
  }
}

function filterNumber(whole: boolean, fallback: string): Step {
  return (value) => {
    const number = toNumber(value) ?? toNumber(fallback.trim());
    return number === undefined || !whole ? number : Math.trunc(number);
  };
}

function numeric(change: (value: number) => number): Step {
  return (value) => {
    const number = toNumber(value);
    return number === undefined ? undefined : change(number);
  };
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** Math.max(0, Math.min(10, digits));
  return Math.round(value * factor) / factor;
}

function literal(text: string): Json | undefined {
  const first = text.split(",")[0]?.trim() ?? "";
  const quoted = /^(['"])(.*)\1$/.exec(first)?.[2];
  return quoted ?? toNumber(first);
}

function pathOf(root: string): string[] | undefined {
  const parts = root.replace(/^value(?:_json)?/, "").match(/\.\w+|\[\d+\]|\['[^']*'\]|\["[^"]*"\]/g) ?? [];
  return parts.length > 12 ? undefined : parts.map((part) => part.replace(/^\.|^\[['"]?|['"]?\]$/g, ""));
}

function jsonAt(payload: string, path: readonly string[]): Json | undefined {
  const parsed = parseJsonText(payload);
  let value: Json | undefined = parsed.ok ? parsed.value : undefined;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, Json>>)[part];
  }
  return value;
}
