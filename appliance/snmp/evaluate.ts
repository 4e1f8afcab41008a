import { metricOf } from "../model/metric.ts";
import type { ColumnForm, ProfileWords } from "../model/profile.ts";
import type { Sensor, SensorLimits, SensorSeverity } from "../model/site.ts";
import { tag } from "./ber.ts";
import { type Cell, cleanText, numberOf } from "./decode.ts";
import type { Expression, Scope, Template } from "./expression.ts";
import type { Readout, Row } from "./readout.ts";
import type {
  ResolvedGroup,
  ResolvedPool,
  ResolvedProfile,
  ResolvedSensor,
  ResolvedSupply,
} from "./resolve.ts";

export type ReadingList = "sensors" | "processors" | "wireless" | "ports" | "memory" | "storage" | "supplies";

/** How a value is made of what stands on the device, so that a poll can make it again. */
export interface Binding {
  /** Undefined: the value is the one cell itself. */
  readonly expression?: Expression;
  readonly words?: ProfileWords;
  readonly cells: ReadonlyMap<string, BoundCell>;
  /** Index of the row. */
  readonly index: string;
}
export type BoundCell =
  | {
      readonly column: string;
      readonly index: string;
      readonly tag: number;
      readonly form?: ColumnForm | undefined;
    }
  | { readonly constant: Cell };

/** One value found, with everything that is known of it. */
export interface Reading {
  readonly list: ReadingList;
  readonly metric: string;
  /** Template result; made unique later. */
  readonly channel?: string | undefined;
  readonly description: string;
  /** In the metric's unit; for a state its number. Undefined where a device answers with a word not in the list. */
  readonly value?: number | undefined;
  /** The device answered with this word, not with a number. */
  readonly word?: string | undefined;
  readonly text?: string | undefined;
  readonly severity?: SensorSeverity | undefined;
  readonly words?: Sensor["words"];
  readonly limits?: SensorLimits | undefined;
  readonly class?: string | undefined;
  readonly oid?: string | undefined;
  readonly binding: Binding;
  /** Of the table row it came from. */
  readonly group: string;
  readonly index: string;
}

export interface Pool {
  readonly list: "memory" | "storage";
  readonly description: string;
  readonly totalBytes?: number | undefined;
  readonly usedBytes?: number | undefined;
  readonly usedPercent?: number | undefined;
  readonly oid?: string | undefined;
}

export interface Supply {
  readonly description: string;
  readonly type?: string | undefined;
  readonly unit?: string | undefined;
  readonly level?: number | undefined;
  readonly maxCapacity?: number | undefined;
  /** Undefined: the device says "some" or nothing. */
  readonly percent?: number | undefined;
}

export interface Findings {
  readonly readings: Reading[];
  readonly pools: Pool[];
  readonly supplies: Supply[];
}

/** Evaluates every scalar and every row of every table. */
export function evaluateAll(profile: ResolvedProfile, readout: Readout): Findings {
  const findings: Findings = { readings: [], pools: [], supplies: [] };
  for (const group of [profile.scalars, ...profile.tables])
    for (const index of readout.rowsOf(group)) {
      const row = readout.row(group, index);
      if (group.when && !holds(group.when, row)) continue;
      evaluateRow(group, row, findings);
    }
  return findings;
}

export function holds(condition: Expression, scope: Scope): boolean {
  const cell = condition.evaluate(scope);
  return cell !== undefined && cell !== 0 && cell !== "";
}

export function fill(template: Template | undefined, row: Row): string | undefined {
  const text = template?.fill((name) => row.cell(name));
  return text === undefined || text === "" ? undefined : cleanText(text);
}

function evaluateRow(group: ResolvedGroup, row: Row, findings: Findings): void {
  const list = group.role === "ports" ? "ports" : "sensors";
  for (const sensor of group.sensors) add(findings, sensorReading(list, group, row, sensor));
  for (const sensor of group.processors) add(findings, sensorReading("processors", group, row, sensor));
  for (const sensor of group.wireless) add(findings, sensorReading("wireless", group, row, sensor));
  for (const pool of group.memory) addPool(findings, "memory", group, row, pool);
  for (const pool of group.storage) addPool(findings, "storage", group, row, pool);
  for (const supply of group.supplies) addSupply(findings, group, row, supply);
}

function add(findings: Findings, reading: Reading | undefined): void {
  if (reading) findings.readings.push(reading);
}

function sensorReading(
  list: ReadingList,
  group: ResolvedGroup,
  row: Row,
  sensor: ResolvedSensor,
): Reading | undefined {
  if (sensor.when && !holds(sensor.when, row)) return undefined;
  const expression = usable(sensor.value, row);
  if (!expression) return undefined;
  const cell = expression.evaluate(row);
  const isState = metricOf(sensor.metric)?.kind === "state";
  const said = isState ? stateOf(cell, sensor.words) : plain(sensor.metric, cell, expression, row);
  if (!said) return undefined;
  const name = expression.names[0];
  return {
    list,
    metric: sensor.metric,
    channel: fill(sensor.channel ?? group.channel, row),
    description: fill(sensor.description, row) ?? (row.index === "" ? sensor.metric : row.index),
    ...said,
    ...(sensor.words ? { words: sensorWords(sensor.words) } : {}),
    limits: limitsOf(sensor, row),
    class: sensor.class,
    oid: name === undefined ? undefined : row.oid(name),
    binding: bind(expression, row, isState ? sensor.words : undefined),
    group: group.name,
    index: row.index,
  };
}

/** The first expression whose columns the row has and that gives a value. */
function usable(expressions: readonly Expression[], row: Row): Expression | undefined {
  return expressions.find(
    (expression) =>
      expression.names.every((name) => row.cell(name) !== undefined) &&
      expression.evaluate(row) !== undefined,
  );
}

/** What agents send for "I do not know": the ends of the number range. */
const unknownNumbers = new Set([2_147_483_647, -2_147_483_648, -2_147_483_647, 4_294_967_295, 4_294_967_294]);

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

function plain(metric: string, cell: Cell, expression: Expression, row: Row): { value: number } | undefined {
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

function stateOf(
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

function sensorWords(words: ProfileWords): Sensor["words"] {
  return Object.fromEntries(
    Object.entries(words).map(([key, [text, severity]], at) => [
      /^-?\d+$/.test(key) ? key : String(at + 1),
      { text, severity },
    ]),
  );
}

function limitsOf(sensor: ResolvedSensor, row: Row): SensorLimits | undefined {
  if (!sensor.limits) return undefined;
  const entries = Object.entries(sensor.limits).flatMap(([key, expression]) => {
    const value = expression ? numberOf(expression.evaluate(row)) : undefined;
    const unset = expression?.names.some((name) => unknownNumbers.has(numberOf(row.cell(name)) ?? 0));
    return value === undefined || unset ? [] : [[key, round(value)]];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** Twelve digits: enough for any measurement, few enough to hide what binary fractions add. */
export function round(value: number): number {
  return Number(value.toPrecision(12));
}

function bind(expression: Expression, row: Row, words?: ProfileWords): Binding {
  const cells = new Map<string, BoundCell>();
  const boundTo = (name: string): BoundCell => {
    const place = row.place(name);
    const varbind = row.varbind(name);
    return place && varbind ? { ...place, tag: varbind.tag } : { constant: row.cell(name) };
  };
  for (const name of expression.onceNames) cells.set(name, { constant: row.cell(name) });
  for (const name of expression.names) cells.set(name, boundTo(name));
  const direct = expression.names.length === 1 && expression.source.trim() === expression.names[0];
  return {
    ...(direct ? {} : { expression }),
    ...(words ? { words } : {}),
    cells,
    index: row.index,
  };
}

function addPool(
  findings: Findings,
  list: "memory" | "storage",
  group: ResolvedGroup,
  row: Row,
  pool: ResolvedPool,
): void {
  if (pool.when && !holds(pool.when, row)) return;
  const sizes = poolSizes(pool, row);
  if (!sizes) return;
  const description = fill(pool.description, row) ?? (row.index || list);
  const first = (pool.used ?? pool.free ?? pool.percent)?.names[0];
  const oid = first === undefined ? undefined : row.oid(first);
  if (list === "memory" && findings.pools.some((known) => known.list === list && isSameMemory(known, sizes)))
    return;
  findings.pools.push({ list, description, ...sizes, oid });
  const [share, total] = list === "memory" ? ["memory_used", "memory_total"] : ["disk_used", "disk_total"];
  const common = {
    list,
    channel: fill(pool.channel ?? group.channel, row),
    description,
    oid,
    group: group.name,
    index: row.index,
  };
  const percent = percentExpression(pool);
  if (sizes.usedPercent !== undefined)
    findings.readings.push({
      ...common,
      metric: share as string,
      value: sizes.usedPercent,
      binding: bind(percent, row),
    });
  if (sizes.totalBytes !== undefined && pool.total)
    findings.readings.push({
      ...common,
      metric: total as string,
      value: sizes.totalBytes,
      binding: bind(pool.total, row),
    });
}

/** Many agents report the same memory by two MIBs: it is kept once. */
function isSameMemory(known: Pool, sizes: Pick<Pool, "totalBytes" | "usedBytes">): boolean {
  const near = (a = 0, b = 0, share = 0) => Math.abs(a - b) <= share * Math.max(a, b);
  return (
    known.totalBytes !== undefined &&
    near(known.totalBytes, sizes.totalBytes, 0.001) &&
    near(known.usedBytes, sizes.usedBytes, 0.02)
  );
}

function poolSizes(
  pool: ResolvedPool,
  row: Row,
): Pick<Pool, "totalBytes" | "usedBytes" | "usedPercent"> | undefined {
  const read = (expression: Expression | undefined) => expression && numberOf(expression.evaluate(row));
  const free = read(pool.free);
  let used = read(pool.used);
  let total = read(pool.total);
  if (total === undefined && used !== undefined && free !== undefined) total = used + free;
  if (used === undefined && total !== undefined && free !== undefined) used = total - free;
  const percent = read(pool.percent);
  if (total !== undefined && total > 0 && used !== undefined && used >= 0)
    return { totalBytes: round(total), usedBytes: round(used), usedPercent: round((used / total) * 100) };
  if (percent === undefined || percent < 0 || percent > 100) return undefined;
  return total !== undefined && total > 0
    ? { totalBytes: round(total), usedBytes: round((total * percent) / 100), usedPercent: percent }
    : { usedPercent: percent };
}

/** Used over total in percent, from whichever two the profile gives. */
function percentExpression({ total, used, free, percent }: ResolvedPool): Expression {
  const parts = [total, used, free, percent].filter((part) => part !== undefined);
  const number = (part: Expression | undefined, scope: Scope) => part && numberOf(part.evaluate(scope));
  return {
    source: "used / total * 100",
    names: [...new Set(parts.flatMap((part) => part.names))],
    onceNames: [...new Set(parts.flatMap((part) => part.onceNames))],
    evaluate(scope) {
      const [whole, taken, left] = [number(total, scope), number(used, scope), number(free, scope)];
      const size = whole ?? (taken !== undefined && left !== undefined ? taken + left : undefined);
      const usedPart = taken ?? (size !== undefined && left !== undefined ? size - left : undefined);
      if (size !== undefined && usedPart !== undefined && size > 0) return (usedPart / size) * 100;
      return number(percent, scope);
    },
  };
}

function addSupply(findings: Findings, group: ResolvedGroup, row: Row, supply: ResolvedSupply): void {
  if (supply.when && !holds(supply.when, row)) return;
  const level = numberOf(supply.level.evaluate(row));
  const capacity = supply.capacity && numberOf(supply.capacity.evaluate(row));
  const percent = supplyPercent(level, capacity);
  const description = fill(supply.description, row) ?? row.index;
  findings.supplies.push({
    description,
    type: fill(supply.type, row),
    unit: fill(supply.unit, row),
    level,
    maxCapacity: capacity,
    percent,
  });
  if (percent === undefined) return;
  const [levelName] = supply.level.names;
  findings.readings.push({
    list: "supplies",
    metric: "supply_level",
    channel: fill(group.channel, row) ?? description,
    description,
    value: percent,
    oid: levelName === undefined ? undefined : row.oid(levelName),
    binding: bind(supplyExpression(supply), row),
    group: group.name,
    index: row.index,
  });
}

/** RFC 3805: a level of -1, -2, -3 is no amount; a capacity of -2 is unknown, and then a level up to 100 is percent. */
function supplyPercent(level: number | undefined, capacity: number | undefined): number | undefined {
  if (level === undefined || level < 0) return undefined;
  if (capacity !== undefined && capacity > 0) return Math.min(100, round((level / capacity) * 100));
  return undefined;
}

function supplyExpression(supply: ResolvedSupply): Expression {
  const names = [...new Set([...supply.level.names, ...(supply.capacity?.names ?? [])])];
  return {
    source: "level / capacity * 100",
    names,
    onceNames: [],
    evaluate: (scope) =>
      supplyPercent(
        numberOf(supply.level.evaluate(scope)),
        supply.capacity && numberOf(supply.capacity.evaluate(scope)),
      ),
  };
}

/** Width of the counter a cell holds: 0 for what is none. */
export function counterWidth(metric: string, type: number): 0 | 32 | 64 {
  if (metricOf(metric)?.kind !== "counter") return 0;
  return type === tag.counter64 ? 64 : 32;
}
