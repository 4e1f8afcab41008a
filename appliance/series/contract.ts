import type { LatestValue, Log, SeriesTable, Store } from "../model/contracts.ts";
import type { RoundSource } from "../model/rounds.ts";
import type { Clock } from "../model/time.ts";
import type { StoreProblem } from "./health.ts";
import type { LastCount } from "./lasts.ts";
import type { WriterStatus } from "./messages.ts";
import type { Retention } from "./retention.ts";

export interface LocalStoreOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly series: SeriesTable;
  readonly settings: { readonly retention: Retention };
  /** Names of the stores that follow the log; rounds wait for them. */
  readonly followers?: readonly string[];
}

/** The store on this box. */
export interface LocalStore extends Store {
  /** Opens the file, reads the open hours, begins packing. Throws STORE_NEWER, STORE_UNAVAILABLE. */
  start(): Promise<void>;
  /** As of the start: newest count of each counter. */
  lastCounts(): readonly LastCount[];
  /** As of the start: newest value of each series. */
  lastValues(): readonly LatestValue[];
  /** The log as followers read it. */
  readonly rounds: RoundSource;
  health(): readonly StoreProblem[];
  /** Sizes as of the last half minute; undefined before the first. */
  status(): WriterStatus | undefined;
  /** Start of the oldest packed data, Unix milliseconds. */
  oldestMs(): number | undefined;
  /** Packs and cleans now; resolves when that is done. */
  maintain(): Promise<void>;
}
