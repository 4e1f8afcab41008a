import { type Cell, numberOf } from "./decode.ts";
import type { Run } from "./expression.ts";

export const truth = (cell: Cell): boolean => cell !== undefined && cell !== 0 && cell !== "";
export const bit = (value: boolean): Cell => (value ? 1 : 0);

/** Arithmetic on what is not there gives nothing, never a number. */
export function arithmetic(compute: (a: number, b: number) => number, left: Run, right: Run): Run {
  return (scope) => {
    const a = numberOf(left(scope));
    const b = numberOf(right(scope));
    return a === undefined || b === undefined ? undefined : finite(compute(a, b));
  };
}

export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Texts are compared as texts, without case; else as numbers. What is not there equals nothing. */
export function compare(isTrue: (difference: number) => boolean, left: Run, right: Run): Run {
  return (scope) => {
    const difference = differenceOf(left(scope), right(scope));
    return difference === undefined ? 0 : bit(isTrue(difference));
  };
}

function differenceOf(a: Cell, b: Cell): number | undefined {
  if (typeof a === "string" && typeof b === "string") {
    const [x, y] = [a.toLowerCase(), b.toLowerCase()];
    if (x === y) return 0;
    return x < y ? -1 : 1;
  }
  const [x, y] = [numberOf(a), numberOf(b)];
  return x === undefined || y === undefined ? undefined : x - y;
}

export const comparisons: Record<string, (difference: number) => boolean> = {
  "==": (d) => d === 0,
  "!=": (d) => d !== 0,
  "<": (d) => d < 0,
  ">": (d) => d > 0,
  "<=": (d) => d <= 0,
  ">=": (d) => d >= 0,
};
export const sums: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
};
export const products: Record<string, (a: number, b: number) => number> = {
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

/** Functions of numbers; every argument must be there. */
export const functions: Record<string, (...args: number[]) => number> = {
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  round: Math.round,
  floor: Math.floor,
  pow: (a, b = 1) => a ** b,
  log10: Math.log10,
  /** °F to °C. */
  celsius: (f) => ((f - 32) * 5) / 9,
  /** mW to dBm. */
  dbm: (mw) => 10 * Math.log10(mw),
  /** Sixteen or 32 bit read as two's complement. */
  signed16: (n) => (n > 0x7fff && n <= 0xffff ? n - 0x1_0000 : n),
  signed32: (n) => (n > 0x7fff_ffff ? n - 0x1_0000_0000 : n),
  unsigned32: (n) => (n < 0 ? n + 0x1_0000_0000 : n),
};
