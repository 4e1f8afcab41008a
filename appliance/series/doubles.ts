import { integerLimit, readIntegers, writeIntegers } from "./integers.ts";
import type { ByteReader, ByteWriter } from "./varint.ts";

/*
 * A column of doubles, bit by bit the same after reading. When every value is a whole number of 10^-d for one d
 * from 0 to 6, that number is written; else each value by exclusive-or with the one before it, without the zero
 * bytes at both ends. First byte: d, or 7 for the latter.
 */

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6] as const;
export const rawMode = 7;

/**
 * The smallest number of decimals, 0 to 6, with which dividing a whole number gives back exactly `value`;
 * `rawMode` when there is none.
 *
 * @param from - decimals already needed
 */
export function decimalsOf(value: number, from = 0): number {
  for (let decimals = from; decimals < powers.length; decimals++) {
    const power = powers[decimals] as number;
    const whole = Math.round(value * power);
    if (whole / power === value && Math.abs(whole) < integerLimit)
      return whole === 0 && Object.is(value, -0) ? rawMode : decimals;
  }
  return rawMode;
}

/** The whole number that stands for `value` with so many decimals. */
export function scaled(value: number, decimals: number): number {
  return Math.round(value * (powers[decimals] as number));
}

export function unscaled(whole: number, decimals: number): number {
  return whole / (powers[decimals] as number);
}

export function writeDoubles(out: ByteWriter, values: Float64Array, count: number): void {
  let decimals = 0;
  for (let i = 0; i < count && decimals < rawMode; i++) decimals = decimalsOf(values[i] as number, decimals);
  const wholes = decimals < rawMode && scaleAll(values, count, decimals);
  out.byte(wholes ? decimals : rawMode);
  if (wholes) writeIntegers(out, wholes, count);
  else writeRaw(out, values, count);
}

function scaleAll(values: Float64Array, count: number, decimals: number): Float64Array | undefined {
  const wholes = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const whole = scaled(values[i] as number, decimals);
    // A value that needed fewer decimals may have outgrown the limit since.
    if (Math.abs(whole) >= integerLimit || unscaled(whole, decimals) !== values[i]) return undefined;
    wholes[i] = whole;
  }
  return wholes;
}

export function readDoubles(source: ByteReader, count: number): Float64Array {
  const mode = source.byte();
  if (mode === rawMode) return readRaw(source, count);
  const power = powers[mode];
  if (power === undefined) throw new RangeError("Unknown coding of values.");
  const values = readIntegers(source, count);
  if (power !== 1) for (let i = 0; i < count; i++) values[i] = (values[i] as number) / power;
  return values;
}

/** Head byte of each value: leading zero bytes times 16, plus the number of bytes that follow. */
function writeRaw(out: ByteWriter, values: Float64Array, count: number): void {
  const now = new DataView(new ArrayBuffer(8));
  const before = new Uint8Array(8);
  const bytes = new Uint8Array(now.buffer);
  for (let i = 0; i < count; i++) {
    now.setFloat64(0, values[i] as number);
    let first = 0;
    while (first < 8 && bytes[first] === before[first]) first++;
    let end = 8;
    while (end > first && bytes[end - 1] === before[end - 1]) end--;
    out.byte((first << 4) | (end - first));
    for (let at = first; at < end; at++) out.byte((bytes[at] as number) ^ (before[at] as number));
    before.set(bytes);
  }
}

function readRaw(source: ByteReader, count: number): Float64Array {
  const values = new Float64Array(count);
  const view = new DataView(new ArrayBuffer(8));
  const bytes = new Uint8Array(view.buffer);
  for (let i = 0; i < count; i++) {
    const head = source.byte();
    const first = head >> 4;
    const end = first + (head & 15);
    if (end > 8) throw new RangeError("Unknown coding of a value.");
    for (let at = first; at < end; at++) bytes[at] = (bytes[at] as number) ^ source.byte();
    values[i] = view.getFloat64(0);
  }
  return values;
}
