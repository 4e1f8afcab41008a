import { isUtf8 } from "node:buffer";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Greatest payload a decoder reads, in bytes. */
export const maxPayloadBytes = 256 * 1024;
/** How deep objects and arrays may nest. */
export const maxJsonDepth = 12;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The payload as text, without a byte order mark; undefined when it is not UTF-8. */
export function textOf(payload: Uint8Array): string | undefined {
  if (payload.length > maxPayloadBytes || !isUtf8(payload)) return undefined;
  return decoder.decode(payload);
}

export type ParsedJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string };

/**
 * Parses JSON from an untrusted payload: UTF-8 only, at most 256 KiB and 12 levels. Bare `NaN` and `Infinity`, which
 * some devices write, become null. Keys `__proto__` are left out; read members by `member`.
 */
export function parseJson(payload: Uint8Array): ParsedJson {
  if (payload.length > maxPayloadBytes) return { ok: false, reason: "payload too large" };
  if (payload.length === 0) return { ok: false, reason: "empty payload" };
  const text = textOf(payload);
  if (text === undefined) return { ok: false, reason: "payload is not UTF-8" };
  return parseJsonText(text);
}

/** As `parseJson`, from text that is already checked to be UTF-8. */
export function parseJsonText(text: string): ParsedJson {
  if (tooDeep(text)) return { ok: false, reason: "JSON too deep" };
  const value = tryParse(text) ?? tryParse(withoutNaN(text));
  if (!value) return { ok: false, reason: "payload is not JSON" };
  return { ok: true, value: value.json };
}

/** Parses JSON that must be an object. */
export function parseObject(
  payload: Uint8Array,
): { readonly ok: true; readonly value: JsonObject } | { readonly ok: false; readonly reason: string } {
  const parsed = parseJson(payload);
  if (!parsed.ok) return parsed;
  if (!isObject(parsed.value)) return { ok: false, reason: "payload is not a JSON object" };
  return { ok: true, value: parsed.value };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own member; nothing inherited is ever seen. */
export function member(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Text of a member; numbers are written out, since some devices send a version as one. */
export function textMember(value: Json | undefined, key: string): string | undefined {
  const found = member(value, key);
  if (typeof found === "number" && Number.isFinite(found)) return `${found}`;
  return typeof found === "string" ? cleanText(found) : undefined;
}

/** Without control characters, trimmed, at most 200 characters; undefined when nothing is left. */
export function cleanText(text: string): string | undefined {
  const clean = text
    .slice(0, 1_000)
    .replace(/\p{C}+/gu, " ")
    .trim()
    .slice(0, 200);
  return clean === "" ? undefined : clean;
}

function tryParse(text: string): { readonly json: Json } | undefined {
  try {
    return {
      json: text.includes("__proto__")
        ? JSON.parse(text, (key, value) => (key === "__proto__" ? undefined : value))
        : JSON.parse(text),
    };
  } catch {
    // Not JSON: the caller counts it by its reason.
    return undefined;
  }
}

function tooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    if (depth > maxJsonDepth) return true;
  }
  return false;
}

/** Position of the quote that ends the string begun at `start`; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length;
}

// Python's json.dumps and several firmwares write NaN and Infinity, which RFC 8259 does not have.
function withoutNaN(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|(?<![\w.])-?(?:NaN|nan|Infinity|inf)(?![\w.])/g, (found) =>
    found.startsWith('"') ? found : "null",
  );
}
