import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { systemClock } from "../../appliance/clock.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { batchOf, startedStore } from "../helpers/stores.ts";

/* Runs inside a mount namespace whose data directory is a small tmpfs; prints what happened as JSON. */
const [, , dataDir = ""] = process.argv;
const series = createSeriesTable();
const store = await startedStore({ dataDir, clock: systemClock, series });
const all = Array.from({ length: 500 }, (_, at) => series.of(deviceId("sw1"), "power", `p${at}`));
const result = {
  committed: 0,
  refused: 0,
  freeShare: 0,
  said: "",
  afterwards: 0,
  read: 0,
  ballastBefore: false,
};
const nowMs = systemClock.nowMs();

async function write(n: number): Promise<boolean> {
  try {
    await store.write(batchOf(all.map((one) => [one, nowMs + n, Math.random()] as const)));
    return true;
  } catch {
    result.refused++;
    return false;
  }
}

await store.maintain();
result.ballastBefore = existsSync(path.join(dataDir, "series.ballast"));
writeFileSync(path.join(dataDir, "filler"), Buffer.alloc(24_000_000, 1));
let n = 0;
while (n < 20_000 && (await write(n))) n++;
result.committed = n;
const { bavail, blocks } = statfsSync(dataDir);
result.freeShare = Math.round((1_000 * bavail) / blocks) / 10;
result.said = store.health()[0]?.what ?? "";
rmSync(path.join(dataDir, "filler"));
for (let i = 0; i < 10; i++) if (await write(n + i)) result.afterwards++;
const { id } = all[0]!;
result.read = (await store.query(id, { fromMs: nowMs, toMs: nowMs + 1e6 }, "raw")).timesMs.length;
await store.close();
process.stdout.write(JSON.stringify(result));
