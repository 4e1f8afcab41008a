import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { DialectPlugin, Message } from "../../appliance/model/contracts.ts";
import { createDecoder, type DecoderResult } from "../../appliance/payload/decoder.ts";
import { createDialects } from "../../appliance/payload/intake.ts";
import { loadPlugins } from "../../appliance/plugins.ts";

const plugins = await loadPlugins<DialectPlugin>(
  new URL("../../appliance/dialects/", import.meta.url),
  "dialect",
);
const dialects = createDialects(plugins, {});
const fixtures = fileURLToPath(new URL("../fixtures/mqtt/", import.meta.url));

interface Line {
  readonly topic: string;
  readonly payload?: string;
  readonly payload_base64?: string;
  readonly retained?: boolean;
}

function linesOf<T>(file: string): T[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

function messageOf({ topic, payload = "", payload_base64, retained = false }: Line): Message {
  const bytes = payload_base64 === undefined ? Buffer.from(payload) : Buffer.from(payload_base64, "base64");
  return { topic, payload: bytes, retained, receivedAtMs: Date.UTC(2026, 2, 2, 9) };
}

/** Payloads that no device should send; each must give no more than a reason or sound records. */
const hostile: readonly (readonly [string, Uint8Array])[] = [
  ["nothing", new Uint8Array(0)],
  ["a zero byte", Uint8Array.of(0)],
  ["not UTF-8", Uint8Array.of(0xff, 0xfe, 0xc3, 0x28)],
  ["half a document", Buffer.from('{"temperature":27.')],
  ["10,000 levels", Buffer.from("[".repeat(10_000) + "]".repeat(10_000))],
  ["13 levels of objects", Buffer.from(`${'{"a":'.repeat(13)}1${"}".repeat(13)}`)],
  ["1e400", Buffer.from('{"temperature":1e400,"state":1e400}')],
  ["NaN", Buffer.from('{"temperature":NaN,"humidity":-Infinity}')],
  [
    "prototype keys",
    Buffer.from(
      '{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}},"prototype":{"x":1},"value":{"__proto__":1}}',
    ),
  ],
  ["an array", Buffer.from("[1,[2,{}],null]")],
  ["null", Buffer.from("null")],
  ["a long number", Buffer.from("9".repeat(5_000))],
  [
    "wrong types",
    Buffer.from('{"dev":5,"device":[],"o":1,"components":3,"params":7,"metrics":"x","value":{}}'),
  ],
  [
    "2,000 members",
    Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, i])))),
  ],
  ["too large", Buffer.from(`{"a":"${"x".repeat(300_000)}"}`)],
  ["a script", Buffer.from('{"name":"<script>alert(1)</script>","temperature":"<img src=x>"}')],
];

/** What must never come out of a dialect. */
function faultsOf({ records, reason }: DecoderResult, topic: string): string[] {
  const faults: string[] = [];
  if (reason?.includes("failed on it")) faults.push(`${topic}: ${reason}`);
  if (records.length === 0 && reason === undefined) faults.push(`${topic}: nothing, and no reason`);
  if (records.length > 512) faults.push(`${topic}: ${records.length} records`);
  for (const record of records)
    if (record.record === "sample" && typeof record.value === "number" && !Number.isFinite(record.value))
      faults.push(`${topic}: ${record.metric} is not finite`);
  return faults;
}

for (const type of plugins.keys()) {
  const folder = path.join(fixtures, type);
  const cases = existsSync(folder) ? readdirSync(folder) : [];
  t.test(`${type}: has recorded cases`, async (t) => t.ok(cases.length > 0, `messages in ${folder}`));

  for (const name of cases)
    t.test(`${type}: ${name} gives what was expected, message by message`, async (t) => {
      const decoder = createDecoder(dialects);
      const expected = linesOf(path.join(folder, name, "expected.jsonl"));
      const got = linesOf<Line>(path.join(folder, name, "input.jsonl")).map((line) => {
        const { records, reason, dialect } = decoder.decode(messageOf(line));
        return JSON.parse(JSON.stringify({ dialect, records, reason })) as unknown;
      });
      t.same(got, expected);
    });

  t.test(`${type}: hostile payloads on its topics never throw, and leave no trace`, async (t) => {
    const topics = new Set(
      cases.flatMap((name) =>
        linesOf<Line>(path.join(folder, name, "input.jsonl")).map(({ topic }) => topic),
      ),
    );
    const own = dialects.filter((one) => one.type === type);
    for (const [what, payload] of hostile) {
      const decoder = createDecoder(own);
      const messages = [...topics].flatMap((topic) => [
        { topic, payload, retained: false, receivedAtMs: 0 },
        { topic, payload, retained: true, receivedAtMs: 0 },
      ]);
      const faults = messages.flatMap((message) => faultsOf(decoder.decode(message), message.topic));
      t.same(faults, [], what);
    }
    t.equal(({} as { x?: unknown }).x, undefined, "no prototype was touched");
  });

  t.test(`${type}: every payload cut short is survived`, async (t) => {
    for (const name of cases) {
      const decoder = createDecoder(dialects.filter((one) => one.type === type));
      for (const line of linesOf<Line>(path.join(folder, name, "input.jsonl"))) {
        const message = messageOf(line);
        for (let length = 0; length <= message.payload.length; length += 7) {
          const { reason } = decoder.decode({ ...message, payload: message.payload.subarray(0, length) });
          if (reason?.includes("failed on it")) t.fail(`${line.topic} cut at ${length}: ${reason}`);
        }
      }
    }
  });
}

t.test("ranks differ, so that the order is always the same", async (t) => {
  const ranks = dialects.map(({ dialect }) => dialect.rank);
  t.equal(new Set(ranks).size, ranks.length);
});
