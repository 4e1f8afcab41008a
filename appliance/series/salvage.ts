import { existsSync, renameSync } from "node:fs";
import Database from "better-sqlite3";
import { type Db, schemaVersion } from "./database.ts";
import type { StoredSeries } from "./log.ts";
import { keySpan, resolutions } from "./resolution.ts";
import { packRound, pickSamples, type Round, readRound } from "./round.ts";

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
    // SQLite refuses a file that was cut as a whole, unless the schema is writable: then only what is gone is.
    db.unsafeMode(true);
    db.pragma("writable_schema = ON");
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

/** Where keys can lie, and how far to leap over what cannot be read. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly leap: number;
}

/** Reads a table in order of its key; over a damaged page it leaps to the next hour, day or stretch of rounds. */
function* readable(from: Db, table: string, key: string, span: Span, damaged: string[]): Generator<Rows> {
  let at = span.first - 1;
  let size = batchSize;
  let whole = true;
  while (at < span.last) {
    try {
      const text = `SELECT * FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ${size}`;
      const batch = from.prepare(text).raw().all(at) as Rows;
      if (batch.length === 0) break;
      const last = Number((batch.at(-1) as unknown[])[0]);
      // A damaged page can lead back to where we were.
      if (!(last > at)) throw new RangeError("Keys do not grow.");
      yield batch;
      at = last;
      size = batchSize;
    } catch {
      // Smaller steps up to the damaged page, then beyond it.
      whole = false;
      size = Math.floor(size / 8);
      if (size > 0) continue;
      at = (Math.floor((at + 1) / span.leap) + 1) * span.leap - 1;
      size = batchSize;
    }
  }
  if (!whole) damaged.push(table);
}

/** The first and last key as far as the file still says. */
function spanOf(from: Db, table: string, key: string, leap: number, fallback: Span): Span {
  const ask = (what: "min" | "max") => {
    try {
      return (
        from.prepare<[], number | null>(`SELECT ${what}(${key}) FROM ${table}`).pluck().get() ?? undefined
      );
    } catch {
      return undefined; // That end of the table is damaged.
    }
  };
  return { first: ask("min") ?? fallback.first, last: ask("max") ?? fallback.last, leap };
}

/** Rounds whose end cannot be read are looked for this far. */
const roundsSought = 500_000;
const roundsLeap = 64;

function roundSpan(from: Db, to: Db): Span {
  const packed = Number(to.prepare("SELECT value FROM meta WHERE name = 'packed_seq'").pluck().get() ?? 0);
  const span = spanOf(from, "rounds", "seq", roundsLeap, { first: packed + 1, last: -1, leap: roundsLeap });
  return span.last < 0 ? { ...span, last: span.first + roundsSought } : span;
}

function chunkSpan(from: Db, to: Db, table: (typeof chunkTables)[number]): Span {
  const resolution = resolutions.indexOf(table === "times" ? "raw" : table);
  const ends = to
    .prepare<[number], { first: number | null; last: number | null }>(
      "SELECT min(bucket) AS first, max(bucket) AS last FROM buckets WHERE resolution = ?",
    )
    .get(resolution);
  return spanOf(from, table, "key", keySpan, {
    first: (ends?.first ?? 0) * keySpan,
    last: ((ends?.last ?? -1) + 1) * keySpan,
    leap: keySpan,
  });
}

/** Without samples of series whose name is lost; undefined when nothing is left or the row is damaged. */
function known(data: unknown, ids: ReadonlySet<number>): Round | undefined {
  const round = data instanceof Uint8Array ? readRound(data) : undefined;
  if (!round) return undefined;
  const keep = [...round.ids.keys()].filter((at) => ids.has(round.ids[at] as number));
  if (keep.length === 0) return undefined;
  if (keep.length === round.ids.length) return round;
  return pickSamples(round, keep);
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
    for (const batch of readable(from, "rounds", "seq", roundSpan(from, to), damaged))
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
      for (const batch of readable(from, table, "key", chunkSpan(from, to, table), damaged)) {
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
