import {
  type Chunk,
  type Folded,
  packChunk,
  packFolded,
  unlessDamaged,
  unpackChunk,
  unpackFolded,
} from "./chunk.ts";
import { collectHours, type HourColumn, type HourSamples, mergeColumns, shareTimes } from "./collect.ts";
import type { Db } from "./database.ts";
import { createFold, type Fold, feed, feedSteps, foldColumn, replaceSteps } from "./fold.ts";
import type { RoundLog } from "./log.ts";
import {
  bucketOf,
  bucketStartMs,
  chunkKey,
  graceMs,
  hourMs,
  keySpan,
  packable,
  type Resolution,
  resolutions,
  stepOf,
} from "./resolution.ts";

/** Series packed in one transaction: between two slices waiting rounds are committed. */
const sliceSize = 500;

export interface Packed {
  /** Hours before this one are packed, and so are those from `from` on. */
  readonly before: number;
  readonly from: number;
  /** The last round that was looked at. */
  readonly throughSeq: number;
}

interface ChunkRow {
  readonly key: number;
  readonly data: Uint8Array;
}

function prepareAll(db: Db) {
  const of = (table: Resolution | "times") => ({
    get: db.prepare<[number], { data: Uint8Array }>(`SELECT data FROM ${table} WHERE key = ?`),
    range: db.prepare<[number, number], ChunkRow>(
      `SELECT key, data FROM ${table} WHERE key >= ? AND key < ?`,
    ),
    put: db.prepare(
      `INSERT INTO ${table} (key, data) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET data = excluded.data`,
    ),
  });
  return {
    raw: of("raw"),
    five: of("five"),
    hour: of("hour"),
    times: of("times"),
    newestTimes: db.prepare<[number, number], { key: number | null }>(
      "SELECT max(key) AS key FROM times WHERE key >= ? AND key < ?",
    ),
    addBucket: db.prepare("INSERT INTO buckets (resolution, bucket) VALUES (?, ?) ON CONFLICT DO NOTHING"),
    buckets: db.prepare<[], { resolution: number; bucket: number }>("SELECT resolution, bucket FROM buckets"),
    newestSeries: db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM series"),
  };
}

/** Packs complete hours of the log into chunks, hours into days, days into months. Its work comes in slices. */
export class Packer {
  readonly #db: Db;
  readonly #log: RoundLog;
  readonly #sql;
  readonly #known: Record<Resolution, Set<number>> = { raw: new Set(), five: new Set(), hour: new Set() };

  constructor(db: Db, log: RoundLog) {
    this.#db = db;
    this.#log = log;
    this.#sql = prepareAll(db);
    for (const { resolution, bucket } of this.#sql.buckets.all())
      this.#known[resolutions[resolution] ?? "raw"].add(bucket);
  }

  has(resolution: Resolution, bucket: number): boolean {
    return this.#known[resolution].has(bucket);
  }

  buckets(resolution: Resolution): ReadonlySet<number> {
    return this.#known[resolution];
  }

  forget(resolution: Resolution, bucket: number): void {
    this.#known[resolution].delete(bucket);
  }

  /** One transaction between two yields; ends with what is packed now. */
  *run(nowMs: number): Generator<void, Packed> {
    const limits = packable(nowMs);
    const log = this.#log;
    let throughSeq = log.packedSeq();
    let openSeq: number | undefined;
    for (let more = true; more; ) {
      const found = collectHours(log.after(throughSeq), limits);
      for (const samples of found.hours) yield* this.#packHour(samples);
      throughSeq = Math.max(throughSeq, found.throughSeq);
      openSeq ??= found.firstOpenSeq;
      // A round with an open hour keeps itself and all after it in the log.
      const upTo = openSeq === undefined ? throughSeq : openSeq - 1;
      if (upTo > log.packedSeq()) this.#db.transaction(() => log.packedUpTo(upTo))();
      more = found.more;
      yield;
    }
    for (const day of this.#due("five", nowMs)) yield* this.#foldBucket("five", day);
    for (const month of this.#due("hour", nowMs)) yield* this.#foldBucket("hour", month);
    return { ...limits, throughSeq };
  }

  #add(resolution: Resolution, bucket: number): void {
    this.#sql.addBucket.run(resolutions.indexOf(resolution), bucket);
    this.#known[resolution].add(bucket);
  }

  #sharedOf(hour: number): (column: number) => Uint8Array | undefined {
    return (column) => this.#sql.times.get.get(chunkKey(hour, column))?.data;
  }

  #readRaw(hour: number, id: number): Chunk | undefined {
    const row = this.#sql.raw.get.get(chunkKey(hour, id));
    return row && unlessDamaged(() => unpackChunk(row.data, hour * hourMs, this.#sharedOf(hour)));
  }

  *#packHour(samples: HourSamples): Generator<void, void> {
    const { hour } = samples;
    const sharing = shareTimes(samples);
    const columnOf = this.#sharedColumns(hour);
    const late = this.#known.raw.has(hour);
    for (let at = 0; at < samples.ids.length; at += sliceSize) {
      const slice = samples.ids.slice(at, at + sliceSize);
      this.#db.transaction(() => {
        if (at === 0) this.#add("raw", hour);
        for (const id of slice) {
          const times = sharing.get(id);
          this.#packSeries(
            hour,
            id,
            samples.of(id),
            late,
            times === undefined ? undefined : () => columnOf(times),
          );
        }
      })();
      yield;
    }
  }

  /** @param late - the hour was packed before: what is there already is kept */
  #packSeries(
    hour: number,
    id: number,
    fresh: HourColumn,
    late: boolean,
    sharedColumn: (() => number) | undefined,
  ): void {
    const old = late ? this.#readRaw(hour, id) : undefined;
    const merged = old ? mergeColumns(old, fresh, hour) : fresh;
    const shared = old ? undefined : sharedColumn?.();
    const { offsetsMs, values } = merged;
    this.#sql.raw.put.run(chunkKey(hour, id), packChunk(offsetsMs, values, offsetsMs.length, shared));
    this.#refold(id, hour, merged, late);
  }

  /** Numbers of the shared columns of times of one hour; written on first use. */
  #sharedColumns(hour: number): (packed: string) => number {
    const newest = this.#sql.newestTimes.get(chunkKey(hour, 0), chunkKey(hour + 1, 0));
    let next = newest?.key == null ? 0 : newest.key - chunkKey(hour, 0) + 1;
    const numbers = new Map<string, number>();
    return (packed) => {
      const found = numbers.get(packed);
      if (found !== undefined) return found;
      this.#sql.times.put.run(chunkKey(hour, next), Buffer.from(packed, "latin1"));
      numbers.set(packed, next);
      return next++;
    };
  }

  /**
   * Late samples: their steps in the day and the month that are packed already are made anew, from all samples of
   * the hour when it still has them; else only steps that were empty are filled.
   */
  #refold(id: number, hour: number, column: HourColumn, complete: boolean): void {
    const startMs = hour * hourMs;
    const day = bucketOf("five", startMs);
    if (!this.#known.five.has(day)) return;
    const range = complete ? { fromMs: startMs, toMs: startMs + hourMs } : undefined;
    this.#putSteps("five", day, id, foldColumn(column, startMs, "five"), range);
    const month = bucketOf("hour", startMs);
    if (this.#known.hour.has(month))
      this.#putSteps("hour", month, id, foldColumn(column, startMs, "hour"), range);
  }

  #putSteps(
    resolution: "five" | "hour",
    bucket: number,
    id: number,
    steps: Folded,
    range: { fromMs: number; toMs: number } | undefined,
  ): void {
    const key = chunkKey(bucket, id);
    const startMs = bucketStartMs(resolution, bucket);
    const stepMs = stepOf(resolution);
    const row = this.#sql[resolution].get.get(key);
    const old = row && unlessDamaged(() => unpackFolded(row.data, startMs, stepMs));
    this.#sql[resolution].put.run(key, packFolded(replaceSteps(old, steps, range), startMs, stepMs));
  }

  *#foldBucket(resolution: "five" | "hour", bucket: number): Generator<void, void> {
    const startMs = bucketStartMs(resolution, bucket);
    const parts = this.#partsOf(resolution, bucket);
    const last = this.#sql.newestSeries.get()?.id ?? 0;
    for (let first = 0; first <= last; first += sliceSize) {
      const folds = new Map<number, Fold>();
      for (const part of parts) {
        this.#feedPart(folds, resolution, part, first);
        // Reading alone can take long where there are many series: let rounds through.
        yield;
      }
      this.#db.transaction(() => {
        for (const [id, fold] of folds)
          this.#sql[resolution].put.run(
            chunkKey(bucket, id),
            packFolded(fold.done(), startMs, stepOf(resolution)),
          );
        if (first + sliceSize > last) this.#add(resolution, bucket);
      })();
      yield;
    }
  }

  /** Buckets of the next finer resolution inside a bucket, oldest first. */
  #partsOf(resolution: "five" | "hour", bucket: number): number[] {
    const finer = finerThan(resolution);
    return [...this.#known[finer]]
      .filter((part) => bucketOf(resolution, bucketStartMs(finer, part)) === bucket)
      .sort((a, b) => a - b);
  }

  #feedPart(folds: Map<number, Fold>, resolution: "five" | "hour", part: number, first: number): void {
    const finer = finerThan(resolution);
    const rows = this.#sql[finer].range.all(
      chunkKey(part, first),
      chunkKey(part, Math.min(first + sliceSize, keySpan)),
    );
    for (const { key, data } of rows) {
      const id = key - chunkKey(part, 0);
      const fold = folds.get(id) ?? createFold(stepOf(resolution));
      folds.set(id, fold);
      unlessDamaged(() => {
        if (finer === "raw") feed(fold, unpackChunk(data, part * hourMs, this.#sharedOf(part)));
        else feedSteps(fold, unpackFolded(data, bucketStartMs("five", part), stepOf("five")));
      });
    }
  }

  /** Buckets of `resolution` that are over, hold something finer, and are not folded yet. */
  #due(resolution: "five" | "hour", nowMs: number): number[] {
    const finer = finerThan(resolution);
    const found = new Set<number>();
    for (const part of this.#known[finer]) found.add(bucketOf(resolution, bucketStartMs(finer, part)));
    return [...found]
      .filter(
        (bucket) =>
          !this.#known[resolution].has(bucket) &&
          bucketStartMs(resolution, bucket + 1) + 2 * graceMs <= nowMs,
      )
      .sort((a, b) => a - b);
  }
}

function finerThan(resolution: "five" | "hour"): "raw" | "five" {
  return resolution === "five" ? "raw" : "five";
}
