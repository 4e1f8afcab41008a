import fs from "node:fs";
import path from "node:path";
import type Sqlite from "better-sqlite3";

const kept = 3;

/** "20260302-104205", UTC: sorts by time and is fit for a file name. */
export function stampOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
}

/** Nightly copies in `dir`, newest first. */
export function nightlyCopies(dir: string): string[] {
  return copies(dir, /^state\.nightly-\d{8}-\d{6}\.db$/);
}

/** Removes all but the newest three. */
export function trimNightly(dir: string): void {
  for (const old of nightlyCopies(dir).slice(kept)) fs.rmSync(old);
}

/**
 * Copies the database as it was in format `version`; keeps the newest three such copies.
 *
 * @returns path of the copy
 */
export function copyBeforeMigration(
  db: Sqlite.Database,
  file: string,
  version: number,
  nowMs: number,
): string {
  const dir = path.dirname(file);
  const copy = path.join(dir, `state.before-${stampOf(nowMs)}-v${version}.db`);
  fs.rmSync(copy, { force: true });
  db.prepare("VACUUM INTO ?").run(copy);
  const pattern = /^state\.before-\d{8}-\d{6}-v\d+\.db$/;
  for (const old of copies(dir, pattern).slice(kept)) fs.rmSync(old);
  return copy;
}

/**
 * Renames a damaged file, its write-ahead log included, to a dated name beside it.
 *
 * @returns the new path
 */
export function setAside(file: string, nowMs: number): string {
  const wished = `${file}.damaged-${stampOf(nowMs)}`;
  let aside = wished;
  for (let n = 2; fs.existsSync(aside); n++) aside = `${wished}-${n}`;
  fs.renameSync(file, aside);
  for (const suffix of ["-wal", "-shm"])
    if (fs.existsSync(file + suffix)) fs.renameSync(file + suffix, aside + suffix);
  return aside;
}

function copies(dir: string, pattern: RegExp): string[] {
  return fs
    .readdirSync(dir)
    .filter((name) => pattern.test(name))
    .sort()
    .reverse()
    .map((name) => path.join(dir, name));
}
