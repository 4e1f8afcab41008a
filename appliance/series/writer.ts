import { type Db, isDamage, isFull, openForWriting } from "./database.ts";
import { openRoundLog, type RoundLog, type StoredSeries } from "./log.ts";
import type { FromWriter, ToWriter, WriterData } from "./messages.ts";
import { Packer } from "./packing.ts";
import { packable } from "./resolution.ts";
import { trim, usedBytes } from "./retention.ts";
import { salvageChunks, salvageLog, setAside } from "./salvage.ts";
import { createSpace } from "./space.ts";

type Write = Extract<ToWriter, { kind: "write" }>;
type Tick = Extract<ToWriter, { kind: "tick" }>;

/** Between two cleanings, milliseconds; packing goes by the hour. */
const trimEveryMs = 10 * 60_000;
const noRoom = "The disk is nearly full: history stops until there is room.";

interface Open {
  readonly db: Db;
  readonly log: RoundLog;
  packer: Packer;
}

/**
 * The one writer of series.db. Rounds that wait at the same time share a transaction; packing and cleaning go on in
 * slices between them.
 */
export class SeriesWriter {
  readonly #data: WriterData;
  readonly #say: (message: FromWriter) => void;
  readonly #space;
  /** Names by number, kept for the case that the file is damaged while running. */
  readonly #names = new Map<number, StoredSeries>();
  readonly #cursors = new Map<string, string>();
  readonly #changedCursors = new Map<string, string>();
  readonly #waiting: Write[] = [];
  readonly #ticks: Tick[] = [];
  #open: Open;
  /** What goes on in slices, and the tick that asked for it. */
  #job: Generator<void, void> | undefined;
  #jobId = 0;
  #scheduled = false;
  #closed = false;
  #lastBefore = Number.NEGATIVE_INFINITY;
  #lastTrimMs = Number.NEGATIVE_INFINITY;
  #unfollowed = 0;

  /**
   * Opens the file; a damaged one is set aside.
   * Throws STORE_NEWER, and whatever the system says when the file cannot be made.
   */
  constructor(data: WriterData, say: (message: FromWriter) => void) {
    this.#data = data;
    this.#say = say;
    this.#space = createSpace(data.dataDir, `${data.path}-wal`);
    try {
      this.#open = this.#openAll();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#open = this.#renew(data.nowMs, (error as Error).message);
    }
    this.#dropStrangers();
    const { log } = this.#open;
    say({
      kind: "ready",
      series: [...this.#names.values()],
      lasts: log.lasts(),
      cursors: [...this.#cursors],
      lastSeq: log.lastSeq(),
      packedSeq: log.packedSeq(),
    });
    this.#report();
  }

  /** Takes one message; answers come by `say`. */
  take(message: ToWriter): void {
    if (this.#closed) return;
    if (message.kind === "close") {
      this.#close();
      return;
    }
    if (message.kind === "write") this.#waiting.push(message);
    else if (message.kind === "cursor") {
      this.#cursors.set(message.name, message.state);
      this.#changedCursors.set(message.name, message.state);
      return; // Goes with the next commit.
    } else if (message.kind === "tick") {
      if (this.#job && !message.pack) return;
      this.#ticks.push(message);
      if (!this.#job) this.#nextJob();
    } else {
      this.#open.db.close();
      this.#open = this.#renew(message.nowMs, message.what);
    }
    this.#schedule();
  }

  #openAll(): Open {
    const db = openForWriting(this.#data.path);
    try {
      const log = openRoundLog(db);
      const packer = new Packer(db, log);
      for (const series of db.prepare<[], StoredSeries>("SELECT id, name, unit FROM series").all())
        this.#names.set(series.id, series);
      for (const [name, state] of log.cursors()) if (!this.#cursors.has(name)) this.#cursors.set(name, state);
      return { db, log, packer };
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Cursors of stores that the configuration no longer names would hold the log for ever. */
  #dropStrangers(): void {
    for (const name of this.#cursors.keys())
      if (!this.#data.followers.includes(name)) {
        this.#open.log.dropCursor(name);
        this.#cursors.delete(name);
      }
  }

  /** Sets the damaged file aside and begins a new one with what can be read. */
  #renew(nowMs: number, what: string): Open {
    const aside = setAside(this.#data.path, nowMs);
    const db = openForWriting(this.#data.path);
    const saved = aside ? salvageLog(aside, db, this.#names.values()) : { rows: 0 };
    db.close();
    const opened = this.#openAll();
    for (const [name, state] of this.#cursors) this.#changedCursors.set(name, state);
    // What went on ends here: whoever waits for it must not wait for ever.
    if (this.#job) this.#say({ kind: "idle", id: this.#jobId });
    this.#job = this.#saveChunks(aside, opened);
    this.#jobId = 0;
    this.#say({ kind: "aside", path: aside, what, rows: saved.rows });
    this.#schedule();
    return opened;
  }

  *#saveChunks(aside: string | undefined, opened: Open): Generator<void, void> {
    if (!aside) return;
    const { rows } = yield* salvageChunks(aside, opened.db);
    opened.packer = new Packer(opened.db, opened.log);
    this.#lastBefore = Number.NEGATIVE_INFINITY;
    this.#say({ kind: "salvaged", rows });
  }

  #followedSeq(): number {
    return Math.min(
      ...this.#data.followers.map((name) => doneOf(this.#cursors.get(name))),
      Number.MAX_SAFE_INTEGER,
    );
  }

  *#maintain({ nowMs, pack }: Tick): Generator<void, void> {
    const { db, log, packer } = this.#open;
    const isDue = pack || packable(nowMs).before !== this.#lastBefore;
    if (isDue) {
      const packed = yield* packer.run(nowMs);
      this.#lastBefore = packed.before;
      this.#say({ kind: "packed", ...packed });
    }
    if (isDue || nowMs - this.#lastTrimMs >= trimEveryMs) {
      this.#lastTrimMs = nowMs;
      const { retention } = this.#data;
      const keep = { ...retention, maxBytes: Math.min(retention.maxBytes, this.#space.total() / 2) };
      const { unfollowed } = yield* trim({
        db,
        log,
        packer,
        keep,
        nowMs,
        followedSeq: () => this.#followedSeq(),
      });
      this.#unfollowed += unfollowed;
      this.#space.layBallast();
      if (isDue) this.#say({ kind: "trimmed" });
    }
    this.#report();
  }

  #report(): void {
    const { db, log } = this.#open;
    this.#say({
      kind: "status",
      status: {
        usedBytes: usedBytes(db),
        spaceLeftBytes: this.#space.left(),
        log: log.size(),
        unfollowed: this.#unfollowed,
      },
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#closed) return;
      this.#flush();
      this.#step();
      if (this.#waiting.length > 0 || this.#job) this.#schedule();
    });
  }

  /** Commits everything that waits in one transaction. */
  #flush(mayRenew = true): void {
    if (this.#waiting.length === 0 && this.#changedCursors.size === 0) return;
    const batch = this.#waiting.splice(0);
    const ids = batch.map((write) => write.id);
    if (batch.length > 0 && this.#space.left() <= 0) {
      this.#say({ kind: "failed", ids, reason: "full", message: noRoom });
      return;
    }
    try {
      const seqs = this.#commit(batch);
      if (ids.length > 0) this.#say({ kind: "written", ids, seqs });
    } catch (error) {
      const message = (error as Error).message;
      if (isDamage(error) && mayRenew) {
        this.#open.db.close();
        this.#open = this.#renew(batch[0]?.nowMs ?? this.#data.nowMs, message);
        this.#waiting.unshift(...batch);
        this.#flush(false);
        return;
      }
      this.#recover(error);
      if (ids.length > 0)
        this.#say({ kind: "failed", ids, reason: isFull(error) ? "full" : "error", message });
    }
  }

  #commit(batch: readonly Write[]): number[] {
    const { db, log } = this.#open;
    const seqs: number[] = [];
    db.transaction(() => {
      for (const write of batch) seqs.push(log.append(write.round, write.nowMs, write.fresh));
      for (const [name, state] of this.#changedCursors) log.setCursor(name, state);
    }).immediate();
    this.#changedCursors.clear();
    for (const write of batch) for (const series of write.fresh) this.#names.set(series.id, series);
    return seqs;
  }

  /** After a failed transaction: memory follows the file again. */
  #recover(error: unknown): void {
    if (isFull(error)) this.#space.dropBallast();
    const { db, log } = this.#open;
    log.reload();
    this.#open.packer = new Packer(db, log);
  }

  #nextJob(): void {
    const tick = this.#ticks.shift();
    this.#job = tick && this.#maintain(tick);
    this.#jobId = tick?.id ?? 0;
  }

  #step(): void {
    if (!this.#job) return;
    try {
      if (!this.#job.next().done) return;
      this.#say({ kind: "idle", id: this.#jobId });
      this.#nextJob();
    } catch (error) {
      this.#say({ kind: "trouble", message: (error as Error).message });
      this.#say({ kind: "idle", id: this.#jobId });
      this.#job = undefined;
      if (isDamage(error)) {
        this.#open.db.close();
        this.#open = this.#renew(this.#data.nowMs, (error as Error).message);
      } else {
        this.#recover(error);
        this.#nextJob();
      }
    }
  }

  #close(): void {
    this.#flush();
    this.#closed = true;
    this.#open.db.close();
    this.#say({ kind: "closed" });
  }
}

/** All rounds up to the result are delivered, as the follower's cursor says; 0 when it has none. */
function doneOf(state: string | undefined): number {
  if (state === undefined) return 0;
  try {
    const parsed = JSON.parse(state) as { live?: unknown; behind?: readonly { from?: unknown }[] };
    const first = parsed.behind?.[0]?.from;
    if (typeof first === "number") return first - 1;
    return typeof parsed.live === "number" ? parsed.live : 0;
  } catch {
    return 0; // Not JSON: nothing is known to be delivered.
  }
}
