import { readFile } from "node:fs/promises";
import type { DialectPlugin, Message } from "./model/contracts.ts";
import type { Observation } from "./model/observation.ts";
import { createDecoder, type DecoderResult, type NamedDialect } from "./payload/decoder.ts";
import { createDialects } from "./payload/intake.ts";
import { isObject, type Json, type JsonObject, member } from "./payload/json.ts";
import { loadPlugins } from "./plugins.ts";

export interface DecodeIo {
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly nowMs: number;
}

interface Line {
  readonly id: string;
  readonly message?: Message;
  readonly needs: readonly string[];
  readonly problem?: string;
}

const usage = `usage: decode FILE, or decode - for standard input
One JSON object a line: id, topic, payload or payload_base64, retained, needs (ids to feed first).\n`;

/**
 * The `decode` command: what the box would make of messages. A message starts from what it needs, and from nothing else.
 *
 * @returns exit code: 0, 1 when the file cannot be read, 2 when the command line is wrong
 */
export async function runDecode(args: readonly string[], io: DecodeIo): Promise<number> {
  const [file] = args;
  if (file === undefined || args.length > 1) {
    io.stderr.write(usage);
    return 2;
  }
  const text = await textOf(file, io);
  if (text === undefined) {
    io.stderr.write(`${file}: cannot be read\n`);
    return 1;
  }
  const plugins = await loadPlugins<DialectPlugin>(new URL("./dialects/", import.meta.url), "dialect");
  for (const line of decodeLines(text, createDialects(plugins, {}), io.nowMs))
    io.stdout.write(`${JSON.stringify(line)}\n`);
  return 0;
}

/** Decodes each line of `text` by the rules of the command. */
export function* decodeLines(
  text: string,
  dialects: readonly NamedDialect[],
  nowMs: number,
): Generator<Readonly<Record<string, unknown>>> {
  const lines = text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number }) => readLine(line, number, nowMs));
  const byId = new Map(lines.map((line) => [line.id, line]));
  for (const line of lines) {
    if (!line.message) {
      yield { id: line.id, records: [], reason: line.problem };
      continue;
    }
    const decoder = createDecoder(dialects);
    const missing = feedNeeds(line, byId, (message) => decoder.decode(message));
    yield printed(line.id, decoder.decode(line.message), missing);
  }
}

/** Feeds what a line needs, in order, each after its own needs and once. @returns ids that are not there */
function feedNeeds(
  line: Line,
  byId: ReadonlyMap<string, Line>,
  feed: (message: Message) => unknown,
): string[] {
  const fed = new Set([line.id]);
  const missing: string[] = [];
  const visit = (ids: readonly string[]) => {
    for (const id of ids) {
      if (fed.has(id)) continue;
      fed.add(id);
      const needed = byId.get(id);
      if (!needed?.message) {
        missing.push(id);
        continue;
      }
      visit(needed.needs);
      feed(needed.message);
    }
  };
  visit(line.needs);
  return missing;
}

function printed(
  id: string,
  { records, reason, dialect, capped }: DecoderResult,
  missing: readonly string[],
) {
  return {
    id,
    ...(dialect === undefined ? {} : { dialect }),
    records: records.map(printedRecord),
    ...(records.length === 0 ? { reason: reason ?? "nothing to read" } : {}),
    ...(capped === undefined ? {} : { capped }),
    ...(missing.length === 0 ? {} : { missing }),
  };
}

function printedRecord(record: Observation): Readonly<Record<string, unknown>> {
  const { timeMs, retained, ...rest } = record as Observation & { timeMs?: number; retained?: boolean };
  if (timeMs === undefined) return rest;
  return { ...rest, ts: new Date(timeMs).toISOString().replace(".000Z", "Z") };
}

async function textOf(file: string, io: DecodeIo): Promise<string | undefined> {
  try {
    if (file !== "-") return await readFile(file, "utf8");
    const parts: Buffer[] = [];
    for await (const part of io.stdin) parts.push(Buffer.from(part as Uint8Array));
    return Buffer.concat(parts).toString("utf8");
  } catch {
    // Said by the caller in one line.
    return undefined;
  }
}

function readLine(text: string, number: number, nowMs: number): Line {
  const nameless = { id: `line ${number}`, needs: [] };
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return { ...nameless, problem: "line is not JSON" };
  }
  if (!isObject(value)) return { ...nameless, problem: "line is not a JSON object" };
  const given = member(value, "id");
  const id = typeof given === "string" || typeof given === "number" ? `${given}` : nameless.id;
  const topic = member(value, "topic");
  const payload = payloadOf(value);
  if (typeof topic !== "string") return { id, needs: [], problem: "topic is missing" };
  if (!payload) return { id, needs: [], problem: "payload is missing" };
  const needs = member(value, "needs");
  return {
    id,
    needs: Array.isArray(needs) ? needs.map(String) : [],
    message: { topic, payload, retained: member(value, "retained") === true, receivedAtMs: nowMs },
  };
}

function payloadOf(line: JsonObject): Buffer | undefined {
  const base64 = member(line, "payload_base64");
  if (typeof base64 === "string") return Buffer.from(base64, "base64");
  const payload = member(line, "payload");
  if (payload === undefined) return undefined;
  return Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
}
