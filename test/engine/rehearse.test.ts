import t from "tap";
import { check as threshold } from "../../appliance/checks/threshold.ts";
import { rehearse } from "../../appliance/engine/rehearse.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import type { Rule } from "../../appliance/model/alert.ts";
import type { CheckPlugin } from "../../appliance/model/contracts.ts";
import { type Device, deviceId } from "../../appliance/model/site.ts";

const id = deviceId("freezer");
const device: Device = {
  id,
  name: "Freezer",
  kind: "sensor",
  group: "Sensors",
  identity: {},
  ports: [],
  sensors: [],
  collectors: ["mqtt"],
  source: "mqtt",
  approved: true,
  firstSeenMs: 0,
};
const series = createSeriesTable().of(id, "temperature", undefined, undefined);
const minuteMs = 60_000;

/** One value a minute. */
function tried(values: readonly number[], settings: Record<string, unknown>, forMs = 0) {
  const rule: Rule = {
    id: "warm",
    check: "threshold",
    metric: "temperature",
    where: { device: [id] },
    settings,
    forMs,
    severity: "warning",
    tell: [],
    origin: "page",
  };
  const column = Float64Array.from(values);
  const columns = {
    timesMs: Float64Array.from(values, (_, at) => at * minuteMs),
    min: column,
    avg: column,
    max: column,
    step: "raw",
    source: "memory",
  } as const;
  return rehearse({ rule, plugin: threshold as CheckPlugin, device, series, columns });
}

const minutes = (firings: readonly { fromMs: number; toMs?: number }[]) =>
  firings.map(({ fromMs, toMs }) => [fromMs / minuteMs, toMs === undefined ? undefined : toMs / minuteMs]);

t.test("each time the limit is passed is one firing, with its end", async (t) => {
  const { firings, values, sinceMs } = tried([20, 28, 29, 26, 20, 30, 20], { over: 27 });
  t.same(minutes(firings), [
    [1, 3],
    [5, 6],
  ]);
  t.equal(values, 7);
  t.equal(sinceMs, 0);
});

t.test("inside the band between limit and clear it goes on", async (t) => {
  t.same(minutes(tried([28, 26.5, 28, 25, 20], { over: 27, clear: 26 }).firings), [[0, 3]]);
});

t.test("what is over before it held long enough does not fire; what holds fires when it did", async (t) => {
  t.same(minutes(tried([28, 28, 20, 28, 28, 28, 28, 20], { over: 27 }, 2 * minuteMs).firings), [[5, 7]]);
});

t.test("what goes on has no end; gaps are no values", async (t) => {
  const { firings, values } = tried([Number.NaN, 20, Number.NaN, 28], { over: 27 });
  t.same(minutes(firings), [[3, undefined]]);
  t.equal(values, 2);
});
