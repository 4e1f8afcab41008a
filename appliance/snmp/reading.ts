import type { ColumnForm, ProfileWords } from "../model/profile.ts";
import type { Sensor, SensorLimits, SensorSeverity } from "../model/site.ts";
import { type Cell, cleanText } from "./decode.ts";
import type { Expression, Scope } from "./expression.ts";
import type { Row } from "./readout.ts";
import type { Template } from "./template.ts";

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

export function holds(condition: Expression, scope: Scope): boolean {
  const cell = condition.evaluate(scope);
  return cell !== undefined && cell !== 0 && cell !== "";
}

export function fill(template: Template | undefined, row: Row): string | undefined {
  const text = template?.fill((name) => row.cell(name));
  return text === undefined || text === "" ? undefined : cleanText(text);
}

/** Keeps where each name of an expression stands, and how it is made into the value. */
export function bind(expression: Expression, row: Row, words?: ProfileWords): Binding {
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
