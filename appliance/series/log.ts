import type { Db } from "./database.ts";
import { type Lasts, noLasts, packLasts, unpackLasts, updateLasts } from "./lasts.ts";
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
  return new SqlRoundLog(db);
}

const nothing: LogSize = { rounds: 0, samples: 0, bytes: 0 };

class SqlRoundLog implements RoundLog {
  readonly #sql;
  #lastSeq = 0;
  #packedSeq = 0;
  #size = nothing;
  #lasts: Lasts = noLasts();

  constructor(db: Db) {
    this.#sql = prepareAll(db);
    this.reload();
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  packedSeq(): number {
    return this.#packedSeq;
  }

  lasts(): Lasts {
    return this.#lasts;
  }

  size(): LogSize {
    return this.#size;
  }

  reload(): void {
    this.#packedSeq = Number(this.#meta("packed_seq") ?? 0);
    this.#lastSeq = Math.max(
      this.#sql.newest.get()?.seq ?? 0,
      this.#packedSeq,
      Number(this.#meta("last_seq") ?? 0),
    );
    this.#size = this.#sql.size.get() ?? nothing;
    const kept = this.#meta("lasts");
    this.#lasts = unpackLasts(kept instanceof Uint8Array ? kept : undefined);
    for (const { data } of this.after(this.#packedSeq)) {
      const round = readRound(data);
      if (round) this.#lasts = updateLasts(this.#lasts, round);
    }
  }

  append(round: Round, receivedMs: number, fresh: readonly StoredSeries[]): number {
    for (const { id, name, unit } of fresh) this.#sql.addSeries.run(id, name, unit);
    const data = packRound(round);
    const seq = this.#lastSeq + 1;
    this.#sql.addRound.run(seq, Math.round(receivedMs), round.ids.length, data);
    this.#lastSeq = seq;
    this.#grow(1, round.ids.length, data.length);
    this.#lasts = updateLasts(this.#lasts, round);
    return seq;
  }

  after(seq: number): IterableIterator<RoundRow> {
    return this.#sql.after.iterate(seq);
  }

  packedUpTo(seq: number): void {
    this.#sql.setMeta.run("packed_seq", seq);
    this.#sql.setMeta.run("last_seq", this.#lastSeq);
    this.#sql.setMeta.run("lasts", packLasts(this.#lasts));
    this.#packedSeq = seq;
  }

  cursors(): ReadonlyMap<string, string> {
    return new Map(this.#sql.cursors.all().map(({ name, state }) => [name, state]));
  }

  setCursor(name: string, state: string): void {
    this.#sql.setCursor.run(name, state);
  }

  dropCursor(name: string): void {
    this.#sql.dropCursor.run(name);
  }

  prune(upTo: number, limit: number): { rounds: number; samples: number } {
    const rows = this.#sql.old.all(Math.min(upTo, this.#packedSeq), limit);
    const newest = rows.at(-1);
    if (!newest) return { rounds: 0, samples: 0 };
    this.#sql.remove.run(newest.seq);
    const samples = rows.reduce((sum, row) => sum + row.samples, 0);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    this.#grow(-rows.length, -samples, -bytes);
    return { rounds: rows.length, samples };
  }

  #meta(name: string): unknown {
    return this.#sql.meta.get(name)?.value;
  }

  #grow(rounds: number, samples: number, bytes: number): void {
    this.#size = {
      rounds: this.#size.rounds + rounds,
      samples: this.#size.samples + samples,
      bytes: this.#size.bytes + bytes,
    };
  }
}
