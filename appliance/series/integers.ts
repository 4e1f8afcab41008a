import { type ByteReader, type ByteWriter, unzigzag, varintSize, zigzag } from "./varint.ts";

/*
 * A column of whole numbers. What is written are differences of order 0, 1 or 2, whichever is smallest:
 *   runs    zigzag varints; a zero is followed by how many more zeros come. Right for steady and rarely moving values.
 *   packed  the smallest difference, then each one above it in the same number of bits. Right for noise.
 * First byte: order, plus 4 when packed.
 */

/** Numbers may be this large at most, so that second differences stay exact and zigzag fits 2^53. */
export const integerLimit = 2 ** 50;
const packedFlag = 4;
const chunkBits = 24;
const chunkRange = 2 ** chunkBits;

interface Plan {
  order: number;
  packed: boolean;
  cost: number;
  min: number;
  width: number;
}

function residual(values: Float64Array, at: number, order: number): number {
  const value = values[at] as number;
  if (order === 0 || at === 0) return value;
  const before = values[at - 1] as number;
  if (order === 1 || at === 1) return value - before;
  return value - 2 * before + (values[at - 2] as number);
}

function bitsFor(range: number): number {
  if (range < 1) return 0;
  let bits = 0;
  let rest = range;
  while (rest >= 0x1_0000_0000) {
    rest = Math.floor(rest / 2);
    bits++;
  }
  return bits + 32 - Math.clz32(rest);
}

/** What one order would cost in either coding; the smaller one. */
function planFor(values: Float64Array, count: number, order: number): Plan {
  const runs: Plan = { order, packed: false, cost: runCost(values, count, order), min: 0, width: 0 };
  if (count <= order) return runs;
  let headCost = 0;
  for (let i = 0; i < order; i++) headCost += varintSize(zigzag(residual(values, i, order)));
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = order; i < count; i++) {
    const x = residual(values, i, order);
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const width = bitsFor(max - min);
  const cost = headCost + varintSize(zigzag(min)) + 1 + Math.ceil(((count - order) * width) / 8);
  return cost < runs.cost ? { order, packed: true, cost, min, width } : runs;
}

function runCost(values: Float64Array, count: number, order: number): number {
  let cost = 0;
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    const x = residual(values, i, order);
    if (x === 0) zeros++;
    else {
      if (zeros > 0) cost += 1 + varintSize(zeros - 1);
      zeros = 0;
      cost += varintSize(zigzag(x));
    }
  }
  return zeros > 0 ? cost + 1 + varintSize(zeros - 1) : cost;
}

/** Writes `count` whole numbers, each smaller than `integerLimit` in size. The count itself is not written. */
export function writeIntegers(out: ByteWriter, values: Float64Array, count: number): void {
  let best = planFor(values, count, 2);
  for (const order of [1, 0]) {
    const plan = planFor(values, count, order);
    if (plan.cost < best.cost) best = plan;
  }
  out.byte(best.order + (best.packed ? packedFlag : 0));
  if (best.packed) writePacked(out, values, count, best);
  else writeRuns(out, values, count, best.order);
}

function writeRuns(out: ByteWriter, values: Float64Array, count: number, order: number): void {
  let zeros = 0;
  const flush = () => {
    if (zeros === 0) return;
    out.byte(0);
    out.varint(zeros - 1);
    zeros = 0;
  };
  for (let i = 0; i < count; i++) {
    const x = residual(values, i, order);
    if (x === 0) zeros++;
    else {
      flush();
      out.signed(x);
    }
  }
  flush();
}

function writePacked(out: ByteWriter, values: Float64Array, count: number, plan: Plan): void {
  for (let i = 0; i < plan.order; i++) out.signed(residual(values, i, plan.order));
  out.signed(plan.min);
  out.byte(plan.width);
  let held = 0;
  let heldBits = 0;
  for (let i = plan.order; i < count; i++) {
    let rest = residual(values, i, plan.order) - plan.min;
    for (let left = plan.width; left > 0; left -= chunkBits) {
      const bits = Math.min(left, chunkBits);
      held |= (rest % chunkRange) << heldBits;
      heldBits += bits;
      rest = Math.floor(rest / chunkRange);
      for (; heldBits >= 8; heldBits -= 8) {
        out.byte(held & 255);
        held >>>= 8;
      }
    }
  }
  if (heldBits > 0) out.byte(held & 255);
}

/** Reads what `writeIntegers` wrote. Throws RangeError on damaged data. */
export function readIntegers(source: ByteReader, count: number): Float64Array {
  const head = source.byte();
  const order = head & 3;
  if (head > packedFlag + 2 || order > 2) throw new RangeError("Unknown coding of numbers.");
  const values = new Float64Array(count);
  if (head >= packedFlag) readPacked(source, values, order);
  else readRuns(source, values);
  for (let pass = order; pass > 0; pass--)
    for (let i = pass; i < count; i++) values[i] = (values[i] as number) + (values[i - 1] as number);
  return values;
}

function readRuns(source: ByteReader, values: Float64Array): void {
  for (let i = 0; i < values.length; ) {
    const z = source.varint();
    if (z === 0) i += 1 + source.varint();
    else values[i++] = unzigzag(z);
  }
}

function readPacked(source: ByteReader, values: Float64Array, order: number): void {
  for (let i = 0; i < order; i++) values[i] = source.signed();
  const min = source.signed();
  const width = source.byte();
  if (width > 53) throw new RangeError("Unknown width of numbers.");
  let held = 0;
  let heldBits = 0;
  for (let i = order; i < values.length; i++) {
    let value = 0;
    let factor = 1;
    for (let left = width; left > 0; left -= chunkBits) {
      const bits = Math.min(left, chunkBits);
      while (heldBits < bits) {
        held |= source.byte() << heldBits;
        heldBits += 8;
      }
      value += (held & (2 ** bits - 1)) * factor;
      held >>>= bits;
      heldBits -= bits;
      factor *= chunkRange;
    }
    values[i] = value + min;
  }
}
