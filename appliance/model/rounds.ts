import { ApplianceError } from "./errors.ts";
import type { SampleBatch } from "./series.ts";

/** Rounds of the local log, read back in order. */
export interface LoggedRounds {
  readonly batch: SampleBatch;
  /** The last round in it. */
  readonly throughSeq: number;
  readonly rounds: number;
}

/** A stretch of rounds, both ends included. */
export interface RoundRange {
  readonly from: number;
  readonly to: number;
}

/** How far a follower is: every round up to `live` is delivered, apart from those in `behind`. */
export interface FollowCursor {
  readonly live: number;
  /** Oldest first; what piled up while the target was away. */
  readonly behind: readonly RoundRange[];
}

/** The log as followers read it. Numbers of rounds only grow. */
export interface RoundSource {
  /** Number of the newest committed round; 0 before the first. */
  lastSeq(): number;
  /** Number of the oldest round still kept; one more than `lastSeq` when there is none. */
  firstSeq(): number;
  /** When a round was received, Unix milliseconds; undefined when it is gone. */
  receivedMs(seq: number): number | undefined;
  /**
   * Whole rounds after `afterSeq` up to `upToSeq`, until `maxSamples` are reached; at least one round.
   *
   * @returns undefined when there is none
   */
  read(afterSeq: number, upToSeq: number, maxSamples: number): LoggedRounds | undefined;
  cursor(name: string): FollowCursor | undefined;
  /** Kept with the next commit: after a crash some rounds are delivered again, none is missed. */
  setCursor(name: string, cursor: FollowCursor): void;
  /** Called after each commit; returns how to stop. */
  onRound(listener: () => void): () => void;
}

/** A store will never take some of these samples; trying again cannot help. All others may or may not be stored. */
export class RefusedError extends ApplianceError {
  /** Positions in the batch, when the store said which; all other samples are stored then. */
  readonly culprits: readonly number[] | undefined;

  constructor(message: string, culprits?: readonly number[], options?: ErrorOptions) {
    super("STORE_REFUSED", message, options);
    this.name = "RefusedError";
    this.culprits = culprits;
  }
}

/** A sample that a store refused for good. */
export interface QuarantinedSample {
  readonly series: string;
  readonly timeMs: number;
  readonly value: number;
  readonly count?: number;
  readonly reason: string;
}

/** Where refused samples are put aside. */
export interface Quarantine {
  add(samples: readonly QuarantinedSample[]): void;
}

/** What a follower says of itself. */
export interface FollowStatus {
  readonly name: string;
  readonly state: "live" | "catching-up" | "away" | "stopped";
  /** Since when the target does not answer. */
  readonly awaySinceMs?: number;
  /** Why, in words for people. */
  readonly reason?: string;
  /** Rounds that the target does not have yet. */
  readonly roundsBehind: number;
  readonly quarantined: number;
  /** Rounds that left the log before the target could have them. */
  readonly roundsLost: number;
  readonly deliveredSamples: number;
}
