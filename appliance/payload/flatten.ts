import { isObject, type Json, type JsonObject } from "./json.ts";
import { channelOf, maxSamples, type Output } from "./output.ts";
import { momentMs } from "./times.ts";
import { toNumber } from "./units.ts";
import { guess, type KeyFacts, type Words } from "./words.ts";

const containers = new Set(["data", "payload", "values", "object", "decoded"]);

export interface Leaf {
  /** Members and array positions from the root. */
  readonly path: readonly string[];
  readonly value: Json;
}

/** Every value of a document that is neither object nor array, in document order; at most 2,048. */
export function leaves(root: Json, limit = maxSamples * 4): Leaf[] {
  const found: Leaf[] = [];
  const walk = (value: Json, path: readonly string[]) => {
    if (found.length >= limit) return;
    if (typeof value !== "object" || value === null) {
      found.push({ path, value });
      return;
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  walk(root, []);
  return found;
}

/** The moment that a document's own time key names: the outermost one that can be read. */
export function documentTimeMs(found: readonly Leaf[], words: Words): number | undefined {
  let best: { readonly depth: number; readonly ms: number } | undefined;
  for (const { path, value } of found) {
    if (!words(path.at(-1) ?? "").isTime) continue;
    const ms = momentMs(value);
    if (ms !== undefined && (!best || path.length < best.depth)) best = { depth: path.length, ms };
  }
  return best?.ms;
}

/** Where a reading stands in its document, as metric key and channel parts. */
function placeOf(path: readonly string[]): { key: string; channel: string[] } {
  if (path.length === 1 && !/^\d+$/.test(path[0] ?? "")) return { key: path[0] ?? "", channel: [] };
  let last = path.length - 1;
  while (last > 0 && /^\d+$/.test(path[last] ?? "")) last--;
  const named = path[last] ?? "";
  // A list without a name around it.
  if (/^\d+$/.test(named)) return { key: "value", channel: [...path] };
  const key = named;
  const channel = [...path.slice(0, last), ...path.slice(last + 1)].filter(
    (part) => !containers.has(part.toLowerCase()),
  );
  return { key, channel };
}

/**
 * Reads a free-form document by the word rules: each number, boolean or numeric text becomes a sample.
 *
 * @param words - reads the keys
 * @param timeMs - the moment of the message; absent: the document's own time key, if it has one
 * @param skip - leaves that something else has read
 */
export function readDocument(
  out: Output,
  device: string,
  document: JsonObject | readonly Json[],
  words: Words,
  {
    timeMs,
    skip,
  }: {
    readonly timeMs?: number | undefined;
    readonly skip?: (path: readonly string[]) => boolean;
  } = {},
): void {
  const found = leaves(document);
  const atMs = timeMs ?? documentTimeMs(found, words);
  for (const { path, value } of found) {
    if (skip?.(path)) continue;
    const { key, channel } = placeOf(path);
    const facts = words(key);
    if (!facts.isTime && !facts.isId) readLeaf(out, device, facts, value, channel, atMs);
  }
}

function readLeaf(
  out: Output,
  device: string,
  facts: KeyFacts,
  value: Json,
  before: readonly string[],
  timeMs: number | undefined,
): void {
  const plain = typeof value === "boolean" ? value : toNumber(value);
  if (plain === undefined) return;
  const found = guess(facts, plain);
  if (!found) return;
  const parts = found.channel ? [...before, found.channel] : before;
  out.sample(device, found.metric, plain, {
    unit: found.unit,
    channel: parts.length === 0 ? undefined : channelOf(parts.join(".")),
    timeMs,
  });
}

/** A document that holds readings by the word rules: an object or an array. */
export function isDocument(value: Json): value is JsonObject | readonly Json[] {
  return isObject(value) || Array.isArray(value);
}
