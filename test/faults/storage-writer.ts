import { writeSync } from "node:fs";
import { systemClock } from "../../appliance/clock.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { batchOf, startedStore } from "../helpers/stores.ts";

/*
 * A process to be killed: writes rounds of 50 series to the data directory of its first argument, from the number of
 * its second one on, two days ago and a minute apart, packs now and then, and prints the number of each round that is
 * committed.
 */
const [, , dataDir = "", firstText = "0"] = process.argv;
const series = createSeriesTable();
const store = await startedStore({ dataDir, clock: systemClock, series, followers: ["nobody"] });
const all = Array.from({ length: 50 }, (_, at) => series.of(deviceId("sw1"), "power", `p${at}`));
const baseMs = Math.floor(systemClock.nowMs() / 3_600_000 - 48) * 3_600_000;
// Handed on from run to run: one round has one time, whatever the hour is now.
const startMs = Number(process.argv[4] ?? baseMs);

for (let n = Number(firstText); ; n++) {
  const round = n;
  const rows = all.map((one, at) => [one, startMs + round * 20_000 + at, round + at / 100] as const);
  void store.write(batchOf(rows)).then(() => writeSync(1, `${round}\n`));
  if (n % 40 === 20) void store.maintain();
  if (n % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
