import t from "tap";
import { type Columns, withGapsOfSilence } from "../../appliance/model/series.ts";

const minuteMs = 60_000;

/** One step a minute; `_` is a step without a sample. */
function steps(picture: string): Columns {
  const avg = Float64Array.from(picture, (sign) => (sign === "_" ? Number.NaN : Number(sign)));
  return {
    timesMs: avg.map((_, at) => at * minuteMs),
    min: avg,
    avg,
    max: avg,
    step: minuteMs,
    source: "memory",
  };
}

function picture({ timesMs, avg, min, max }: Columns): string {
  t.equal(new Set([timesMs.length, avg.length, min.length, max.length]).size, 1);
  return Array.from(avg, (value) => (Number.isFinite(value) ? String(value) : "_")).join("");
}

const cases = [
  { name: "a step each", given: "123456", kept: "123456" },
  { name: "a sample every third step is one line", given: "1__2__3__4__5", kept: "12345" },
  { name: "silence stays a gap", given: "1__2__3________4__5__6", kept: "123________456" },
  { name: "a sample that came late is no silence", given: "1_2_3____4_5_6", kept: "123456", late: true },
  { name: "empty steps before the first and after the last stay", given: "__1_2_3__", kept: "__123__" },
  { name: "two samples say nothing of what is usual", given: "1________2", kept: "1________2" },
  { name: "of two distances the shorter one is usual", given: "12________3", kept: "12________3" },
  { name: "no sample at all", given: "____", kept: "____" },
];
for (const { name, given, kept, late } of cases) {
  t.test(`for drawing: ${name}`, async (t) => {
    t.equal(picture(withGapsOfSilence(steps(given))), kept);
    if (late) t.equal(picture(withGapsOfSilence(steps("1_2_3_____4_5_6"))), "123_____456", "a step more is");
  });
}

t.test("for drawing: raw samples get a gap where it was silent", async (t) => {
  const raw = (minutes: readonly number[]): Columns => {
    const timesMs = Float64Array.from(minutes, (minute) => minute * minuteMs);
    const avg = timesMs.map(() => 1);
    return { timesMs, min: avg, avg, max: avg, step: "raw", source: "memory" };
  };
  const drawn = withGapsOfSilence(raw([0, 1, 2, 4, 30, 31, 32]));
  t.equal(picture(drawn), "1111_111", "a minute late is no silence, 26 are");
  t.same(
    Array.from(drawn.timesMs).slice(3, 6),
    [4, 5, 30].map((minute) => minute * minuteMs),
  );
  t.equal(picture(withGapsOfSilence(raw([0, 600]))), "11");
});
