import type { Step } from "../model/contracts.ts";
import type { Columns } from "../model/series.ts";
import type { TimeRange } from "../model/time.ts";
import { type Chunk, type Folded, unlessDamaged, unpackChunk, unpackFolded } from "./chunk.ts";
import { mergeColumns } from "./collect.ts";
import type { Db } from "./database.ts";
import {
  bucketOf,
  bucketStartMs,
  chunkKey,
  hourMs,
  type Resolution,
  resolutions,
  stepOf,
} from "./resolution.ts";
import { type Round, readRound } from "./round.ts";
import { gatherRaw, gatherSteps, stepMsOf, type Visit } from "./steps.ts";
import { type Tail, visitSamples } from "./tail.ts";

/** A connection's view of series.db: packed chunks and the log. */
export interface Reader {
  /** Packed chunks and what is in `tail`, put together. */
  query(id: number, range: TimeRange, step: Step, tail: Tail): Columns;
  /** Rounds of the log after `afterSeq` up to `upToSeq`, in order; damaged ones are left out. */
  rounds(afterSeq: number, upToSeq: number): IterableIterator<{ seq: number; round: Round | undefined }>;
  receivedMs(seq: number): number | undefined;
  /** Number of the oldest round; undefined when there is none. */
  firstSeq(): number | undefined;
  /** Reads anew which buckets there are. */
  refresh(): void;
  /** Start of the oldest packed bucket of any resolution, Unix milliseconds. */
  oldestMs(): number | undefined;
  close(): void;
}

function prepareAll(db: Db) {
  const chunk = (table: string) =>
    db.prepare<[number], Uint8Array>(`SELECT data FROM ${table} WHERE key = ?`).pluck();
  return {
    raw: chunk("raw"),
    five: chunk("five"),
    hour: chunk("hour"),
    times: chunk("times"),
    buckets: db.prepare<[], { resolution: number; bucket: number }>("SELECT resolution, bucket FROM buckets"),
    rounds: db.prepare<[number, number], { seq: number; data: Uint8Array }>(
      "SELECT seq, data FROM rounds WHERE seq > ? AND seq <= ? ORDER BY seq",
    ),
    firstSeq: db.prepare<[], number | null>("SELECT min(seq) FROM rounds").pluck(),
    received: db.prepare<[number], number>("SELECT time FROM rounds WHERE seq = ?").pluck(),
  };
}

export function createReader(db: Db): Reader {
  return new ChunkReader(db);
}

class ChunkReader implements Reader {
  readonly #db: Db;
  readonly #sql;
  readonly #known: Record<Resolution, Set<number>> = { raw: new Set(), five: new Set(), hour: new Set() };
  #packed: TimeRange = { fromMs: 0, toMs: 0 };

  constructor(db: Db) {
    this.#db = db;
    this.#sql = prepareAll(db);
    this.refresh();
  }

  query(id: number, wanted: TimeRange, step: Step, tail: Tail): Columns {
    const range = within(wanted, this.#packed, tail.hours(id, wanted));
    const stepMs = stepMsOf(step, wanted);
    const gathering =
      stepMs === undefined ? gatherRaw(wanted, "local") : gatherSteps(wanted, stepMs, "local");
    if (range.toMs > range.fromMs) {
      const walk = { id, tail, visit: gathering.visit };
      if (stepMs === undefined || stepMs % stepOf("five") !== 0) this.#visitHours(range, walk);
      else this.#visitFolded(stepMs % stepOf("hour") === 0 ? "hour" : "five", range, walk);
    }
    return gathering.columns();
  }

  *rounds(afterSeq: number, upToSeq: number): IterableIterator<{ seq: number; round: Round | undefined }> {
    for (const { seq, data } of this.#sql.rounds.iterate(afterSeq, upToSeq))
      yield { seq, round: readRound(data) };
  }

  receivedMs(seq: number): number | undefined {
    return this.#sql.received.get(seq);
  }

  firstSeq(): number | undefined {
    return this.#sql.firstSeq.get() ?? undefined;
  }

  refresh(): void {
    for (const resolution of resolutions) this.#known[resolution].clear();
    for (const { resolution, bucket } of this.#sql.buckets.all())
      this.#known[resolutions[resolution] ?? "raw"].add(bucket);
    this.#packed = extent(this.#known);
  }

  oldestMs(): number | undefined {
    return Number.isFinite(this.#packed.fromMs) ? this.#packed.fromMs : undefined;
  }

  close(): void {
    this.#db.close();
  }

  #readRaw(hour: number, id: number): Chunk | undefined {
    const data = this.#known.raw.has(hour) ? this.#sql.raw.get(chunkKey(hour, id)) : undefined;
    if (!data) return undefined;
    const shared = (column: number) => this.#sql.times.get(chunkKey(hour, column));
    return unlessDamaged(() => unpackChunk(data, hour * hourMs, shared));
  }

  #readSteps(resolution: "five" | "hour", bucket: number, id: number): Folded | undefined {
    const data = this.#sql[resolution].get(chunkKey(bucket, id));
    const startMs = bucketStartMs(resolution, bucket);
    return data && unlessDamaged(() => unpackFolded(data, startMs, stepOf(resolution)));
  }

  #visitHour(hour: number, { id, tail, visit }: Walk): void {
    const chunk = this.#readRaw(hour, id);
    const open = tail.samples(hour, id);
    if (chunk && open) visitSamples(mergeColumns(chunk, open, hour), hour * hourMs, visit);
    else if (open) visitSamples(open, hour * hourMs, visit);
    else if (chunk) visitSamples({ offsetsMs: chunk.timesMs, values: chunk.values }, 0, visit);
  }

  /** Hours of a range: raw where there is raw, else the folded day or month that still has it. */
  #visitHours(range: TimeRange, walk: Walk): void {
    const known = this.#known;
    const done = new Set<string>();
    const open = new Set(walk.tail.hours(walk.id, range));
    const hasRaw = (hour: number) => known.raw.has(hour) || open.has(hour);
    const last = Math.ceil(range.toMs / hourMs);
    for (let hour = Math.floor(range.fromMs / hourMs); hour < last; hour++) {
      const day = bucketOf("five", hour * hourMs);
      const month = bucketOf("hour", hour * hourMs);
      if (hasRaw(hour)) this.#visitHour(hour, walk);
      else if (known.five.has(day))
        this.#visitOnce("five", day, done, walk, (timeMs) => !hasRaw(Math.floor(timeMs / hourMs)));
      else if (known.hour.has(month))
        this.#visitOnce(
          "hour",
          month,
          done,
          walk,
          (timeMs) => !hasRaw(Math.floor(timeMs / hourMs)) && !known.five.has(bucketOf("five", timeMs)),
        );
    }
  }

  /** Those steps of a bucket that no finer resolution has. */
  #visitOnce(
    resolution: "five" | "hour",
    bucket: number,
    done: Set<string>,
    { id, visit }: Walk,
    isWanted: (timeMs: number) => boolean,
  ): void {
    const name = `${resolution}${bucket}`;
    if (done.has(name)) return;
    done.add(name);
    visitSteps(this.#readSteps(resolution, bucket, id), (timeMs, ...rest) => {
      if (isWanted(timeMs)) visit(timeMs, ...rest);
    });
  }

  /** From the coarsest resolution that may answer down to what is not folded yet. */
  #visitFolded(resolution: "five" | "hour", range: TimeRange, walk: Walk): void {
    const last = bucketOf(resolution, range.toMs - 1);
    for (let bucket = bucketOf(resolution, range.fromMs); bucket <= last; bucket++) {
      const part = {
        fromMs: Math.max(range.fromMs, bucketStartMs(resolution, bucket)),
        toMs: Math.min(range.toMs, bucketStartMs(resolution, bucket + 1)),
      };
      if (this.#known[resolution].has(bucket)) {
        visitSteps(this.#readSteps(resolution, bucket, walk.id), walk.visit);
        // Late samples that are not packed yet.
        for (const hour of walk.tail.hours(walk.id, part)) visitOpen(hour, walk);
      } else if (resolution === "hour") this.#visitFolded("five", part, walk);
      else this.#visitHours(part, walk);
    }
  }
}

/** What is read for one query, and who takes it. */
interface Walk {
  readonly id: number;
  readonly tail: Tail;
  readonly visit: Visit;
}

function visitOpen(hour: number, { id, tail, visit }: Walk): void {
  const open = tail.samples(hour, id);
  if (open) visitSamples(open, hour * hourMs, visit);
}

function visitSteps(steps: Folded | undefined, visit: Visit): void {
  if (!steps) return;
  for (let i = 0; i < steps.timesMs.length; i++)
    visit(
      steps.timesMs[i] as number,
      steps.min[i] as number,
      steps.avg[i] as number,
      steps.max[i] as number,
      steps.counts[i] as number,
    );
}

/** From the start of the oldest packed bucket to the end of the newest one. */
function extent(known: Readonly<Record<Resolution, ReadonlySet<number>>>): TimeRange {
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = Number.NEGATIVE_INFINITY;
  for (const resolution of resolutions)
    for (const bucket of known[resolution]) {
      fromMs = Math.min(fromMs, bucketStartMs(resolution, bucket));
      toMs = Math.max(toMs, bucketStartMs(resolution, bucket + 1));
    }
  return { fromMs, toMs };
}

/** The part of a range for which anything is stored: a range of ten years must not be walked hour by hour. */
function within(range: TimeRange, packed: TimeRange, openHours: readonly number[]): TimeRange {
  const first = openHours[0];
  const last = openHours.at(-1);
  const fromMs = Math.min(packed.fromMs, first === undefined ? packed.fromMs : first * hourMs);
  const toMs = Math.max(packed.toMs, last === undefined ? packed.toMs : (last + 1) * hourMs);
  return { fromMs: Math.max(range.fromMs, fromMs), toMs: Math.min(range.toMs, toMs) };
}
