import t from "tap";
import { maxPayloadBytes, member, parseJson, textOf } from "../../appliance/payload/json.ts";
import { momentMs } from "../../appliance/payload/times.ts";

const parse = (text: string) => parseJson(Buffer.from(text));

t.test("NaN and Infinity become null, inside texts they stay", async (t) => {
  t.same(parse('{"a":NaN,"b":-Infinity,"c":"NaN, Infinity","d":[nan,1]}'), {
    ok: true,
    value: { a: null, b: null, c: "NaN, Infinity", d: [null, 1] },
  });
});

t.test("12 levels are read, 13 are not, and brackets in texts do not count", async (t) => {
  t.equal(parse(`${"[".repeat(12)}${"]".repeat(12)}`).ok, true);
  t.same(parse(`${"[".repeat(13)}${"]".repeat(13)}`), { ok: false, reason: "JSON too deep" });
  t.equal(parse(`{"a":"${"[".repeat(50)}\\"{"}`).ok, true);
  t.equal(parse(`{"a":"${"[".repeat(50)}`).ok, false);
});

t.test("keys that reach for a prototype are left out or not seen", async (t) => {
  const parsed = parse('{"__proto__":{"x":1},"a":{"__proto__":2,"b":3}}');
  t.ok(parsed.ok && !Object.hasOwn(parsed.value as object, "__proto__"));
  t.equal(parsed.ok && member(parsed.value, "constructor"), undefined);
  t.equal(parsed.ok && member(member(parsed.value, "a"), "b"), 3);
  t.equal(({} as { x?: number }).x, undefined);
});

t.test("bytes that are no text, nothing, and too much have their own reasons", async (t) => {
  t.same(parseJson(Uint8Array.of(0xc3, 0x28)), { ok: false, reason: "payload is not UTF-8" });
  t.same(parseJson(new Uint8Array(0)), { ok: false, reason: "empty payload" });
  t.same(parseJson(new Uint8Array(maxPayloadBytes + 1)), { ok: false, reason: "payload too large" });
  t.equal(textOf(Buffer.from("\ufeffonline")), "online", "a byte order mark is no text");
});

const moments = [
  [1_772_438_100, 1_772_438_100_000],
  [1_772_438_100_123, 1_772_438_100_123],
  ["1772438100", 1_772_438_100_000],
  ["2026-03-02T08:15:04+01:00", Date.UTC(2026, 2, 2, 7, 15, 4)],
  ["2026-03-02T08:15:04.123456789Z", Date.UTC(2026, 2, 2, 8, 15, 4, 123)],
  ["2026-03-02 08:15:04 UTC", Date.UTC(2026, 2, 2, 8, 15, 4)],
  ["2026-03-02T08:15:04+0100", Date.UTC(2026, 2, 2, 7, 15, 4)],
  ["2026-03-02T08:15:04", undefined],
  ["12:30", undefined],
  [12, undefined],
  [1e20, undefined],
  [null, undefined],
] as const;
for (const [value, expected] of moments)
  t.test(`the moment ${JSON.stringify(value)}`, async (t) => t.equal(momentMs(value), expected));
