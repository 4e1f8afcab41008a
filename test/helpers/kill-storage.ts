import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { fakeClock } from "./fake-clock.ts";
import { chance, startedStore } from "./stores.ts";

const program = fileURLToPath(new URL("../faults/storage-writer.js", import.meta.url));

/** Runs the writer until it is killed after `liveMs` of writing; the last round it said was committed. */
async function writeAndKill(
  dataDir: string,
  first: number,
  startMs: number,
  liveMs: number,
): Promise<number> {
  const child = spawn(process.execPath, [program, dataDir, String(first), String(startMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (part: Buffer) => {
    said += part;
  });
  await once(child.stdout, "data");
  await new Promise((resolve) => setTimeout(resolve, liveMs));
  child.kill("SIGKILL");
  await once(child, "close");
  // The last line may be cut: only whole ones count.
  const lines = said.slice(0, said.lastIndexOf("\n")).split("\n").map(Number);
  return Math.max(...lines);
}

/** How many samples of rounds 0 to `last` are missing, how many are there twice, and what the quick check says. */
async function inspect(dataDir: string, startMs: number, last: number) {
  const db = new Database(path.join(dataDir, "series.db"));
  const integrity = String(db.pragma("quick_check(1)", { simple: true }));
  db.close();
  const series = createSeriesTable();
  const store = await startedStore({
    dataDir,
    clock: fakeClock(startMs + 1_000),
    series,
    followers: ["nobody"],
  });
  let lost = 0;
  let twice = 0;
  let highest = last;
  for (let at = 0; at < 50; at++) {
    const { id } = series.of(deviceId("sw1"), "power", `p${at}`);
    const range = { fromMs: startMs, toMs: startMs + (last + 10_000) * 20_000 };
    const { timesMs, avg } = await store.query(id, range, "raw");
    const found = new Set<number>();
    timesMs.forEach((timeMs, i) => {
      const round = (timeMs - startMs - at) / 20_000;
      if (found.has(round) || avg[i] !== round + at / 100) twice++;
      found.add(round);
      highest = Math.max(highest, round);
    });
    for (let round = 0; round <= last; round++) if (!found.has(round)) lost++;
  }
  const sequence = await checkSequence(store);
  await store.close();
  return { lost, twice: twice + sequence, integrity, highest };
}

/** Samples that the log itself holds twice: a follower would get them twice. */
async function checkSequence(store: Awaited<ReturnType<typeof startedStore>>): Promise<number> {
  const seen = new Set<string>();
  let twice = 0;
  for (let after = 0; ; ) {
    const logged = store.rounds.read(after, store.rounds.lastSeq(), 50_000);
    if (!logged) return twice;
    const { batch } = logged;
    for (let i = 0; i < batch.length; i++) {
      const name = `${batch.series[i]?.id} ${batch.timesMs[i]}`;
      if (seen.has(name)) twice++;
      seen.add(name);
    }
    after = logged.throughSeq;
  }
}

/** Kills a writing process so many times at random; what was lost of what it said was committed. */
export async function killManyTimes(dataDir: string, times: number) {
  const random = chance(4_711);
  const startMs = Math.floor(Date.now() / 3_600_000 - 400) * 3_600_000;
  const result = { rounds: 0, lost: 0, twice: 0, integrityOk: 0 };
  let next = 0;
  for (let run = 0; run < times; run++) {
    const acknowledged = await writeAndKill(dataDir, next, startMs, Math.floor(random() * 150));
    const { lost, twice, integrity, highest } = await inspect(dataDir, startMs, acknowledged);
    result.lost += lost;
    result.twice += twice;
    result.integrityOk += integrity === "ok" ? 1 : 0;
    // Rounds whose commit could not be said any more may be there too: the next run begins after them.
    next = highest + 1;
    result.rounds = next;
  }
  return result;
}
