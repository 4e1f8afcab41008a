import { renameSync, rmSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import type { Change, Written } from "./rows.ts";
import type { FromWriter } from "./stored-memory.ts";

const version = 1;
const schema = `
  CREATE TABLE IF NOT EXISTS memory (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    facts TEXT NOT NULL,
    payload BLOB,
    UNIQUE (kind, owner, key)
  ) STRICT`;

type ToWriter = { readonly type: "write"; readonly changes: readonly Change[] } | { readonly type: "close" };

const { file, nowMs } = workerData as { readonly file: string; readonly nowMs: number };

function say(message: FromWriter): void {
  parentPort?.postMessage(message);
}

class Newer extends Error {}

function openDatabase(): Database.Database {
  const database = new Database(file, { timeout: 5_000 });
  // A power cut must not take what a PUBACK promised.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  const found = database.pragma("user_version", { simple: true }) as number;
  if (found > version) {
    database.close();
    throw new Newer(`${file} was written by a newer version (${found}); this one writes ${version}.`);
  }
  database.exec(schema);
  database.pragma(`user_version = ${version}`);
  return database;
}

function allRows(database: Database.Database): Written[] {
  return database
    .prepare("SELECT kind, owner, key, facts, payload FROM memory ORDER BY seq")
    .all() as Written[];
}

function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^SQLITE_(?:CORRUPT|NOTADB)/.test(code);
}

/** Opens the file; a damaged one is set aside under a name with the time, and a new one begun. */
function open(): {
  readonly database: Database.Database;
  readonly rows: Written[];
  readonly damaged?: string;
} {
  try {
    const database = openDatabase();
    return { database, rows: allRows(database) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = `${file}.damaged-${new Date(nowMs).toISOString().replace(/[:.]/g, "-")}`;
    renameSync(file, aside);
    for (const tail of ["-wal", "-shm"]) rmSync(`${file}${tail}`, { force: true });
    return { database: openDatabase(), rows: [], damaged: aside };
  }
}

function createWrite(database: Database.Database): (changes: readonly Change[]) => void {
  const put = database.prepare(
    `INSERT INTO memory (kind, owner, key, facts, payload) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, owner, key) DO UPDATE SET facts = excluded.facts, payload = excluded.payload`,
  );
  const remove = database.prepare("DELETE FROM memory WHERE kind = ? AND owner = ? AND key = ?");
  const removeAll = database.prepare("DELETE FROM memory WHERE kind = ? AND owner = ?");
  return database.transaction((changes: readonly Change[]) => {
    for (const { kind, owner, key, facts, payload } of changes)
      if (key === undefined) removeAll.run(kind, owner);
      else if (facts === undefined) remove.run(kind, owner, key);
      else put.run(kind, owner, key, facts, payload ?? null);
  });
}

function serve(): void {
  const { database, rows, damaged } = open();
  const write = createWrite(database);
  parentPort?.on("message", (message: ToWriter) => {
    if (message.type === "close") {
      database.close();
      parentPort?.close();
      return;
    }
    try {
      write(message.changes);
      say({ type: "written" });
    } catch (error) {
      say({ type: "written", error: String((error as Error).message) });
    }
  });
  say({ type: "opened", rows, ...(damaged === undefined ? {} : { damaged }) });
}

try {
  serve();
} catch (error) {
  const message =
    error instanceof Newer ? error.message : `${file} cannot be opened: ${(error as Error).message}`;
  say({ type: "refused", code: error instanceof Newer ? "STORE_NEWER" : "DATA_UNWRITABLE", message });
}
