import type { Db } from "./database.ts";
import type { RoundLog } from "./log.ts";
import type { Packer } from "./packing.ts";
import {
  bucketOf,
  bucketStartMs,
  chunkKey,
  dayMs,
  hourMs,
  type Resolution,
  resolutions,
} from "./resolution.ts";

export interface Retention {
  /** How long each resolution is kept, milliseconds. */
  readonly rawMs: number;
  readonly fiveMinutesMs: number;
  readonly hourMs: number;
  /** What the file may hold at most, bytes. */
  readonly maxBytes: number;
}

/** Chunks deleted in one transaction. */
const sliceSize = 2_000;
const roundsSlice = 500;
const settledHours = 24;
/** Of the raw hours this much stays even when there is no room, so that pages and rules have something to read. */
const rawKeptMs = 2 * dayMs;
/** The log may take this share of the room while a follower is away. */
const logShare = 0.5;

export interface Trimmed {
  /** Samples dropped from the log that a follower had not had yet. */
  readonly unfollowed: number;
}

/** Bytes in use inside the file; free pages will be used again and do not count. */
export function usedBytes(db: Db): number {
  const read = (name: string) => Number(db.pragma(name, { simple: true }));
  return (read("page_count") - read("freelist_count")) * read("page_size");
}

export interface Trimming {
  readonly db: Db;
  readonly log: RoundLog;
  readonly packer: Packer;
  readonly keep: Retention;
  readonly nowMs: number;
  /** All rounds up to here are with every follower. */
  readonly followedSeq: () => number;
}

/** Deletes what is too old, then what is too much: the oldest of the finest first. One transaction between two yields. */
export function* trim(trimming: Trimming): Generator<void, Trimmed> {
  const { db, packer, keep, nowMs } = trimming;
  yield* trimByAge(trimming);
  const unfollowed = yield* trimLog(trimming);
  while (usedBytes(db) > keep.maxBytes) {
    const target = nextToDrop(packer, nowMs);
    if (!target) break;
    yield* dropBucket(db, packer, target.resolution, target.bucket);
  }
  return { unfollowed };
}

/**
 * What counts as now for growing old: never later than the 24th newest hour of samples. A clock that jumps years
 * ahead for some hours must not empty the store.
 */
function settledNowMs(packer: Packer, nowMs: number): number {
  const newest = [...packer.buckets("raw")].sort((a, b) => b - a)[settledHours - 1];
  return newest === undefined ? Number.NEGATIVE_INFINITY : Math.min(nowMs, (newest + settledHours) * hourMs);
}

function* trimByAge({ db, packer, keep, nowMs }: Trimming): Generator<void, void> {
  const ageMs = { raw: keep.rawMs, five: keep.fiveMinutesMs, hour: keep.hourMs };
  const settledMs = settledNowMs(packer, nowMs);
  for (const resolution of resolutions)
    for (;;) {
      const bucket = oldest(packer, resolution);
      if (bucket === undefined || bucketStartMs(resolution, bucket + 1) > settledMs - ageMs[resolution])
        break;
      yield* dropBucket(db, packer, resolution, bucket);
    }
}

/** Rounds that everybody has; then, when the log grows too large, the oldest ones all the same. */
function* trimLog({ db, log, keep, followedSeq }: Trimming): Generator<void, number> {
  const prune = (upTo: number) => db.transaction(() => log.prune(upTo, roundsSlice))();
  while (prune(followedSeq()).rounds === roundsSlice) yield;
  let unfollowed = 0;
  while (log.size().bytes > keep.maxBytes * logShare) {
    const gone = prune(Number.MAX_SAFE_INTEGER);
    if (gone.rounds === 0) break;
    unfollowed += gone.samples;
    yield;
  }
  return unfollowed;
}

function oldest(packer: Packer, resolution: Resolution): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const bucket of packer.buckets(resolution)) if (bucket < least) least = bucket;
  return Number.isFinite(least) ? least : undefined;
}

function nextToDrop(packer: Packer, nowMs: number): { resolution: Resolution; bucket: number } | undefined {
  const raw = oldest(packer, "raw");
  // An hour that is in no day yet would be lost whole.
  if (
    raw !== undefined &&
    raw * hourMs < nowMs - rawKeptMs &&
    packer.has("five", bucketOf("five", raw * hourMs))
  )
    return { resolution: "raw", bucket: raw };
  for (const resolution of ["five", "hour"] as const) {
    const bucket = oldest(packer, resolution);
    if (bucket !== undefined) return { resolution, bucket };
  }
  return raw !== undefined && raw * hourMs < nowMs - rawKeptMs
    ? { resolution: "raw", bucket: raw }
    : undefined;
}

function* dropBucket(db: Db, packer: Packer, resolution: Resolution, bucket: number): Generator<void, void> {
  const from = chunkKey(bucket, 0);
  const to = chunkKey(bucket + 1, 0);
  const names = resolution === "raw" ? ["raw", "times"] : [resolution];
  for (const table of names) {
    const drop = db.prepare(
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} WHERE key >= ? AND key < ? LIMIT ${sliceSize})`,
    );
    while (drop.run(from, to).changes === sliceSize) yield;
    yield;
  }
  db.prepare("DELETE FROM buckets WHERE resolution = ? AND bucket = ?").run(
    resolutions.indexOf(resolution),
    bucket,
  );
  packer.forget(resolution, bucket);
}
