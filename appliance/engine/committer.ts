import type { Counters, Log } from "../model/contracts.ts";
import type { SampleBatch } from "../model/series.ts";
import type { Clock, Timer } from "../model/time.ts";
import { asBatch, newRound, type Round } from "./round.ts";

/** What arrives within this time is one round. */
const roundMs = 1_000;
/** RELIABILITY: where somebody waits for the commit, the round ends this soon; at once when this many wait. */
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
export function createCommitter(options: CommitterOptions): Committer {
  const { clock, log, counters } = options;
  let open = newRound();
  let promise: Promise<void> | undefined;
  let settle: Omit<Closed, "round"> | undefined;
  let timer: Timer | undefined;
  let waiting = 0;
  let isStopping = false;
  let trouble: { sinceMs: number; what: string } | undefined;
  let writing: Promise<void> | undefined;
  let wake = new AbortController();
  const queue: Closed[] = [];

  function opened(): Promise<void> {
    if (!promise) {
      promise = new Promise((resolve, reject) => {
        settle = { done: resolve, lost: reject };
      });
      // Most callers do not wait; a lost round is counted and logged here, once.
      promise.catch(() => undefined);
    }
    return promise;
  }

  function end(): void {
    timer?.cancel();
    timer = undefined;
    waiting = 0;
    if (open.length === 0 || !settle) return;
    queue.push({ round: open, ...settle });
    open = newRound(Math.max(256, open.length));
    promise = undefined;
    settle = undefined;
    makeRoom();
    writing ??= drain().finally(() => {
      writing = undefined;
    });
  }

  /** Gives up the oldest rounds when too many wait. The one being written stays: it may be durable already. */
  function makeRoom(): void {
    let kept = queue.reduce((sum, { round }) => sum + round.length, 0);
    while (kept > keptSamples && queue.length > 2) {
      const [oldest] = queue.splice(1, 1);
      if (!oldest) return;
      kept -= oldest.round.length;
      giveUp(oldest, new Error("Too many rounds wait for the store."));
    }
  }

  function giveUp(closed: Closed, error: unknown): void {
    counters.add("ingest_samples_lost", closed.round.length);
    closed.lost(error);
  }

  async function drain(): Promise<void> {
    let pauseMs = firstRetryMs;
    for (let next = queue[0]; next; next = queue[0]) {
      try {
        await options.write(asBatch(next.round));
        queue.shift();
        next.done();
        counters.add("ingest_samples_committed", next.round.length);
        if (trouble) log.info("The store takes samples again", trouble);
        trouble = undefined;
        pauseMs = firstRetryMs;
      } catch (error) {
        counters.add("ingest_store_refusals");
        refused(error);
        if (isStopping) return;
        await pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, longestRetryMs);
      }
    }
  }

  function refused(error: unknown): void {
    if (trouble) return;
    const what = error instanceof Error ? error.message : String(error);
    trouble = { sinceMs: clock.nowMs(), what };
    log.error("The store refuses samples; they are kept and tried again", {
      what,
    });
  }

  async function pause(pauseMs: number): Promise<void> {
    wake = new AbortController();
    try {
      await clock.sleep(pauseMs, { signal: wake.signal });
    } catch {
      // Stopping: one last try without waiting.
    }
  }

  return {
    round: () => open,
    committed(isWaiting) {
      if (open.length === 0) return writing ?? Promise.resolve();
      const result = opened();
      if (isStopping) end();
      else if (isWaiting && ++waiting >= waitingLimit) end();
      else if (isWaiting && waiting === 1) {
        timer?.cancel();
        timer = clock.timer(end, waitingMs);
      } else timer ??= clock.timer(end, roundMs);
      return result;
    },
    trouble: () => trouble,
    async stop() {
      isStopping = true;
      end();
      wake.abort();
      await writing;
      for (const closed of queue.splice(0)) giveUp(closed, new Error("Stopped before the store took it."));
    },
  };
}
