import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { Test } from "tap";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import type { LocalStore } from "../../appliance/series/contract.ts";
import { fakeClock } from "./fake-clock.ts";
import { emptyDir } from "./state.ts";
import { batchOf, chance, startedStore } from "./stores.ts";

const startMs = Date.UTC(2026, 2, 1);
const hours = 30;
const nowMs = startMs + hours * 3_600_000 + 30 * 60_000;
const sensors = 60;
const samplesWritten = hours * 60 * sensors;

/** A store with 30 packed hours, a folded day and an open hour; closed. */
export async function makeSample(dataDir: string): Promise<void> {
  const series = createSeriesTable();
  const clock = fakeClock(nowMs);
  const store = await startedStore({ dataDir, clock, series });
  const random = chance(11);
  for (let minute = 0; minute < hours * 60; minute++)
    await store.write(
      batchOf(
        Array.from({ length: sensors }, (_, at) => [
          series.of(deviceId("sw1"), "power", `p${at}`),
          startMs + minute * 60_000 + Math.floor(random() * 100),
          Math.round(random() * 5_000),
        ]),
      ),
    );
  await store.maintain();
  await store.close();
}

type Damage = (file: string, random: () => number) => void;

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const handle = openSync(file, "r+");
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}

const damages: Record<string, Damage> = {
  cut: (file, random) => truncateSync(file, Math.floor(random() * statSync(file).size)),
  "4 KB of zeros": (file, random) =>
    overwrite(file, Math.floor((random() * statSync(file).size) / 4_096) * 4_096, new Uint8Array(4_096)),
  "random bytes": (file, random) => {
    const bytes = Uint8Array.from({ length: 2_000 }, () => Math.floor(random() * 256));
    overwrite(file, Math.floor(random() * (statSync(file).size - bytes.length)), bytes);
  },
  "no database": (file, random) =>
    writeFileSync(
      file,
      Uint8Array.from({ length: 50_000 }, () => Math.floor(random() * 256)),
    ),
};

async function samplesIn(store: LocalStore): Promise<number> {
  let found = 0;
  for (const id of await store.series("*"))
    found += (await store.query(id, { fromMs: startMs, toMs: nowMs + 1 }, "raw")).timesMs.length;
  return found;
}

async function startDamaged(dataDir: string) {
  const series = createSeriesTable();
  const clock = fakeClock(nowMs);
  const beganMs = performance.now();
  const store = await startedStore({ dataDir, clock, series });
  const tookMs = performance.now() - beganMs;
  // Whatever is found later - by the check, by packing - must be survived too.
  await new Promise((resolve) => setTimeout(resolve, 150));
  await store.maintain();
  await store.maintain();
  const fresh = series.of(deviceId("sw1"), "load");
  await store.write(batchOf([[fresh, nowMs, 1]]));
  const works = (await store.query(fresh.id, { fromMs: nowMs, toMs: nowMs + 1 }, "raw")).timesMs.length === 1;
  const samples = await samplesIn(store);
  const said = store.health().some(({ what }) => what.includes("damaged"));
  await store.close();
  const aside = readdirSync(dataDir).some((name) => name.startsWith("series.db.damaged-"));
  return { works, samples, tookMs, aside, said };
}

export async function damageMany(t: Test, perKind: number): Promise<void> {
  const root = emptyDir(t);
  const whole = path.join(root, "whole");
  mkdirSync(whole);
  await makeSample(whole);
  const random = chance(99);
  for (const [kind, damage] of Object.entries(damages)) {
    const sum = { started: 0, aside: 0, samples: 0, slowestMs: 0 };
    for (let run = 0; run < perKind; run++) {
      const dataDir = path.join(root, `${kind.replaceAll(" ", "-")}-${run}`);
      cpSync(whole, dataDir, { recursive: true });
      damage(path.join(dataDir, "series.db"), random);
      const result = await startDamaged(dataDir);
      if (result.works) sum.started++;
      if (result.aside) sum.aside++;
      if (result.aside !== result.said) t.fail(`${kind} ${run}: health and files disagree`);
      sum.samples += result.samples;
      sum.slowestMs = Math.max(sum.slowestMs, result.tookMs);
    }
    const kept = Math.round((100 * sum.samples) / perKind / samplesWritten);
    t.comment(
      `${kind}: started ${sum.started}/${perKind}, set aside ${sum.aside}, samples kept ${kept} %, slowest start ${Math.round(sum.slowestMs)} ms`,
    );
    t.equal(sum.started, perKind, `${kind}: every start works`);
  }
}
