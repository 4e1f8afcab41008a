import { createFollower } from "../../appliance/engine/follow.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import type { QuarantinedSample } from "../../appliance/model/rounds.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { store as influx } from "../../appliance/stores/influx.ts";
import { fastClock } from "./fast-clock.ts";
import { batchOf, type Row, silentLog, startedStore } from "./stores.ts";

/** A local store and a follower that brings it to an InfluxDB, on a clock that runs `factor` times as fast. */
export async function following(dataDir: string, url: string, factor: number) {
  const clock = fastClock(factor);
  const series = createSeriesTable();
  const store = await startedStore({ dataDir, clock, series, followers: ["influx"] });
  const deps = { clock, log: silentLog, series, dataDir, site: "office", tagsOf: () => ({}), followers: [] };
  const target = influx.create(influx.config.parse({ url }), deps);
  const aside: QuarantinedSample[] = [];
  const follower = createFollower({
    name: "influx",
    source: store.rounds,
    target,
    clock,
    log: silentLog,
    quarantine: { add: (samples) => void aside.push(...samples) },
  });
  follower.start();
  const counters = Array.from({ length: 10 }, (_, at) =>
    series.of(deviceId("sw1"), "if_in_octets", `gi${at}`),
  );
  const gauges = Array.from({ length: 10 }, (_, at) => series.of(deviceId("sw1"), "temperature", `t${at}`));
  let sent = 0;
  return {
    clock,
    series,
    store,
    follower,
    aside,
    sent: () => sent,
    /** Commits rounds of 20 samples, one a second of the fast clock. */
    async rounds(count: number, more: (timeMs: number) => readonly Row[] = () => []) {
      for (let i = 0; i < count; i++) {
        const timeMs = clock.nowMs();
        const rows: Row[] = [
          ...counters.map((one, at) => [one, timeMs, at, sent + at] as const),
          ...gauges.map((one, at) => [one, timeMs, at + i / 10] as const),
          ...more(timeMs),
        ];
        await store.write(batchOf(rows));
        sent += 20;
        await clock.sleep(1_000, { signal: new AbortController().signal });
      }
    },
    /** Until everything is delivered. */
    async drained(limitMs = 30_000) {
      const endMs = performance.now() + limitMs;
      while (follower.status().roundsBehind > 0 && performance.now() < endMs)
        await new Promise((resolve) => setTimeout(resolve, 20));
      return follower.status();
    },
    async stop() {
      await follower.stop();
      await target.close();
      await store.close();
    },
  };
}
