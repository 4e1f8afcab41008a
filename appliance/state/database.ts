import fs from "node:fs";
import path from "node:path";
import Sqlite from "better-sqlite3";
import type { Log } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import { copyBeforeMigration, nightlyCopies, setAside, stampOf, trimNightly } from "./copies.ts";
import { migrations, probes } from "./migrations.ts";

export type Database = Sqlite.Database;

/** What opening found that a person should know; constant until the next start. */
export interface StateNotice {
  /** "The file state.db was damaged …": whole sentences. */
  readonly what: string;
  readonly remedy: string;
  readonly atMs: number;
}

/** The open state.db. Synchronous: rows are few and small. */
export interface StateDatabase {
  readonly db: Database;
  readonly file: string;
  readonly notices: readonly StateNotice[];
  /** Runs `run` as one transaction; one inside another joins it. */
  transaction<T>(run: () => T): T;
  /** Copies the database beside itself without holding it up; keeps the newest three. Resolves with the copy's path. */
  backupNightly(): Promise<string>;
  /** May be called twice. */
  close(): void;
}

export interface OpenOptions {
  /** The data directory; made when missing. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** `nightly`: a damaged file is replaced by the newest good nightly copy, as the service does. */
  readonly lastGood?: "nightly" | "no";
}

/** "PORC": marks the file as ours. */
const applicationId = 0x504f5243;
const schemaVersion = migrations.length;
/** A version number further ahead than this is damage, no newer version. */
const believableLead = 1_000;

/**
 * Opens state.db, set aside and begun anew when it is damaged or empty.
 *
 * @throws ApplianceError STORE_NEWER when a newer version wrote it, DATA_UNWRITABLE when it cannot be written
 */
export function openState(options: OpenOptions): StateDatabase {
  const { dir, clock } = options;
  const file = path.join(dir, "state.db");
  const notices: StateNotice[] = [];
  const db = writable(file, () => {
    fs.mkdirSync(dir, { recursive: true });
    return openSound(file, options, notices);
  });
  let isOpen = true;
  return {
    db,
    file,
    notices,
    transaction: (run) => db.transaction(run)(),
    async backupNightly() {
      const copy = path.join(dir, `state.nightly-${stampOf(clock.nowMs())}.db`);
      const unfinished = `${copy}.part`;
      await db.backup(unfinished);
      fs.renameSync(unfinished, copy);
      trimNightly(dir);
      return copy;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      db.close();
    },
  };
}

function openSound(
  file: string,
  { dir, clock, log, lastGood = "no" }: OpenOptions,
  notices: StateNotice[],
): Database {
  const damage = damageOf(file);
  if (damage !== undefined) {
    const aside = setAside(file, clock.nowMs());
    const copy =
      lastGood === "nightly" ? nightlyCopies(dir).find((name) => damageOf(name) === undefined) : undefined;
    if (copy) fs.copyFileSync(copy, file);
    const notice = noticeOf({ file, aside, damage, copy, atMs: clock.nowMs() });
    notices.push(notice);
    log.error("state database damaged", {
      code: "STORE_CORRUPT",
      file,
      aside,
      damage,
      restoredFrom: copy,
    });
  }
  const db = new Sqlite(file);
  try {
    prepare(db, file, clock);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

function prepare(db: Database, file: string, clock: Clock): void {
  db.pragma("journal_mode = WAL");
  // NORMAL lost acknowledged rows at power cuts.
  db.pragma("synchronous = FULL");
  db.pragma("foreign_keys = ON");
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > schemaVersion)
    throw new ApplianceError(
      "STORE_NEWER",
      `${file} was written by a newer version (its format is ${version}, this version knows up to ${schemaVersion}). Start the newer version, or put back a copy made before the update.`,
    );
  if (version === schemaVersion) return;
  if (version > 0) copyBeforeMigration(db, file, version, clock.nowMs());
  db.transaction(() => {
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${schemaVersion}`);
  })();
}

/** Why the file cannot be used as it is; undefined when it is sound or not there. */
function damageOf(file: string): string | undefined {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size === 0) return "it is empty";
  let db: Database | undefined;
  try {
    db = new Sqlite(file, { fileMustExist: true });
    const found = db.pragma("quick_check(1)", { simple: true });
    if (found !== "ok") return String(found).slice(0, 200);
    const owner = Number(db.pragma("application_id", { simple: true }));
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version === 0 && isBlank(db)) return undefined;
    if (owner !== applicationId) return "it is a database of another program";
    if (version > schemaVersion + believableLead || version < 1)
      return `its format number ${version} makes no sense`;
    if (version === schemaVersion) for (const probe of probes) db.prepare(probe);
    return undefined;
  } catch (error) {
    if (isDamage(error)) return error.message.slice(0, 200);
    throw error;
  } finally {
    db?.close();
  }
}

function isBlank(db: Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").all().length === 0;
}

function isDamage(error: unknown): error is Error {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(CORRUPT|NOTADB|ERROR|FORMAT)/.test(error.code);
}

function noticeOf(found: {
  file: string;
  aside: string;
  damage: string;
  copy: string | undefined;
  atMs: number;
}): StateNotice {
  const name = path.basename(found.file);
  const begun = found.copy
    ? `The copy ${path.basename(found.copy)} is used instead; what happened after it is missing.`
    : "A new one was begun: earlier incidents and learned devices are missing.";
  return {
    what: `The file ${name} was damaged (${found.damage}) and set aside as ${path.basename(found.aside)}. ${begun}`,
    remedy: `Nothing has to be done to go on. To get the earlier state back, stop Porchlight and put a good copy in place of ${name}.`,
    atMs: found.atMs,
  };
}

/** Turns what the file system says into one sentence with a remedy. */
function writable<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof ApplianceError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ApplianceError(
      "DATA_UNWRITABLE",
      `${file} cannot be opened for writing: ${reason}. Give the user that runs Porchlight a data directory it may write, with space left, by --data DIR.`,
      { cause: error },
    );
  }
}
