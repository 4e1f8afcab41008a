import type { Lasts } from "./lasts.ts";
import type { LogSize, StoredSeries } from "./log.ts";
import type { Retention } from "./retention.ts";
import type { Round } from "./round.ts";

/** What the writing thread is started with. */
export interface WriterData {
  readonly mode: "write" | "check";
  readonly path: string;
  readonly dataDir: string;
  readonly retention: Retention;
  /** Names of followers; cursors of others are dropped. */
  readonly followers: readonly string[];
  readonly nowMs: number;
}

/** To the writing thread. */
export type ToWriter =
  | {
      readonly kind: "write";
      readonly id: number;
      readonly nowMs: number;
      readonly round: Round;
      readonly fresh: readonly StoredSeries[];
    }
  | { readonly kind: "cursor"; readonly name: string; readonly state: string }
  | { readonly kind: "tick"; readonly id: number; readonly nowMs: number; readonly pack: boolean }
  | { readonly kind: "damaged"; readonly nowMs: number; readonly what: string }
  | { readonly kind: "close" };

export interface WriterStatus {
  readonly usedBytes: number;
  readonly spaceLeftBytes: number;
  readonly log: LogSize;
  /** Samples dropped from the log that a follower had not had yet, since start. */
  readonly unfollowed: number;
}

/** From the writing thread. */
export type FromWriter =
  | {
      readonly kind: "ready";
      readonly series: readonly StoredSeries[];
      readonly lasts: Lasts;
      readonly cursors: readonly (readonly [string, string])[];
      readonly lastSeq: number;
      readonly packedSeq: number;
    }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | {
      readonly kind: "written";
      readonly ids: readonly number[];
      readonly seqs: readonly number[];
    }
  | {
      readonly kind: "failed";
      readonly ids: readonly number[];
      readonly reason: "full" | "error";
      readonly message: string;
    }
  | {
      readonly kind: "packed";
      readonly before: number;
      readonly from: number;
      readonly throughSeq: number;
    }
  | { readonly kind: "status"; readonly status: WriterStatus }
  | { readonly kind: "trimmed" }
  | { readonly kind: "idle"; readonly id: number }
  | {
      /** The file was damaged: it has a new name, and a new one is in use. */
      readonly kind: "aside";
      readonly path: string | undefined;
      readonly what: string;
      readonly rows: number;
    }
  | { readonly kind: "salvaged"; readonly rows: number }
  | { readonly kind: "trouble"; readonly message: string }
  | { readonly kind: "checked"; readonly ok: boolean; readonly what: string }
  | { readonly kind: "closed" };
