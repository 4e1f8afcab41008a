import Database from "better-sqlite3";
import { ApplianceError } from "../model/errors.ts";

export type Db = Database.Database;

export const schemaVersion = 1;

/*
 * rounds    the log: what was committed, in order, until it is packed and every follower has it
 * raw       one chunk per series and hour; five: per day; hour: per month. key = bucket * 2^24 + series, so that a
 *           bucket goes to the end of the file in one piece and is found without an index beside it
 * times     columns of times that several chunks of one hour share
 * buckets   which hours, days and months are packed (resolution 0, 1, 2)
 */
const migrations: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
	CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL);
	CREATE TABLE rounds (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, samples INTEGER NOT NULL, data BLOB NOT NULL);
	CREATE TABLE cursors (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
	CREATE TABLE buckets (resolution INTEGER NOT NULL, bucket INTEGER NOT NULL, PRIMARY KEY (resolution, bucket)) WITHOUT ROWID;
	CREATE TABLE raw (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
	CREATE TABLE times (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
	CREATE TABLE five (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
	CREATE TABLE hour (key INTEGER PRIMARY KEY, data BLOB NOT NULL);`,
];

/**
 * Opens series.db for writing, making or migrating it.
 *
 * Throws STORE_NEWER when a newer version wrote it; SqliteError SQLITE_CORRUPT or SQLITE_NOTADB when it is damaged.
 */
export function openForWriting(path: string): Db {
  const db = new Database(path, { timeout: 5_000 });
  try {
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version > schemaVersion)
      throw new ApplianceError(
        "STORE_NEWER",
        `${path} was written by a newer version (format ${version}, this one knows ${schemaVersion}). Install that version, or move the file away.`,
      );
    db.pragma("journal_mode = WAL");
    // NORMAL loses acknowledged rounds at a power cut; FULL does not.
    db.pragma("synchronous = FULL");
    db.pragma("cache_size = -4096");
    db.pragma("wal_autocheckpoint = 4000");
    db.pragma("journal_size_limit = 33554432");
    migrate(db, version);
    // Reads the whole schema now, so that damage there shows here and not in the first round.
    for (const table of tables) db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export const tables = [
  "meta",
  "series",
  "rounds",
  "cursors",
  "buckets",
  "raw",
  "times",
  "five",
  "hour",
] as const;

function migrate(db: Db, from: number): void {
  for (let version = from; version < schemaVersion; version++) {
    const script = migrations[version] as string;
    db.transaction(() => {
      db.exec(script);
      db.pragma(`user_version = ${version + 1}`);
    }).immediate();
  }
}

/** A connection of its own that can only read; the writer must have made the file. */
export function openForReading(path: string): Db {
  const db = new Database(path, { readonly: true, timeout: 5_000 });
  db.pragma("cache_size = -4096");
  return db;
}

/** Whether an error says that the file itself is damaged. */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB");
}

/** Whether an error says that there is no room left. */
export function isFull(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === "SQLITE_FULL" || code === "SQLITE_IOERR_WRITE" || code === "ENOSPC";
}
