import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LatestValue, Log, Step } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Columns, SampleBatch } from "../model/series.ts";
import type { SeriesId } from "../model/site.ts";
import type { TimeRange, Timer } from "../model/time.ts";
import type { LocalStore, LocalStoreOptions } from "./contract.ts";
import { openForReading } from "./database.ts";
import { StoreHealth, type StoreProblem } from "./health.ts";
import { type LastCount, type Lasts, lastCountsOf, lastValuesOf, noLasts } from "./lasts.ts";
import type { StoredSeries } from "./log.ts";
import type { FromWriter, WriterData, WriterStatus } from "./messages.ts";
import { createNumbers } from "./numbers.ts";
import { createReader, type Reader } from "./reader.ts";
import type { Round } from "./round.ts";
import { FollowedLog } from "./source.ts";
import { emptyColumns, matches, stepMsOf } from "./steps.ts";
import { createTail, outside } from "./tail.ts";
import { checkFile, type FileCheck, startWriter, type WriterThread } from "./thread.ts";

export type { LocalStore, LocalStoreOptions } from "./contract.ts";

/** Makes the store of `dataDir`/series.db; nothing is touched before `start`. */
export function openLocalStore(options: LocalStoreOptions): LocalStore {
  return new SeriesStore(options);
}

interface Waiting {
  readonly round: Round;
  readonly fresh: readonly StoredSeries[];
  readonly done: () => void;
  readonly failed: (error: ApplianceError) => void;
}

const tickMs = 30_000;
const restartMs = 1_000;

function unavailable(message: string, cause?: unknown): ApplianceError {
  return new ApplianceError("STORE_UNAVAILABLE", message, { cause });
}

class SeriesStore implements LocalStore {
  readonly rounds: FollowedLog;
  readonly #options: LocalStoreOptions;
  readonly #path: string;
  readonly #log: Log;
  readonly #numbers;
  readonly #health: StoreHealth;
  readonly #waiting = new Map<number, Waiting>();
  readonly #idle = new Map<number, () => void>();
  #tail = createTail();
  #thread: WriterThread | undefined;
  #reader: Reader | undefined;
  #lasts: Lasts = noLasts();
  #status: WriterStatus | undefined;
  #nextId = 1;
  #timer: Timer | undefined;
  #checking: FileCheck | undefined;
  #closed = false;

  constructor(options: LocalStoreOptions) {
    this.#options = options;
    this.#path = join(options.dataDir, "series.db");
    this.#log = options.log.part("store");
    this.#numbers = createNumbers(options.series);
    this.#health = new StoreHealth(options.clock, this.#log);
    this.rounds = new FollowedLog(this.#numbers, (message) => this.#thread?.send(message));
  }

  async start(): Promise<void> {
    try {
      mkdirSync(this.#options.dataDir, { recursive: true });
    } catch (error) {
      throw unavailable(`${this.#options.dataDir} cannot be made: ${(error as Error).message}`, error);
    }
    await this.#open();
    this.#tick();
    void this.#check();
  }

  write(batch: SampleBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#thread || this.#closed) return reject(unavailable("The local store is not open."));
      const { round, fresh } = this.#numbers.roundOf(batch);
      if (round.ids.length === 0) return resolve();
      const id = this.#nextId++;
      this.#waiting.set(id, { round, fresh, done: resolve, failed: reject });
      this.#thread.send({ kind: "write", id, nowMs: this.#options.clock.nowMs(), round, fresh });
    });
  }

  async query(id: SeriesId, range: TimeRange, step: Step): Promise<Columns> {
    const series = this.#options.series.find(id);
    const stored = series && this.#numbers.idOf(series);
    if (stored === undefined || !this.#reader) return emptyColumns(stepMsOf(step, range) ?? "raw", "local");
    try {
      return this.#reader.query(stored, range, step, this.#tail);
    } catch (error) {
      throw unavailable(`series.db cannot be read: ${(error as Error).message}`, error);
    }
  }

  async series(matcher: string): Promise<readonly SeriesId[]> {
    const isMatch = matches(matcher);
    return [...this.#numbers.all()].map((series) => series.id).filter(isMatch);
  }

  lastCounts(): readonly LastCount[] {
    return lastCountsOf(this.#lasts, this.#numbers.seriesOf);
  }

  lastValues(): readonly LatestValue[] {
    return lastValuesOf(this.#lasts, this.#numbers.seriesOf);
  }

  health(): readonly StoreProblem[] {
    return this.#health.problems();
  }

  status(): WriterStatus | undefined {
    return this.#status;
  }

  oldestMs(): number | undefined {
    return this.#reader?.oldestMs();
  }

  maintain(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#thread) return resolve();
      const id = this.#nextId++;
      this.#idle.set(id, resolve);
      this.#thread.send({ kind: "tick", id, nowMs: this.#options.clock.nowMs(), pack: true });
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    await this.#checking?.stop();
    // The writer's connection must be the last one: then SQLite folds the write-ahead log into the file.
    this.rounds.use(undefined);
    this.#reader?.close();
    this.#reader = undefined;
    await this.#thread?.close();
    this.#thread = undefined;
    this.#giveUp("The local store was closed.");
  }

  #data(): WriterData {
    return {
      mode: "write",
      path: this.#path,
      dataDir: this.#options.dataDir,
      retention: this.#options.settings.retention,
      followers: this.#options.followers ?? [],
      nowMs: this.#options.clock.nowMs(),
    };
  }

  async #open(): Promise<void> {
    const thread = await startWriter(this.#data(), this.#take, this.#ended);
    try {
      this.#begin(thread.ready);
    } catch (error) {
      await thread.close();
      throw unavailable(`${this.#path} cannot be read: ${(error as Error).message}`, error);
    }
    if (this.#closed) await thread.close();
    else this.#thread = thread;
  }

  #begin(ready: WriterThread["ready"]): void {
    this.#numbers.load(ready.series);
    this.#lasts = ready.lasts;
    this.#useReader();
    this.rounds.began(ready.lastSeq, ready.cursors);
    this.#tail = createTail();
    for (const { round } of this.#reader?.rounds(ready.packedSeq, Number.MAX_SAFE_INTEGER) ?? [])
      if (round) this.#tail.append(round);
  }

  #useReader(): void {
    this.#reader?.close();
    this.#reader = createReader(openForReading(this.#path));
    this.rounds.use(this.#reader);
  }

  /** The thread crashed: nothing that waits was taken for certain; a new one is started. */
  readonly #ended = (reason: string): void => {
    this.#thread = undefined;
    this.#health.failed("error", reason);
    this.#giveUp(reason);
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer(() => {
      this.#open().then(
        () => this.#tick(),
        (error: Error) => this.#ended(error.message),
      );
    }, restartMs);
  };

  #giveUp(reason: string): void {
    for (const entry of this.#waiting.values()) entry.failed(unavailable(reason));
    this.#waiting.clear();
    for (const done of this.#idle.values()) done();
    this.#idle.clear();
  }

  #tick(): void {
    if (this.#closed) return;
    this.#thread?.send({ kind: "tick", id: 0, nowMs: this.#options.clock.nowMs(), pack: false });
    this.#timer = this.#options.clock.timer(() => this.#tick(), tickMs);
  }

  async #check(): Promise<void> {
    this.#checking = checkFile(this.#data());
    const what = await this.#checking.result;
    if (what !== undefined && !this.#closed)
      this.#thread?.send({ kind: "damaged", nowMs: this.#options.clock.nowMs(), what });
  }

  readonly #take = (message: FromWriter): void => {
    if (message.kind === "written") this.#written(message.ids, message.seqs);
    else if (message.kind === "failed") this.#failed(message);
    else if (message.kind === "packed") this.#packed(message);
    else if (message.kind === "status") this.#reported(message.status);
    else if (message.kind === "aside") this.#renewed(message.path, message.what);
    else if (message.kind === "trimmed") this.#reader?.refresh();
    else if (message.kind === "trouble") this.#health.trouble(message.message);
    else if (message.kind === "salvaged") {
      this.#reader?.refresh();
      this.#log.info("Readable history was copied from the damaged file", { rows: message.rows });
    } else if (message.kind === "idle") {
      this.#idle.get(message.id)?.();
      this.#idle.delete(message.id);
    }
  };

  #reported(status: WriterStatus): void {
    this.#status = status;
    this.#health.status(status);
  }

  #written(ids: readonly number[], seqs: readonly number[]): void {
    this.#health.written();
    ids.forEach((id, at) => {
      const entry = this.#waiting.get(id);
      this.#waiting.delete(id);
      this.rounds.committed(seqs[at] ?? 0);
      if (!entry) return;
      this.#numbers.stored(entry.fresh);
      this.#tail.append(entry.round);
      entry.done();
    });
    this.rounds.tell();
  }

  #failed({ ids, reason, message }: Extract<FromWriter, { kind: "failed" }>): void {
    this.#health.failed(reason, message);
    for (const id of ids) {
      this.#waiting.get(id)?.failed(unavailable(message));
      this.#waiting.delete(id);
    }
  }

  #packed(limits: Extract<FromWriter, { kind: "packed" }>): void {
    this.#health.packed();
    this.#tail.drop(limits);
    this.#reader?.refresh();
    // What came while packing went on: late samples among it are in no chunk yet.
    for (const { round } of this.#reader?.rounds(limits.throughSeq, Number.MAX_SAFE_INTEGER) ?? [])
      if (round) this.#tail.append(outside(round, limits));
  }

  #renewed(aside: string | undefined, what: string): void {
    this.#useReader();
    this.#health.aside(aside, what);
    // The open hours are still here; whatever of them was damaged in the file is written again.
    for (const round of this.#tail.rounds())
      this.#thread?.send({
        kind: "write",
        id: 0,
        nowMs: this.#options.clock.nowMs(),
        round,
        fresh: this.#numbers.named(round),
      });
  }
}
