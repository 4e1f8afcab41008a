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
  const sql = prepareAll(db);
  const known: Record<Resolution, Set<number>> = { raw: new Set(), five: new Set(), hour: new Set() };

  let packed = extent(known);

  function readRaw(hour: number, id: number): Chunk | undefined {
    const data = known.raw.has(hour) ? sql.raw.get(chunkKey(hour, id)) : undefined;
    return (
      data &&
      unlessDamaged(() => unpackChunk(data, hour * hourMs, (column) => sql.times.get(chunkKey(hour, column))))
    );
  }

  function readSteps(resolution: "five" | "hour", bucket: number, id: number): Folded | undefined {
    const data = sql[resolution].get(chunkKey(bucket, id));
    const startMs = bucketStartMs(resolution, bucket);
    return data && unlessDamaged(() => unpackFolded(data, startMs, stepOf(resolution)));
  }

  function visitOpen(hour: number, id: number, tail: Tail, visit: Visit): void {
    const open = tail.samples(hour, id);
    if (open) visitSamples(open, hour * hourMs, visit);
  }

  function visitHour(hour: number, id: number, tail: Tail, visit: Visit): void {
    const chunk = readRaw(hour, id);
    const open = tail.samples(hour, id);
    if (chunk && open) visitSamples(mergeColumns(chunk, open, hour), hour * hourMs, visit);
    else if (open) visitSamples(open, hour * hourMs, visit);
    else if (chunk)
      for (let i = 0; i < chunk.timesMs.length; i++) {
        const value = chunk.values[i] as number;
        visit(chunk.timesMs[i] as number, value, value, value, 1);
      }
  }

  /** Hours of a range: raw where there is raw, else the folded day or month that still has it. */
  function visitHours(range: TimeRange, id: number, tail: Tail, visit: Visit): void {
    const folded = new Set<string>();
    const last = Math.ceil(range.toMs / hourMs);
    const open = new Set(tail.hours(id, range));
    for (let hour = Math.floor(range.fromMs / hourMs); hour < last; hour++) {
      const day = bucketOf("five", hour * hourMs);
      if (known.raw.has(hour) || open.has(hour)) visitHour(hour, id, tail, visit);
      else if (known.five.has(day)) {
        const startMs = hour * hourMs;
        visitOnce("five", day, id, folded, (timeMs, ...rest) => {
          const itsHour = Math.floor(timeMs / hourMs);
          if (timeMs >= startMs && !known.raw.has(itsHour) && !open.has(itsHour)) visit(timeMs, ...rest);
        });
      } else {
        const month = bucketOf("hour", hour * hourMs);
        if (known.hour.has(month))
          visitOnce("hour", month, id, folded, (timeMs, ...rest) => {
            if (!known.five.has(bucketOf("five", timeMs)) && !known.raw.has(Math.floor(timeMs / hourMs)))
              visit(timeMs, ...rest);
          });
      }
    }
  }

  function visitOnce(
    resolution: "five" | "hour",
    bucket: number,
    id: number,
    done: Set<string>,
    visit: Visit,
  ): void {
    const name = `${resolution}${bucket}`;
    if (done.has(name)) return;
    done.add(name);
    visitSteps(readSteps(resolution, bucket, id), visit);
  }

  /** From the coarsest resolution that may answer down to what is not folded yet. */
  function visitFolded(
    resolution: "five" | "hour",
    range: TimeRange,
    id: number,
    tail: Tail,
    visit: Visit,
  ): void {
    const last = bucketOf(resolution, range.toMs - 1);
    for (let bucket = bucketOf(resolution, range.fromMs); bucket <= last; bucket++) {
      const part = {
        fromMs: Math.max(range.fromMs, bucketStartMs(resolution, bucket)),
        toMs: Math.min(range.toMs, bucketStartMs(resolution, bucket + 1)),
      };
      if (known[resolution].has(bucket)) {
        visitSteps(readSteps(resolution, bucket, id), visit);
        for (const hour of tail.hours(id, part)) visitOpen(hour, id, tail, visit);
      } else if (resolution === "hour") visitFolded("five", part, id, tail, visit);
      else visitHours(part, id, tail, visit);
    }
  }

  const reader: Reader = {
    query(id, wanted, step, tail) {
      const range = within(wanted, packed, tail.hours(id, wanted));
      const stepMs = stepMsOf(step, wanted);
      const gathering =
        stepMs === undefined ? gatherRaw(wanted, "local") : gatherSteps(wanted, stepMs, "local");
      const { visit } = gathering;
      if (range.toMs > range.fromMs) {
        if (stepMs === undefined || stepMs % stepOf("five") !== 0) visitHours(range, id, tail, visit);
        else visitFolded(stepMs % stepOf("hour") === 0 ? "hour" : "five", range, id, tail, visit);
      }
      return gathering.columns();
    },
    *rounds(afterSeq, upToSeq) {
      for (const { seq, data } of sql.rounds.iterate(afterSeq, upToSeq))
        yield { seq, round: readRound(data) };
    },
    receivedMs: (seq) => sql.received.get(seq),
    firstSeq: () => sql.firstSeq.get() ?? undefined,
    refresh() {
      for (const resolution of resolutions) known[resolution].clear();
      for (const { resolution, bucket } of sql.buckets.all())
        known[resolutions[resolution] ?? "raw"].add(bucket);
      packed = extent(known);
    },
    oldestMs: () => (Number.isFinite(packed.fromMs) ? packed.fromMs : undefined),
    close: () => void db.close(),
  };
  reader.refresh();
  return reader;
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
