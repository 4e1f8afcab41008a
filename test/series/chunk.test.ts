import t, { type Test } from "tap";
import { packChunk, packFolded, packTimes, unpackChunk, unpackFolded } from "../../appliance/series/chunk.ts";
import { packRound, unpackRound } from "../../appliance/series/round.ts";
import { chance } from "../helpers/stores.ts";

const none = () => undefined;
const startMs = Date.UTC(2026, 2, 2, 9);
const minute = (count: number) => Float64Array.from({ length: count }, (_, i) => i * 60_000 + 5_000);

/** The same doubles, bit by bit: -0 and the last digit count. */
function sameBits(t: Test, found: Float64Array, wanted: Float64Array, what: string) {
  const bytes = (values: Float64Array) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");
  t.equal(bytes(found), bytes(wanted), what);
}

function roundTrip(t: Test, offsets: Float64Array, values: Float64Array, what: string) {
  const packed = packChunk(offsets, values, values.length);
  const chunk = unpackChunk(packed, startMs, none);
  sameBits(
    t,
    chunk.timesMs,
    offsets.map((offset) => offset + startMs),
    `times of ${what}`,
  );
  sameBits(t, chunk.values, values, `values of ${what}`);
  return packed.length;
}

const nasty: Record<string, number[]> = {
  "one value": [42],
  zeros: [0, 0, 0, 0],
  "minus zero": [0, -0, 1, -0],
  "largest and smallest": [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE],
  "around 2^53": [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, 2 ** 50, -(2 ** 50), 2 ** 50 - 1],
  tenths: [0.1, 0.2, 0.3, 0.1 + 0.2],
  "six decimals": [0.000001, 123.456789, -5.5],
  "seven decimals": [0.0000001, 1],
  "a large whole and a small fraction": [2 ** 49, 0.000001],
  "up and down": [1e9, -1e9, 1e9, -1e9],
  thirds: [1 / 3, 2 / 3, 4 / 3],
  "a counter that wraps": [4_294_967_290, 4_294_967_295, 3, 9],
};

for (const [name, list] of Object.entries(nasty))
  t.test(`gives back every bit: ${name}`, async (t) => {
    roundTrip(t, minute(list.length), Float64Array.from(list), name);
  });

t.test("gives back every bit of any finite doubles at any increasing times", async (t) => {
  const random = chance();
  const view = new DataView(new ArrayBuffer(8));
  const kinds: (() => number)[] = [
    () => Math.floor(random() * 2 ** 51) * (random() < 0.5 ? -1 : 1),
    () => Math.round(random() * 1e6) / 10 ** Math.floor(random() * 8),
    () => (random() < 0.9 ? 7 : random() * 100),
    () => {
      view.setUint32(0, random() * 2 ** 32);
      view.setUint32(4, random() * 2 ** 32);
      const value = view.getFloat64(0);
      return Number.isFinite(value) ? value : -0;
    },
  ];
  for (let run = 0; run < 400; run++) {
    const count = 1 + Math.floor(random() * 130);
    const kind = kinds[run % kinds.length]!;
    let offset = 0;
    const offsets = Float64Array.from(
      { length: count },
      () => (offset += 1 + Math.floor(random() * 10 ** (run % 5))),
    );
    const values = Float64Array.from({ length: count }, kind);
    const packed = packChunk(offsets, values, count);
    const chunk = unpackChunk(packed, 0, none);
    if (!Buffer.from(chunk.values.buffer).equals(Buffer.from(values.buffer))) t.fail(`values of run ${run}`);
    if (!Buffer.from(chunk.timesMs.buffer).equals(Buffer.from(offsets.buffer))) t.fail(`times of run ${run}`);
  }
  t.pass("400 runs");
});

t.test("a steady value of an hour takes a few bytes", async (t) => {
  const bytes = roundTrip(t, minute(60), new Float64Array(60).fill(1_000), "a steady value");
  t.ok(bytes < 16, `${bytes} bytes`);
});

t.test("a column of times can be shared", async (t) => {
  const offsets = Float64Array.from([12, 60_431, 119_977, 180_003]);
  const values = Float64Array.from([1, 2, 3, 4]);
  const times = packTimes(offsets, 4);
  t.ok(times, "irregular times are worth sharing");
  t.equal(packTimes(minute(4), 4), undefined, "regular ones are not");
  const chunk = unpackChunk(packChunk(offsets, values, 4, 9), startMs, (n) => (n === 9 ? times : undefined));
  t.same(
    [...chunk.timesMs],
    [...offsets].map((offset) => offset + startMs),
  );
  t.throws(() => unpackChunk(packChunk(offsets, values, 4, 9), startMs, none), RangeError);
});

t.test("damaged chunks are refused, never endless", async (t) => {
  const packed = packChunk(
    minute(60),
    Float64Array.from({ length: 60 }, (_, i) => i * i),
    60,
  );
  const random = chance(7);
  let refused = 0;
  for (let run = 0; run < 500; run++) {
    const damaged = packed.slice(0, run % 3 === 0 ? Math.floor(random() * packed.length) : packed.length);
    for (let i = 0; i < 3 && damaged.length > 0; i++)
      damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
    try {
      unpackChunk(damaged, startMs, none);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refused++;
    }
  }
  t.ok(refused > 100, `${refused} of 500 refused`);
});

t.test("folded steps come back as they were", async (t) => {
  const folded = {
    timesMs: Float64Array.from([0, 300_000, 900_000], (offset) => startMs + offset),
    counts: Float64Array.from([5, 5, 3]),
    min: Float64Array.from([1, 2, -3.5]),
    avg: Float64Array.from([1.25, 2, 0]),
    max: Float64Array.from([2, 2, 1e12]),
  };
  t.same(unpackFolded(packFolded(folded, startMs, 300_000), startMs, 300_000), folded);
  const flat = { ...folded, min: folded.avg, max: folded.avg };
  t.same(unpackFolded(packFolded(flat, startMs, 300_000), startMs, 300_000), flat);
});

t.test("a round comes back with counts and without", async (t) => {
  const round = {
    ids: Float64Array.from([5, 6, 7, 900, 3]),
    timesMs: Float64Array.from([startMs, startMs, startMs, startMs - 86_400_000, startMs + 17]),
    values: Float64Array.from([1.5, Number.NaN, 1 / 3, 2 ** 60, -0]),
    counts: Float64Array.from([Number.NaN, 2 ** 53, 123_456_789_012, Number.NaN, Number.NaN]),
  };
  const back = unpackRound(packRound(round));
  t.same(back, round);
  t.ok(Object.is(back.values[4], -0));
});
