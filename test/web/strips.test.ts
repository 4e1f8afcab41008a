import t from "tap";
import type { StateSpan } from "../../appliance/model/contracts.ts";
import { availability, linePath, percent, slotsOf } from "../../web/strips.ts";

const hourMs = 3_600_000;
const range = { fromMs: 0, toMs: 4 * hourMs };
const spans: StateSpan[] = [
  { state: "ok", fromMs: -hourMs, toMs: 1.5 * hourMs },
  { state: "down", fromMs: 1.5 * hourMs, toMs: 2 * hourMs },
  { state: "ok", fromMs: 2 * hourMs },
];

t.test("a slot shows the worst state in it", async (t) => {
  t.same(slotsOf(spans, range, 4, 4 * hourMs), ["ok", "down", "ok", "ok"]);
});

t.test("nothing is claimed for the time before the first span and after now", async (t) => {
  const young: StateSpan[] = [{ state: "ok", fromMs: 2 * hourMs }];
  t.same(slotsOf(young, range, 4, 2.5 * hourMs), ["none", "none", "ok", "none"]);
});

t.test("a span that ends where a slot begins does not colour it", async (t) => {
  t.same(slotsOf([{ state: "down", fromMs: 0, toMs: hourMs }], range, 4, 4 * hourMs), [
    "down",
    "none",
    "none",
    "none",
  ]);
});

t.test("the share counts known time only: neither unknown nor planned work", async (t) => {
  t.equal(availability(spans, range, 4 * hourMs), 87.5);
  const planned: StateSpan[] = [
    { state: "ok", fromMs: 0, toMs: hourMs },
    { state: "maintenance", fromMs: hourMs, toMs: 2 * hourMs },
    { state: "unknown", fromMs: 2 * hourMs, toMs: 3 * hourMs },
    { state: "warning", fromMs: 3 * hourMs },
  ];
  t.equal(availability(planned, range, 4 * hourMs), 100);
  t.equal(availability([{ state: "unknown", fromMs: 0 }], range, 4 * hourMs), undefined);
});

t.test("a share is never rounded up to 100 percent", async (t) => {
  const shown = (share: number | undefined) => percent(share).replace(/\s/, " ");
  t.equal(shown(99.9999), "99.99 %");
  t.equal(shown(100), "100 %");
  t.equal(shown(97.25), "97.2 %");
  t.equal(shown(undefined), "–");
});

t.test("a line has a gap where there is no sample, and none from zero spread", async (t) => {
  const column = Float64Array.from([1, 2, Number.NaN, 3]);
  const timesMs = Float64Array.from([0, 1, 2, 3].map((hour) => hour * hourMs));
  const columns = { timesMs, min: column, avg: column, max: column, step: hourMs, source: "memory" as const };
  t.equal(linePath(columns, range, 40, 10).path, "M0.0 10.0L10.0 5.0M30.0 0.0");
  const flat = Float64Array.from([7, 7, 7, 7]);
  t.notMatch(linePath({ ...columns, avg: flat }, range, 40, 10).path, "NaN");
  t.equal(linePath({ ...columns, avg: new Float64Array(4).fill(Number.NaN) }, range, 40, 10).path, "");
});
