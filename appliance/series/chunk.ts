import { readDoubles, writeDoubles } from "./doubles.ts";
import { readIntegers, writeIntegers } from "./integers.ts";
import { ByteReader, ByteWriter } from "./varint.ts";

/*
 * One series and one hour in one blob: count, times, values. Times are milliseconds after the start of the hour:
 *   0 written out   1 a number of a column that several series of the hour share   2 first and distance
 */

const timesInline = 0;
const timesShared = 1;
const timesRegular = 2;
/** A damaged count must not ask for gigabytes: a sample every 10 ms for a month is no chunk of ours. */
const countLimit = 4_000_000;

export interface Chunk {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

const scratch = new ByteWriter(16_384);

function regularStep(times: Float64Array, count: number): number | undefined {
  if (count === 1) return 0;
  const step = (times[1] as number) - (times[0] as number);
  for (let i = 2; i < count; i++)
    if ((times[i] as number) - (times[i - 1] as number) !== step) return undefined;
  return step;
}

/** The times as a column to be shared; undefined when they are so regular that sharing would not pay. */
export function packTimes(offsetsMs: Float64Array, count: number): Uint8Array | undefined {
  if (regularStep(offsetsMs, count) !== undefined) return undefined;
  writeIntegers(scratch, offsetsMs, count);
  return scratch.take();
}

/**
 * @param offsetsMs - whole milliseconds after `startMs` of the chunk, strictly increasing
 * @param shared - number of the column that holds these times, if one does
 */
export function packChunk(
  offsetsMs: Float64Array,
  values: Float64Array,
  count: number,
  shared?: number,
): Uint8Array {
  const step = regularStep(offsetsMs, count);
  scratch.varint(count);
  if (step !== undefined) {
    scratch.byte(timesRegular);
    scratch.varint(offsetsMs[0] as number);
    scratch.varint(step);
  } else if (shared !== undefined) {
    scratch.byte(timesShared);
    scratch.varint(shared);
  } else {
    scratch.byte(timesInline);
    writeIntegers(scratch, offsetsMs, count);
  }
  writeDoubles(scratch, values, count);
  return scratch.take();
}

/**
 * @param shared - gives the bytes of a shared column of times
 * @returns absolute times; throws RangeError on damaged data
 */
export function unpackChunk(
  bytes: Uint8Array,
  startMs: number,
  shared: (column: number) => Uint8Array | undefined,
): Chunk {
  const source = new ByteReader(bytes);
  const count = source.varint();
  if (count > countLimit) throw new RangeError("A chunk is too long.");
  const kind = source.byte();
  let timesMs: Float64Array;
  if (kind === timesRegular) {
    const firstMs = startMs + source.varint();
    const stepMs = source.varint();
    timesMs = new Float64Array(count);
    for (let i = 0; i < count; i++) timesMs[i] = firstMs + i * stepMs;
  } else {
    const from = kind === timesShared ? sharedReader(shared(source.varint())) : source;
    timesMs = readIntegers(from, count);
    for (let i = 0; i < count; i++) timesMs[i] = (timesMs[i] as number) + startMs;
  }
  return { timesMs, values: readDoubles(source, count) };
}

function sharedReader(bytes: Uint8Array | undefined): ByteReader {
  if (!bytes) throw new RangeError("A shared column of times is missing.");
  return new ByteReader(bytes);
}

/** Steps of a coarser resolution: start, how many samples, and their least, mean and greatest value. */
export interface Folded {
  readonly timesMs: Float64Array;
  readonly counts: Float64Array;
  readonly min: Float64Array;
  readonly avg: Float64Array;
  readonly max: Float64Array;
}

/** Times are multiples of `stepMs` after `startMs`. One column instead of three when nothing moved. */
export function packFolded(folded: Folded, startMs: number, stepMs: number): Uint8Array {
  const count = folded.timesMs.length;
  const steps = folded.timesMs.map((time) => (time - startMs) / stepMs);
  const flat = folded.avg.every((avg, i) => avg === folded.min[i] && avg === folded.max[i]);
  scratch.varint(count);
  scratch.byte(flat ? 1 : 0);
  writeIntegers(scratch, steps, count);
  writeIntegers(scratch, folded.counts, count);
  writeDoubles(scratch, folded.avg, count);
  if (!flat) {
    writeDoubles(scratch, folded.min, count);
    writeDoubles(scratch, folded.max, count);
  }
  return scratch.take();
}

export function unpackFolded(bytes: Uint8Array, startMs: number, stepMs: number): Folded {
  const source = new ByteReader(bytes);
  const count = source.varint();
  if (count > countLimit) throw new RangeError("A chunk is too long.");
  const flat = source.byte() === 1;
  const timesMs = readIntegers(source, count).map((step) => startMs + step * stepMs);
  const counts = readIntegers(source, count);
  const avg = readDoubles(source, count);
  const min = flat ? avg : readDoubles(source, count);
  const max = flat ? avg : readDoubles(source, count);
  return { timesMs, counts, min, avg, max };
}

/** What `read` gives; undefined where the data is damaged: one bad chunk is a gap, not an end. */
export function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
