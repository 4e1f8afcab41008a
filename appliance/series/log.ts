import type { Db } from "./database.ts";
import { type Lasts, packLasts, unpackLasts, updateLasts } from "./lasts.ts";
import { packRound, type Round, readRound } from "./round.ts";

/** A series as it is stored. */
export interface StoredSeries {
  readonly id: number;
  readonly name: string;
  readonly unit: string;
}

export interface RoundRow {
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface LogSize {
  readonly rounds: number;
  readonly samples: number;
  readonly bytes: number;
}

/** The log of committed rounds inside series.db, as its one writer sees it. Everything here runs inside the caller's transaction. */
export interface RoundLog {
  lastSeq(): number;
  /** All rounds up to here are packed. */
  packedSeq(): number;
  /** @returns the number of the round */
  append(round: Round, receivedMs: number, fresh: readonly StoredSeries[]): number;
  /** Rounds after `seq`, in order. */
  after(seq: number): IterableIterator<RoundRow>;
  /** Says that all rounds up to `seq` are packed, and keeps the newest values with it. */
  packedUpTo(seq: number): void;
  cursors(): ReadonlyMap<string, string>;
  setCursor(name: string, state: string): void;
  dropCursor(name: string): void;
  /**
   * Deletes packed rounds, oldest first, at most `limit` of them.
   *
   * @param upTo - last round that nobody needs any more
   * @returns how many rounds and samples went
   */
  prune(upTo: number, limit: number): { rounds: number; samples: number };
  size(): LogSize;
  lasts(): Lasts;
  /** A transaction failed: what is kept in memory is read anew. */
  reload(): void;
}

function prepareAll(db: Db) {
  return {
    addSeries: db.prepare("INSERT INTO series (id, name, unit) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"),
    addRound: db.prepare("INSERT INTO rounds (seq, time, samples, data) VALUES (?, ?, ?, ?)"),
    after: db.prepare<[number], RoundRow>("SELECT seq, data FROM rounds WHERE seq > ? ORDER BY seq"),
    setMeta: db.prepare(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    ),
    meta: db.prepare<[string], { value: unknown }>("SELECT value FROM meta WHERE name = ?"),
    newest: db.prepare<[], { seq: number | null }>("SELECT max(seq) AS seq FROM rounds"),
    size: db.prepare<[], { rounds: number; samples: number; bytes: number }>(
      "SELECT count(*) AS rounds, coalesce(sum(samples), 0) AS samples, coalesce(sum(length(data)), 0) AS bytes FROM rounds",
    ),
    old: db.prepare<[number, number], { seq: number; samples: number; bytes: number }>(
      "SELECT seq, samples, length(data) AS bytes FROM rounds WHERE seq <= ? ORDER BY seq LIMIT ?",
    ),
    remove: db.prepare("DELETE FROM rounds WHERE seq <= ?"),
    cursors: db.prepare<[], { name: string; state: string }>("SELECT name, state FROM cursors"),
    setCursor: db.prepare(
      "INSERT INTO cursors (name, state) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state",
    ),
    dropCursor: db.prepare("DELETE FROM cursors WHERE name = ?"),
  };
}

export function openRoundLog(db: Db): RoundLog {
  const sql = prepareAll(db);
  let lastSeq = 0;
  let packedSeq = 0;
  let size = { rounds: 0, samples: 0, bytes: 0 };
  let lasts = unpackLasts(undefined);
  const reload = () => {
    packedSeq = Number(sql.meta.get("packed_seq")?.value ?? 0);
    const seqKept = Number(sql.meta.get("last_seq")?.value ?? 0);
    lastSeq = Math.max(sql.newest.get()?.seq ?? 0, packedSeq, seqKept);
    size = sql.size.get() ?? size;
    const kept = sql.meta.get("lasts")?.value;
    lasts = unpackLasts(kept instanceof Uint8Array ? kept : undefined);
    for (const { data } of sql.after.iterate(packedSeq)) {
      const round = readRound(data);
      if (round) lasts = updateLasts(lasts, round);
    }
  };
  reload();
  return {
    lastSeq: () => lastSeq,
    packedSeq: () => packedSeq,
    lasts: () => lasts,
    size: () => size,
    reload,
    append(round, receivedMs, fresh) {
      for (const { id, name, unit } of fresh) sql.addSeries.run(id, name, unit);
      const data = packRound(round);
      const seq = lastSeq + 1;
      sql.addRound.run(seq, Math.round(receivedMs), round.ids.length, data);
      lastSeq = seq;
      size = {
        rounds: size.rounds + 1,
        samples: size.samples + round.ids.length,
        bytes: size.bytes + data.length,
      };
      lasts = updateLasts(lasts, round);
      return seq;
    },
    after: (seq) => sql.after.iterate(seq),
    packedUpTo(seq) {
      sql.setMeta.run("packed_seq", seq);
      sql.setMeta.run("last_seq", lastSeq);
      sql.setMeta.run("lasts", packLasts(lasts));
      packedSeq = seq;
    },
    cursors: () => new Map(sql.cursors.all().map(({ name, state }) => [name, state])),
    setCursor: (name, state) => void sql.setCursor.run(name, state),
    dropCursor: (name) => void sql.dropCursor.run(name),
    prune(upTo, limit) {
      const rows = sql.old.all(Math.min(upTo, packedSeq), limit);
      const newest = rows.at(-1);
      if (!newest) return { rounds: 0, samples: 0 };
      sql.remove.run(newest.seq);
      const samples = rows.reduce((sum, row) => sum + row.samples, 0);
      size = {
        rounds: size.rounds - rows.length,
        samples: size.samples - samples,
        bytes: size.bytes - rows.reduce((sum, row) => sum + row.bytes, 0),
      };
      return { rounds: rows.length, samples };
    },
  };
}
