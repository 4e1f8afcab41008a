import { decimalsOf, rawMode, scaled, unscaled } from "./doubles.ts";
import { readIntegers, writeIntegers } from "./integers.ts";
import { ByteReader, ByteWriter, unzigzag, zigzag } from "./varint.ts";

/** A round in numbers: what is stored of a batch. All columns are `ids.length` long. */
export interface Round {
  /** Stored numbers of the series. */
  readonly ids: Float64Array;
  readonly timesMs: Float64Array;
  /** NaN where only a count is known. */
  readonly values: Float64Array;
  /** NaN for what is no counter. */
  readonly counts: Float64Array;
}

/*
 * Columns one after the other: base time, ids, times, what each sample has (1 value, 2 count, 3 both), then the
 * numbers. A number is one varint: zigzag of the scaled value times 8, plus its decimals; 7 means that the double
 * itself follows. Numbers of 2^46 and more are written as doubles too.
 */
const numberLimit = 2 ** 46;
const formatVersion = 1;
const scratch = new ByteWriter(65_536);

function writeNumber(value: number): void {
  const decimals = decimalsOf(value);
  const whole = decimals === rawMode ? 0 : scaled(value, decimals);
  if (decimals === rawMode || Math.abs(whole) >= numberLimit) {
    scratch.varint(rawMode);
    scratch.float64(value);
  } else scratch.varint(zigzag(whole) * 8 + decimals);
}

function readNumber(source: ByteReader): number {
  const head = source.varint();
  const decimals = head % 8;
  if (decimals === rawMode) return source.float64();
  return unscaled(unzigzag((head - decimals) / 8), decimals);
}

export function packRound(round: Round): Uint8Array {
  const count = round.ids.length;
  const baseMs = round.timesMs[0] ?? 0;
  scratch.byte(formatVersion);
  scratch.varint(count);
  scratch.float64(baseMs);
  writeIntegers(scratch, round.ids, count);
  writeIntegers(
    scratch,
    round.timesMs.map((time) => time - baseMs),
    count,
  );
  const has = new Float64Array(count);
  for (let i = 0; i < count; i++)
    has[i] = (Number.isNaN(round.values[i]) ? 0 : 1) + (Number.isNaN(round.counts[i]) ? 0 : 2);
  writeIntegers(scratch, has, count);
  for (let i = 0; i < count; i++) {
    if ((has[i] as number) & 1) writeNumber(round.values[i] as number);
    if ((has[i] as number) & 2) writeNumber(round.counts[i] as number);
  }
  return scratch.take();
}

/** Throws RangeError on damaged data. */
export function unpackRound(bytes: Uint8Array): Round {
  const source = new ByteReader(bytes);
  if (source.byte() !== formatVersion) throw new RangeError("Unknown form of a round.");
  const count = source.varint();
  if (count > 10_000_000) throw new RangeError("A round is too long.");
  const baseMs = source.float64();
  const ids = readIntegers(source, count);
  const timesMs = readIntegers(source, count);
  for (let i = 0; i < count; i++) timesMs[i] = (timesMs[i] as number) + baseMs;
  const has = readIntegers(source, count);
  const values = new Float64Array(count);
  const counts = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const what = has[i] as number;
    values[i] = what & 1 ? readNumber(source) : Number.NaN;
    counts[i] = what & 2 ? readNumber(source) : Number.NaN;
  }
  return { ids, timesMs, values, counts };
}

/** As `unpackRound`, but undefined for damaged data: one bad row must not hold up all others. */
export function readRound(bytes: Uint8Array): Round | undefined {
  try {
    return unpackRound(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The samples at these positions, in their order. */
export function pickSamples(round: Round, positions: readonly number[]): Round {
  const pick = (column: Float64Array) => Float64Array.from(positions, (at) => column[at] as number);
  return {
    ids: pick(round.ids),
    timesMs: pick(round.timesMs),
    values: pick(round.values),
    counts: pick(round.counts),
  };
}
