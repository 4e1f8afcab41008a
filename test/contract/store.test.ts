import t, { type Test } from "tap";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import type { Store, StoreDeps, StorePlugin } from "../../appliance/model/contracts.ts";
import { deviceId, type SeriesId } from "../../appliance/model/site.ts";
import { loadPlugins } from "../../appliance/plugins.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { startInfluxd } from "../helpers/influxd.ts";
import { without } from "../helpers/servers.ts";
import { emptyDir } from "../helpers/state.ts";
import { batchOf, silentLog } from "../helpers/stores.ts";

const plugins = await loadPlugins<StorePlugin>(new URL("../../appliance/stores/", import.meta.url), "store");
const nowMs = Date.UTC(2026, 2, 2, 9, 30);
const minuteMs = 60_000;
const range = { fromMs: nowMs - 3_600_000, toMs: nowMs + minuteMs };

/** What a kind of store needs to be made for a test; a plugin without an entry here fails by name. */
const settings: Record<string, (t: Test) => Promise<unknown>> = {
  memory: async () => ({}),
  local: async () => undefined,
  influx: async (t) => {
    const influxd = await startInfluxd();
    t.teardown(() => influxd.stop());
    return { url: influxd.url };
  },
};

async function opened(t: Test, plugin: StorePlugin) {
  const series = createSeriesTable();
  const make = settings[plugin.type];
  if (!make) throw new Error(`Say in this suite how to make the store "${plugin.type}".`);
  const deps: StoreDeps = {
    clock: fakeClock(nowMs),
    log: silentLog,
    series,
    dataDir: emptyDir(t),
    site: "office",
    tagsOf: () => ({}),
    followers: [],
  };
  const store = plugin.create(plugin.config.parse(await make(t)), deps);
  await store.start();
  t.teardown(() => store.close());
  return { store, series };
}

const sw1 = deviceId("sw1");
const numbers = (values: Float64Array) => [...values].map((value) => (Number.isNaN(value) ? null : value));

async function raw(store: Store, id: SeriesId) {
  const { timesMs, avg } = await store.query(id, range, "raw");
  return [...timesMs].map((timeMs, at) => [(timeMs - nowMs) / minuteMs, avg[at]]);
}

for (const plugin of plugins.values()) {
  const skip = plugin.type === "influx" ? without("influxd") : false;
  t.test(`store ${plugin.type}`, { skip }, async (t) => {
    const { store, series } = await opened(t, plugin);
    const temperature = series.of(sw1, "temperature", "inlet");

    t.test("gives back what was written, in order of time", async (t) => {
      await store.write(
        batchOf([
          [temperature, nowMs - 5 * minuteMs, 21.5],
          [temperature, nowMs - 4 * minuteMs, -0.25],
        ]),
      );
      await store.write(batchOf([[temperature, nowMs - 6 * minuteMs, 1e6 + 1 / 3]]));
      t.same(await raw(store, temperature.id), [
        [-6, 1e6 + 1 / 3],
        [-5, 21.5],
        [-4, -0.25],
      ]);
    });

    t.test("same series and time overwrite", async (t) => {
      await store.write(batchOf([[temperature, nowMs - 5 * minuteMs, 22]]));
      t.same((await raw(store, temperature.id))[1], [-5, 22]);
    });

    t.test("the range includes its start and excludes its end", async (t) => {
      const part = { fromMs: nowMs - 6 * minuteMs, toMs: nowMs - 4 * minuteMs };
      t.equal((await store.query(temperature.id, part, "raw")).timesMs.length, 2);
    });

    t.test("a step gives minimum, mean and maximum; gaps are NaN", async (t) => {
      const humidity = series.of(sw1, "humidity");
      await store.write(
        batchOf([
          [humidity, nowMs - 30 * minuteMs, 40],
          [humidity, nowMs - 29 * minuteMs, 50],
          [humidity, nowMs - 18 * minuteMs, 60],
        ]),
      );
      const part = { fromMs: nowMs - 30 * minuteMs, toMs: nowMs - 10 * minuteMs };
      const columns = await store.query(humidity.id, part, 5 * minuteMs);
      t.same(
        numbers(columns.timesMs),
        [0, 5, 10, 15].map((minute) => part.fromMs + minute * minuteMs),
      );
      t.same(numbers(columns.min), [40, null, 60, null]);
      t.same(numbers(columns.avg), [45, null, 60, null]);
      t.same(numbers(columns.max), [50, null, 60, null]);
      t.equal(columns.step, 5 * minuteMs);
      t.equal(columns.source, plugin.type);
    });

    t.test("a counter is asked for as a rate", async (t) => {
      const octets = series.of(sw1, "if_in_octets", "gi1");
      await store.write(
        batchOf([
          [octets, nowMs - 3 * minuteMs, Number.NaN, 1_000],
          [octets, nowMs - 2 * minuteMs, 100, 7_000],
          [octets, nowMs - 1 * minuteMs, 50, 10_000],
        ]),
      );
      t.same(await raw(store, octets.id), [
        [-2, 100],
        [-1, 50],
      ]);
    });

    t.test("an unknown series gives empty columns", async (t) => {
      const columns = await store.query("nobody:temperature" as SeriesId, range, "auto");
      t.equal(columns.timesMs.length, 0);
    });

    t.test("finds series by pattern", async (t) => {
      await store.write(batchOf([[series.of(deviceId("ap-2"), "cpu_used"), nowMs, 12]]));
      t.same([...(await store.series("sw1:*"))].sort(), [
        "sw1:humidity",
        "sw1:if_in_octets:gi1",
        "sw1:temperature:inlet",
      ]);
      t.same(await store.series("*:cpu_used"), ["ap-2:cpu_used"]);
    });

    t.test("names from devices stay names", async (t) => {
      const odd = series.of(sw1, "temperature", `a b,c="d" e\n'x'`);
      await store.write(batchOf([[odd, nowMs, 7]]));
      t.same(await raw(store, odd.id), [[0, 7]]);
    });

    t.test("what is no number is left out", async (t) => {
      const power = series.of(sw1, "power");
      await store.write(
        batchOf([
          [power, nowMs - minuteMs, Number.POSITIVE_INFINITY],
          [power, nowMs, 3],
        ]),
      );
      t.same(await raw(store, power.id), [[0, 3]]);
    });

    t.test("refuses after close, which may be called twice", async (t) => {
      await store.close();
      await store.close();
      await t.rejects(store.write(batchOf([[temperature, nowMs, 1]])), { code: "STORE_UNAVAILABLE" });
    });
  });
}
