import type { Counters, Log } from "../model/contracts.ts";
import type { SampleBatch } from "../model/series.ts";
import type { Clock, Timer } from "../model/time.ts";
import { asBatch, newRound, type Round } from "./round.ts";

/** What arrives within this time is one round. */
const roundMs = 1_000;
/** Where somebody waits for the commit, the round ends this soon; at once when this many wait. */
const waitingMs = 50;
const waitingLimit = 32;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
/** Samples kept in memory while the store refuses: about 32 MB. Beyond it the oldest round goes, counted. */
const keptSamples = 1_000_000;

export interface CommitterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly write: (batch: SampleBatch) => Promise<void>;
}

interface Closed {
  readonly round: Round;
  readonly done: () => void;
  readonly lost: (error: unknown) => void;
}

export interface Committer {
  /** The round that is being filled now. */
  round(): Round;
  /** Resolves when what is in the round now is committed; rejects when it had to be given up. */
  committed(isWaiting: boolean): Promise<void>;
  /** Why and since when the store refuses; undefined when all is well. */
  trouble(): { readonly sinceMs: number; readonly what: string } | undefined;
  /** Commits what is there, then ends. What the store still refuses is given up and counted. */
  stop(): Promise<void>;
}

/** Collects samples into rounds and writes them one after the other; a refused round is tried again, in order. */
class RoundCommitter implements Committer {
  readonly #options: CommitterOptions;
  #open = newRound();
  #promise: Promise<void> | undefined;
  #settle: Omit<Closed, "round"> | undefined;
  #timer: Timer | undefined;
  #waiting = 0;
  #isStopping = false;
  #trouble: { sinceMs: number; what: string } | undefined;
  #writing: Promise<void> | undefined;
  #wake = new AbortController();
  readonly #queue: Closed[] = [];

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  #opened(): Promise<void> {
    if (!this.#promise) {
      this.#promise = new Promise((resolve, reject) => {
        this.#settle = { done: resolve, lost: reject };
      });
      // Most callers do not wait; a lost round is counted and logged here, once.
      this.#promise.catch(() => undefined);
    }
    return this.#promise;
  }

  #end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = 0;
    if (this.#open.length === 0 || !this.#settle) return;
    this.#queue.push({ round: this.#open, ...this.#settle });
    this.#open = newRound(Math.max(256, this.#open.length));
    this.#promise = undefined;
    this.#settle = undefined;
    this.#makeRoom();
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Gives up the oldest rounds when too many wait. The one being written stays: it may be durable already. */
  #makeRoom(): void {
    let kept = this.#queue.reduce((sum, { round }) => sum + round.length, 0);
    while (kept > keptSamples && this.#queue.length > 2) {
      const [oldest] = this.#queue.splice(1, 1);
      if (!oldest) return;
      kept -= oldest.round.length;
      this.#giveUp(oldest, new Error("Too many rounds wait for the store."));
    }
  }

  #giveUp(closed: Closed, error: unknown): void {
    this.#options.counters.add("ingest_samples_lost", closed.round.length);
    closed.lost(error);
  }

  async #drain(): Promise<void> {
    let pauseMs = firstRetryMs;
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      try {
        await this.#options.write(asBatch(next.round));
        this.#queue.shift();
        next.done();
        this.#options.counters.add("ingest_samples_committed", next.round.length);
        if (this.#trouble) this.#options.log.info("The store takes samples again", this.#trouble);
        this.#trouble = undefined;
        pauseMs = firstRetryMs;
      } catch (error) {
        this.#options.counters.add("ingest_store_refusals");
        this.#refused(error);
        if (this.#isStopping) return;
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestRetryMs);
      }
    }
  }

  #refused(error: unknown): void {
    if (this.#trouble) return;
    const what = error instanceof Error ? error.message : String(error);
    this.#trouble = { sinceMs: this.#options.clock.nowMs(), what };
    this.#options.log.error("The store refuses samples; they are kept and tried again", {
      what,
    });
  }

  async #pause(pauseMs: number): Promise<void> {
    this.#wake = new AbortController();
    try {
      await this.#options.clock.sleep(pauseMs, { signal: this.#wake.signal });
    } catch {
      // Stopping: one last try without waiting.
    }
  }

  round(): Round {
    return this.#open;
  }

  committed(isWaiting: boolean): Promise<void> {
    if (this.#open.length === 0) return this.#writing ?? Promise.resolve();
    const result = this.#opened();
    if (this.#isStopping) this.#end();
    else if (isWaiting && ++this.#waiting >= waitingLimit) this.#end();
    else if (isWaiting && this.#waiting === 1) {
      this.#timer?.cancel();
      this.#timer = this.#options.clock.timer(() => this.#end(), waitingMs);
    } else this.#timer ??= this.#options.clock.timer(() => this.#end(), roundMs);
    return result;
  }

  trouble(): { readonly sinceMs: number; readonly what: string } | undefined {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#end();
    this.#wake.abort();
    await this.#writing;
    for (const closed of this.#queue.splice(0))
      this.#giveUp(closed, new Error("Stopped before the store took it."));
  }
}

export function createCommitter(options: CommitterOptions): Committer {
  return new RoundCommitter(options);
}
