import t from "tap";
import { countedBetween, createRates, hasRestarted, type Taken } from "../../appliance/engine/rates.ts";
import { newRound } from "../../appliance/engine/round.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import type { Readings } from "../../appliance/model/observation.ts";
import { deviceId } from "../../appliance/model/site.ts";

const device = deviceId("switch-1");
const two32 = 2 ** 32;
const two64 = 2n ** 64n;

t.test("countedBetween", async (t) => {
  const cases = [
    { name: "steady", from: 0, to: 5_000, width: 64, sure: true, expected: 5_000 },
    { name: "32 bits wrap once", from: two32 - 100, to: 50, width: 32, sure: true, expected: 150 },
    {
      name: "a likely wrap counts without an uptime too",
      from: two32 - 100,
      to: 50,
      width: 32,
      sure: false,
      expected: 150,
    },
    {
      name: "a restart at a low count is no wrap",
      from: 9_000,
      to: 40,
      width: 32,
      sure: false,
      expected: Number.NaN,
    },
    { name: "64 bits wrap once", from: two64 - 100n, to: 50, width: 64, sure: true, expected: 150 },
    {
      name: "64 bits that fall are a reset",
      from: 9_000,
      to: 40,
      width: 64,
      sure: true,
      expected: Number.NaN,
    },
    {
      name: "above 2^53 every unit counts",
      from: 2n ** 60n,
      to: 2n ** 60n + 7n,
      width: 64,
      sure: true,
      expected: 7,
    },
    { name: "a counter that never wraps", from: 10, to: 5, width: 0, sure: true, expected: Number.NaN },
  ];
  for (const { name, from, to, width, sure, expected } of cases)
    t.same(countedBetween(from, to, width, sure), expected, name);
});

t.test("hasRestarted", async (t) => {
  const minute = 60_000;
  const cases = [
    { name: "time goes on", from: 1_000_000, to: 1_006_000, expected: false },
    { name: "the uptime fell", from: 1_000_000, to: 500, expected: true },
    { name: "the 497-day wrap is no restart", from: two32 - 3_000, to: 3_000, expected: false },
    { name: "restarted between two polls of a young device", from: 3_000, to: 4_000, expected: true },
    { name: "an uptime that stands still says nothing", from: 77, to: 77, expected: false },
    {
      name: "after our own restart: younger than our last reading",
      from: undefined,
      to: 2_000,
      expected: true,
    },
    {
      name: "after our own restart: older than our last reading",
      from: undefined,
      to: 900_000,
      expected: false,
    },
  ];
  for (const { name, from, to, expected } of cases) t.same(hasRestarted(from, to, minute), expected, name);
});

function poller(width = 64, maxRate = Number.NaN) {
  const table = createSeriesTable();
  const rates = createRates();
  const series = [table.of(device, "if_in_octets", "gi0-1")];
  const widths = Uint8Array.of(width);
  const maxRates = Float64Array.of(maxRate);
  return {
    rates,
    series,
    poll(atS: number, count: number | bigint, uptimeTicks?: number, intervalMs = 60_000) {
      const round = newRound();
      const readings: Readings = {
        record: "readings",
        device,
        timeMs: atS * 1_000,
        series,
        values: Float64Array.of(Number(count)),
        widths,
        maxRates,
        ...(typeof count === "bigint" ? { exact: new Map([[0, count]]) } : {}),
        ...(uptimeTicks === undefined ? {} : { uptimeTicks }),
      };
      const taken: Taken = { monotonicMs: 1_000_000 + atS * 1_000, intervalMs };
      rates.readings(readings, taken, round);
      return round.length === 0 ? undefined : round.values[0];
    },
  };
}

t.test("a rate is units a second of the monotonic clock", async (t) => {
  const { poll } = poller();
  t.same(poll(0, 1_000), Number.NaN, "the first count has none");
  t.same(poll(60, 7_000), 100);
});

t.test("a gap of more than three intervals gives none, and the next has one", async (t) => {
  const { poll } = poller();
  poll(0, 0);
  t.same(poll(181, 18_100), Number.NaN);
  t.same(poll(241, 24_100), 100);
});

t.test("a restart gives no rate although the count is larger", async (t) => {
  const { poll } = poller();
  poll(0, 1_000, 500_000);
  t.same(poll(60, 2_000, 1_000), Number.NaN);
  t.same(poll(120, 8_000, 7_000), 100);
});

t.test("a wrap of 32 bits across the wrap of sysUpTime is counted", async (t) => {
  const { poll } = poller(32, 125_000_000);
  poll(0, two32 - 3_000, two32 - 3_000);
  t.same(poll(60, 3_000, 3_000), 100);
});

t.test("more than the port can carry is no rate", async (t) => {
  const { poll } = poller(64, 1_000);
  poll(0, 0);
  t.same(poll(60, 60 * 1_049), 1_049, "a little more is rounding of the device");
  t.same(poll(120, 60 * 1_049 + 60 * 1_051), Number.NaN);
});

t.test("no rate is ever negative or above 1.05 of the speed, whatever the counts do", async (t) => {
  const { poll } = poller(32, 12_500_000);
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let given = 0;
  for (let at = 0; at < 5_000; at++) {
    const rate = poll(
      at * 60,
      Math.floor(random() * two32),
      random() < 0.5 ? Math.floor(random() * two32) : at * 6_000,
    );
    if (rate === undefined || Number.isNaN(rate)) continue;
    given++;
    if (rate < 0 || rate > 12_500_000 * 1.05) t.fail(`rate ${rate}`);
  }
  t.ok(given > 0, "some rates are given");
});

t.test("counts above 2^53 are exact", async (t) => {
  const { poll } = poller();
  poll(0, 2n ** 63n + 1n);
  t.same(poll(60, 2n ** 63n + 121n), 2);
});

t.test("what is no count is left out", async (t) => {
  const { poll } = poller();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1]) t.same(poll(0, value), undefined);
});

t.test("a count from before the start gives a rate at once", async (t) => {
  const one = poller();
  one.rates.restore([{ series: one.series[0]!, timeMs: 40_000, count: 1_000 }], {
    nowMs: 70_000,
    monotonicMs: 1_070_000,
  });
  t.same(one.poll(100, 7_000, 900_000), 100);
  const other = poller();
  other.rates.restore([{ series: other.series[0]!, timeMs: 40_000, count: 1_000 }], {
    nowMs: 70_000,
    monotonicMs: 1_070_000,
  });
  t.same(other.poll(100, 7_000, 500), Number.NaN, "the device restarted while we were away");
});
