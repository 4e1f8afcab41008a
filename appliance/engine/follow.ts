import type { Log } from "../model/contracts.ts";
import {
  type FollowCursor,
  type FollowStatus,
  type LoggedRounds,
  type Quarantine,
  RefusedError,
  type RoundSource,
} from "../model/rounds.ts";
import type { SampleBatch } from "../model/series.ts";
import type { Clock } from "../model/time.ts";
import { allPositions, bisect, quarantinedOf, slice } from "./poison.ts";

export interface FollowOptions {
  /** Names the cursor; never changed. */
  readonly name: string;
  readonly source: RoundSource;
  /** Its `write` ends by itself within 30 s, and may be given the same samples again. */
  readonly target: { write(batch: SampleBatch): Promise<void> };
  readonly clock: Clock;
  readonly log: Log;
  readonly quarantine: Quarantine;
  /** 0 to 1; for the jitter. */
  readonly random?: () => number;
}

export interface Follower {
  start(): void;
  /** Ends after the request in flight, or after 5 s. */
  stop(): Promise<void>;
  status(): FollowStatus;
}

const batchSamples = 5_000;
/** What is young is collected, so that a request carries more than one round. */
const gatherMs = 5_000;
const gatherStepMs = 1_000;
/** Live rounds older than this while older ones are caught up with: they go first. */
const liveFirstMs = 10_000;
/** When live rounds are older than this, they are left for later and the newest go on. */
const behindMs = 60_000;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
const stopLimitMs = 5_000;
/** More gaps than this are joined. */
const mostGaps = 50;

interface Piece {
  readonly lane: "live" | "behind";
  readonly afterSeq: number;
  readonly toSeq: number;
}

/** Brings every round of the local log to another store, in order, one request at a time. */
export function createFollower(options: FollowOptions): Follower {
  return new LogFollower(options);
}

class LogFollower implements Follower {
  readonly #options: FollowOptions;
  readonly #log: Log;
  readonly #ending = new AbortController();
  #cursor: FollowCursor = { live: 0, behind: [] };
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #awaySinceMs: number | undefined;
  #reason: string | undefined;
  #quarantined = 0;
  #roundsLost = 0;
  #deliveredSamples = 0;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#log = options.log.part(options.name);
  }

  start(): void {
    const { source, name } = this.#options;
    // A new follower begins with the oldest round that is still there.
    this.#cursor = source.cursor(name) ?? { live: source.firstSeq() - 1, behind: [] };
    const stopListening = source.onRound(() => this.#wake());
    this.#running = this.#run().finally(stopListening);
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error("stopped"));
    this.#wake();
    if (!this.#running) return;
    const running = this.#running;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.timer(resolve, stopLimitMs);
      void running.finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  status(): FollowStatus {
    const { live, behind } = this.#cursor;
    const gaps = behind.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const isAway = this.#awaySinceMs !== undefined;
    const running = isAway ? "away" : gaps > 0 ? "catching-up" : "live";
    return {
      name: this.#options.name,
      state: this.#ending.signal.aborted || !this.#running ? "stopped" : running,
      ...(this.#awaySinceMs === undefined ? {} : { awaySinceMs: this.#awaySinceMs }),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      roundsBehind: gaps + Math.max(0, this.#options.source.lastSeq() - live),
      quarantined: this.#quarantined,
      roundsLost: this.#roundsLost,
      deliveredSamples: this.#deliveredSamples,
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        this.#leaveBehind();
        const piece = this.#next();
        if (!piece) await this.#rest();
        else await this.#bring(piece);
      } catch (error) {
        if (signal.aborted) return;
        // Reading the log failed: a mistake of ours or of the disk, so wait instead of spinning.
        this.#away(error);
        await this.#pause(longestRetryMs);
      }
    }
  }

  /** After an absence the newest rounds go on live; what piled up follows beside them. */
  #leaveBehind(): void {
    const { live, behind } = this.#cursor;
    const last = this.#options.source.lastSeq();
    const ageMs = this.#ageMs(live + 1);
    if (last <= live || ageMs === undefined || ageMs <= behindMs) return;
    const gaps = [...behind, { from: live + 1, to: last }];
    const newest = gaps.at(-1);
    const before = gaps.at(-2);
    if (newest && before && (before.to + 1 === newest.from || gaps.length > mostGaps))
      gaps.splice(-2, 2, { from: before.from, to: newest.to });
    this.#move({ live: last, behind: gaps });
  }

  #ageMs(seq: number): number | undefined {
    const receivedMs = this.#options.source.receivedMs(seq);
    return receivedMs === undefined ? undefined : this.#options.clock.nowMs() - receivedMs;
  }

  #next(): Piece | undefined {
    const { live, behind } = this.#cursor;
    const { source } = this.#options;
    const last = source.lastSeq();
    const gap = behind[0];
    if (last > live) {
      const ageMs = this.#ageMs(live + 1) ?? Number.POSITIVE_INFINITY;
      // A clock that was set back must not hold up live rounds.
      if (ageMs >= (gap ? liveFirstMs : gatherMs) || ageMs < 0)
        return { lane: "live", afterSeq: live, toSeq: last };
    }
    return gap && { lane: "behind", afterSeq: gap.from - 1, toSeq: gap.to };
  }

  /** Until there is a round; young ones are given a second to become more. */
  #rest(): Promise<void> {
    const { clock, source } = this.#options;
    const isGathering = source.lastSeq() > this.#cursor.live;
    return new Promise((resolve) => {
      const end = () => {
        timer.cancel();
        this.#wake = () => undefined;
        resolve();
      };
      const timer = clock.timer(end, isGathering ? gatherStepMs : behindMs);
      this.#wake = () => {
        if (!isGathering || this.#ending.signal.aborted) end();
      };
      if (this.#ending.signal.aborted) end();
    });
  }

  async #bring(piece: Piece): Promise<void> {
    const { source } = this.#options;
    const first = source.firstSeq();
    if (first > piece.afterSeq + 1 && first <= piece.toSeq + 1) {
      this.#roundsLost += first - 1 - piece.afterSeq;
      this.#log.error("Rounds left the log before they could be delivered", {
        rounds: first - 1 - piece.afterSeq,
      });
      this.#delivered(piece, first - 1);
      return;
    }
    const logged: LoggedRounds | undefined = source.read(piece.afterSeq, piece.toSeq, batchSamples);
    if (!logged) {
      this.#delivered(piece, piece.toSeq);
      return;
    }
    const { batch } = logged;
    for (let at = 0; at < batch.length; at += batchSamples)
      await this.#deliver(slice(batch, allPositions(batch).slice(at, at + batchSamples)));
    this.#delivered(piece, logged.throughSeq);
  }

  async #deliver(batch: SampleBatch): Promise<void> {
    const refusal = await this.#send(batch);
    if (refusal) {
      const culprits =
        refusal.culprits ?? (await bisect(batch, async (part) => (await this.#send(part)) === undefined));
      this.#options.quarantine.add(quarantinedOf(batch, culprits, refusal.message));
      this.#quarantined += culprits.length;
      this.#log.warn("Samples were refused for good and set aside", {
        samples: culprits.length,
        what: refusal.message,
      });
    }
    this.#deliveredSamples += batch.length;
  }

  /** Sends until the answer is final: stored (undefined), or refused for good. Throws only when stopped. */
  async #send(batch: SampleBatch): Promise<RefusedError | undefined> {
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      this.#ending.signal.throwIfAborted();
      try {
        await this.#options.target.write(batch);
        this.#back();
        return undefined;
      } catch (error) {
        if (error instanceof RefusedError) {
          this.#back();
          return error;
        }
        this.#away(error);
      }
      await this.#pause(delayMs);
    }
  }

  async #pause(delayMs: number): Promise<void> {
    const jitter = 0.8 + 0.4 * (this.#options.random ?? Math.random)();
    const { signal } = this.#ending;
    await this.#options.clock.sleep(Math.min(delayMs * jitter, longestRetryMs), { signal });
  }

  #away(error: unknown): void {
    this.#reason = error instanceof Error ? error.message : String(error);
    if (this.#awaySinceMs !== undefined || this.#ending.signal.aborted) return;
    this.#awaySinceMs = this.#options.clock.nowMs();
    this.#log.warn("The remote store does not take samples; they wait in the log", { what: this.#reason });
  }

  #back(): void {
    if (this.#awaySinceMs === undefined) return;
    this.#log.info("The remote store takes samples again", { sinceMs: this.#awaySinceMs });
    this.#awaySinceMs = undefined;
    this.#reason = undefined;
  }

  #delivered({ lane }: Piece, seq: number): void {
    const { live, behind } = this.#cursor;
    if (lane === "live") this.#move({ live: seq, behind });
    else {
      const [gap, ...later] = behind;
      const rest = gap && seq < gap.to ? [{ from: seq + 1, to: gap.to }] : [];
      this.#move({ live, behind: [...rest, ...later] });
    }
  }

  #move(cursor: FollowCursor): void {
    this.#cursor = cursor;
    this.#options.source.setCursor(this.#options.name, cursor);
  }
}
