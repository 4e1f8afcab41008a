import { existsSync, renameSync } from "node:fs";
import Database from "better-sqlite3";
import { type Db, schemaVersion } from "./database.ts";
import type { StoredSeries } from "./log.ts";
import { keySpan, resolutions } from "./resolution.ts";
import { packRound, type Round, readRound } from "./round.ts";

/** Tables of chunks, in the order in which they are worth saving. */
const chunkTables = ["raw", "times", "five", "hour"] as const;
const batchSize = 500;

/**
 * Gives a damaged database a dated name, with its write-ahead log.
 *
 * @returns the new path; undefined when there was no file
 */
export function setAside(path: string, nowMs: number): string | undefined {
  if (!existsSync(path)) return undefined;
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "-");
  let aside = `${path}.damaged-${stamp}`;
  for (let more = 2; existsSync(aside); more++) aside = `${path}.damaged-${stamp}-${more}`;
  for (const ending of ["", "-wal", "-shm"])
    if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  return aside;
}

export interface Salvaged {
  readonly rows: number;
  /** Tables of which something could not be read. */
  readonly damaged: readonly string[];
}

function openDamaged(path: string): Db | undefined {
  try {
    const db = new Database(path, { fileMustExist: true, timeout: 1_000 });
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version === schemaVersion) return db;
    db.close();
  } catch {
    // Not a database any more: nothing can be read, and the caller says so.
  }
  return undefined;
}

/** Small tables that all others need: without the names of the series their numbers mean nothing. */
function copySmall(from: Db, to: Db, damaged: string[]): number {
  let rows = 0;
  for (const [table, columns] of [
    ["series", 3],
    ["meta", 2],
    ["cursors", 2],
    ["buckets", 2],
  ] as const) {
    const add = to.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${Array(columns).fill("?").join(",")})`);
    try {
      for (const row of from.prepare(`SELECT * FROM ${table}`).raw().all()) {
        add.run(...(row as unknown[]));
        rows++;
      }
    } catch {
      damaged.push(table); // Damaged: the caller says so.
    }
  }
  return rows;
}

type Rows = unknown[][];

/** Reads forwards until something is damaged, then backwards from the end: what lies between is lost. */
function* readable(from: Db, table: string, key: string, damaged: string[]): Generator<Rows> {
  for (const [compare, order, start] of [
    [">", "ASC", Number.MIN_SAFE_INTEGER],
    ["<", "DESC", Number.MAX_SAFE_INTEGER],
  ] as const) {
    let at: number = start;
    let size = batchSize;
    let whole = true;
    while (size > 0) {
      try {
        const batch = from
          .prepare(`SELECT * FROM ${table} WHERE ${key} ${compare} ? ORDER BY ${key} ${order} LIMIT ${size}`)
          .raw()
          .all(at) as Rows;
        if (batch.length === 0) break;
        yield batch;
        at = Number((batch.at(-1) as unknown[])[0]);
      } catch {
        // Smaller steps up to the damaged page; then the other end.
        whole = false;
        size = Math.floor(size / 8);
      }
    }
    if (whole) return;
  }
  damaged.push(table);
}

/** Without samples of series whose name is lost; undefined when nothing is left or the row is damaged. */
function known(data: unknown, ids: ReadonlySet<number>): Round | undefined {
  const round = data instanceof Uint8Array ? readRound(data) : undefined;
  if (!round) return undefined;
  const keep = [...round.ids.keys()].filter((at) => ids.has(round.ids[at] as number));
  if (keep.length === 0) return undefined;
  if (keep.length === round.ids.length) return round;
  const pick = (column: Float64Array) => Float64Array.from(keep, (at) => column[at] as number);
  return {
    ids: pick(round.ids),
    timesMs: pick(round.timesMs),
    values: pick(round.values),
    counts: pick(round.counts),
  };
}

/**
 * Copies names, cursors and the log of a damaged database into a new one: what must be there before it is written.
 *
 * @param remembered - names that are known without the file
 */
export function salvageLog(damagedPath: string, to: Db, remembered: Iterable<StoredSeries>): Salvaged {
  const damaged: string[] = [];
  let rows = 0;
  const copy = to.transaction((from: Db | undefined) => {
    const name = to.prepare("INSERT OR IGNORE INTO series (id, name, unit) VALUES (?, ?, ?)");
    for (const series of remembered) name.run(series.id, series.name, series.unit);
    if (!from) {
      damaged.push("all");
      return;
    }
    rows += copySmall(from, to, damaged);
    const ids = idsOf(to);
    const add = to.prepare("INSERT OR IGNORE INTO rounds VALUES (?, ?, ?, ?)");
    for (const batch of readable(from, "rounds", "seq", damaged))
      for (const [seq, time, , data] of batch) {
        const round = known(data, ids);
        if (!round) continue;
        add.run(seq, time, round.ids.length, packRound(round));
        rows++;
      }
  });
  const from = openDamaged(damagedPath);
  try {
    copy(from);
  } finally {
    from?.close();
  }
  return { rows, damaged };
}

function idsOf(db: Db): ReadonlySet<number> {
  return new Set(db.prepare<[], number>("SELECT id FROM series").pluck().all());
}

/** Copies the chunks that can still be read. One transaction between two yields. */
export function* salvageChunks(damagedPath: string, to: Db): Generator<void, Salvaged> {
  const from = openDamaged(damagedPath);
  if (!from) return { rows: 0, damaged: ["all"] };
  const damaged: string[] = [];
  const ids = idsOf(to);
  let rows = 0;
  try {
    for (const table of chunkTables) {
      const add = to.prepare(`INSERT OR IGNORE INTO ${table} (key, data) VALUES (?, ?)`);
      const insert = to.transaction((batch: Rows) => {
        // Columns of times are numbered on their own, not by series.
        for (const [key, data] of batch)
          if (table === "times" || ids.has(Number(key) % keySpan)) rows += add.run(key, data).changes;
      });
      for (const batch of readable(from, table, "key", damaged)) {
        insert(batch);
        yield;
      }
    }
    const list = to.prepare("INSERT OR IGNORE INTO buckets (resolution, bucket) VALUES (?, ?)");
    for (const table of resolutions)
      for (const bucket of bucketsIn(to, table)) {
        list.run(resolutions.indexOf(table), bucket);
        yield;
      }
    return { rows, damaged };
  } finally {
    from.close();
  }
}

/** Which buckets a table of chunks holds, by leaping from one to the next. */
function* bucketsIn(db: Db, table: string): Generator<number> {
  const next = db
    .prepare<[number], number>(`SELECT key FROM ${table} WHERE key >= ? ORDER BY key LIMIT 1`)
    .pluck();
  let at = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const key = next.get(at);
    if (key === undefined) return;
    const bucket = Math.floor(key / keySpan);
    yield bucket;
    at = (bucket + 1) * keySpan;
  }
}
