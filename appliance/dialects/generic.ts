import { z } from "zod";
import { topicFilter } from "../config/fields.ts";
import type { Decoded, Dialect, DialectPlugin, Message } from "../model/contracts.ts";
import type { Mapping } from "../model/telemetry.ts";
import { topicMatches } from "../model/topic.ts";
import { isDocument, leaves, readDocument } from "../payload/flatten.ts";
import { type Json, parseJson } from "../payload/json.ts";
import { createOutput, type Output } from "../payload/output.ts";
import { guess, type Words, wordsIn } from "../payload/words.ts";

const mapping = z.strictObject({
  topic: topicFilter().describe("Messages it is about."),
  path: z
    .string()
    .max(256)
    .describe("Where the value stands, `readings.0.t`; empty for a bare value.")
    .default(""),
  metric: z
    .string()
    .regex(/^[a-z0-9_]{1,64}$/)
    .describe("What the value is."),
  unit: z.string().max(24).optional().describe("Its unit as the device sends it."),
  channel: z.string().max(64).optional().describe("Its row, if there are several."),
});

const config = z
  .strictObject({
    mappings: z.array(mapping).max(1_000).default([]).describe("Values that the word rules read wrongly."),
  })
  .prefault({});
type Settings = z.output<typeof config>;

/** Plain values and JSON of any shape, by word rules and saved mappings. Source: the design's rules for generic JSON. */
export const dialect = {
  type: "generic",
  summary: "Plain values and JSON of any shape",
  config,
  create: ({ mappings }, saved) => createGeneric(joined(mappings.map(withoutGaps), saved.mappings)),
} satisfies DialectPlugin<Settings>;

const withoutGaps = ({ unit, channel, ...rest }: Settings["mappings"][number]): Mapping => ({
  ...rest,
  ...(unit === undefined ? {} : { unit }),
  ...(channel === undefined ? {} : { channel }),
});

/** The file's mappings, then the pages'; joined anew only when those changed. */
function joined(own: readonly Mapping[], saved: () => readonly Mapping[]): () => readonly Mapping[] {
  let last: readonly Mapping[] | undefined;
  let all = own;
  return () => {
    const now = saved();
    if (now !== last) {
      last = now;
      all = now.length === 0 ? own : [...own, ...now];
    }
    return all;
  };
}

function createGeneric(mappings: () => readonly Mapping[]): Dialect {
  return {
    rank: 1_000,
    fallback: true,
    claims: (topic) => !topic.startsWith("$"),
    device: (topic) => `json:${topic}`,
    decode(message, state) {
      const parsed = parseJson(message.payload);
      if (!parsed.ok) return { records: [], reason: parsed.reason };
      return read(message, parsed.value, mappings(), wordsIn(state));
    },
  };
}

function read(message: Message, value: Json, mappings: readonly Mapping[], words: Words): Decoded {
  const { topic } = message;
  const out = createOutput(message, "generic");
  const device = `json:${topic}`;
  const mine = mappings.length === 0 ? mappings : mappings.filter((m) => topicMatches(m.topic, topic));
  const taken = new Set(mine.map((m) => m.path));
  for (const rule of mine) readMapped(out, device, value, rule);
  const skip = taken.size === 0 ? {} : { skip: (path: readonly string[]) => taken.has(path.join(".")) };
  if (isDocument(value)) readDocument(out, device, value, words, skip);
  else if (!taken.has("")) readBare(out, device, topic, value, words);
  return out.done("no number in it");
}

function readMapped(out: Output, device: string, value: Json, rule: Mapping): void {
  const leaf = leaves(value).find(({ path }) => path.join(".") === rule.path);
  if (leaf)
    out.sample(device, rule.metric, leaf.value, {
      unit: rule.unit,
      channel: rule.channel,
    });
}

function readBare(out: Output, device: string, topic: string, value: Json, words: Words): void {
  if (typeof value !== "number" && typeof value !== "boolean") return;
  const facts = words(topic.slice(topic.lastIndexOf("/") + 1));
  const found = facts.isId ? undefined : guess(facts, value);
  if (found)
    out.sample(device, found.metric, value, {
      unit: found.unit,
      channel: found.channel,
    });
}
