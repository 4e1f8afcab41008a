import { metricOf } from "../model/metric.ts";
import type { ProfileWords } from "../model/profile.ts";
import type { Sensor } from "../model/site.ts";
import { type Cell, numberOf } from "./decode.ts";
import type { Expression } from "./expression.ts";
import type { Reading } from "./reading.ts";
import type { Row } from "./readout.ts";

/** What agents send for "I do not know": the ends of the number range. */
export const unknownNumbers = new Set([
  2_147_483_647, -2_147_483_648, -2_147_483_647, 4_294_967_295, 4_294_967_294,
]);

/** Beyond these no device in an office measures; the agent means "unknown" or is broken. */
const believable: Readonly<Record<string, readonly [number, number]>> = {
  temperature: [-80, 300],
  humidity: [0, 100],
  cpu_used: [0, 100.5],
  battery: [0, 110],
  load: [0, 1_000],
  frequency: [0, 1_000],
  voltage: [-1_000, 100_000],
  fan_speed: [0, 60_000],
  battery_runtime: [0, 10_000_000],
  optical_power: [-60, 40],
};

/** A number that can be what it says to be; undefined for a marker of "unknown". */
export function plain(
  metric: string,
  cell: Cell,
  expression: Expression,
  row: Row,
): { value: number } | undefined {
  const value = numberOf(cell);
  if (value === undefined) return undefined;
  const counter = metricOf(metric)?.kind === "counter";
  if (counter) return value >= 0 ? { value } : undefined;
  if (expression.names.some((name) => unknownNumbers.has(numberOf(row.cell(name)) ?? 0))) return undefined;
  return isBelievable(metric, value) ? { value } : undefined;
}

/** Whether a number can be what it says to be. */
export function isBelievable(metric: string, value: number): boolean {
  const range = believable[metric];
  return Number.isFinite(value) && (range === undefined || (value >= range[0] && value <= range[1]));
}

/** A state as its number, with the word and severity that the profile gives it. */
export function stateOf(
  cell: Cell,
  words: ProfileWords | undefined,
): Pick<Reading, "value" | "word" | "text" | "severity"> | undefined {
  if (cell === undefined) return undefined;
  if (typeof cell === "number") {
    const known = words?.[String(cell)];
    return { value: cell, text: known?.[0], severity: known?.[1] ?? "unknown" };
  }
  const text = cell.trim();
  if (text === "") return undefined;
  const number = wordNumber(text, words);
  const known = number === undefined ? undefined : Object.values(words ?? {})[number - 1];
  if (known) return { value: number, word: text, text: known[0], severity: known[1] };
  return numericState(text, words) ?? { word: text, text, severity: "unknown" };
}

function numericState(text: string, words: ProfileWords | undefined) {
  if (!/^-?\d+$/.test(text)) return undefined;
  const known = words?.[text];
  return { value: Number(text), text: known?.[0], severity: known?.[1] ?? ("unknown" as const) };
}

/** Words get numbers by their place in the list, from 1: a series holds numbers only. */
function wordNumber(text: string, words: ProfileWords | undefined): number | undefined {
  const at = Object.keys(words ?? {}).findIndex(
    (key) => !/^-?\d+$/.test(key) && key.toLowerCase() === text.toLowerCase(),
  );
  return at < 0 ? undefined : at + 1;
}

/** The number of a state for a series; NaN when the device's word is not in the list. */
export function stateNumber(cell: Cell, words: ProfileWords | undefined): number {
  return stateOf(cell, words)?.value ?? Number.NaN;
}

/** The words of a profile by number: devices that answer in words get theirs by place. */
export function sensorWords(words: ProfileWords): Sensor["words"] {
  return Object.fromEntries(
    Object.entries(words).map(([key, [text, severity]], at) => [
      /^-?\d+$/.test(key) ? key : String(at + 1),
      { text, severity },
    ]),
  );
}

/** Twelve digits: enough for any measurement, few enough to hide what binary fractions add. */
export function round(value: number): number {
  return Number(value.toPrecision(12));
}
