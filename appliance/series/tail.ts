import { hourMs } from "./resolution.ts";
import { pickSamples, type Round } from "./round.ts";
import type { Visit } from "./steps.ts";

/** Offset in ms and value, one after the other. */
interface Column {
  pairs: Float64Array;
  length: number;
  increasing: boolean;
}

/** The hours that are not packed yet, in memory: what queries read beside the packed chunks. */
export interface Tail {
  append(round: Round): void;
  /** Samples of one series and hour, oldest first; the later of two with one time. */
  samples(hour: number, id: number): { offsetsMs: Float64Array; values: Float64Array } | undefined;
  /** Hours with samples of that series within the range, oldest first. */
  hours(id: number, range: { readonly fromMs: number; readonly toMs: number }): readonly number[];
  /** Packed: hours before `before` and from `from` on are dropped. */
  drop(limits: { readonly before: number; readonly from: number }): void;
  /** Everything that is held, as rounds. */
  rounds(): Iterable<Round>;
}

export function createTail(): Tail {
  return new OpenHours();
}

class OpenHours implements Tail {
  readonly #open = new Map<number, Map<number, Column>>();

  append(round: Round): void {
    for (let i = 0; i < round.ids.length; i++) {
      const value = round.values[i] as number;
      if (Number.isNaN(value)) continue;
      const timeMs = round.timesMs[i] as number;
      const hour = Math.floor(timeMs / hourMs);
      push(this.#column(hour, round.ids[i] as number), timeMs - hour * hourMs, value);
    }
  }

  samples(hour: number, id: number): { offsetsMs: Float64Array; values: Float64Array } | undefined {
    const column = this.#open.get(hour)?.get(id);
    if (!column) return undefined;
    if (!column.increasing) sort(column);
    const count = column.length / 2;
    const offsetsMs = new Float64Array(count);
    const values = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      offsetsMs[i] = column.pairs[2 * i] as number;
      values[i] = column.pairs[2 * i + 1] as number;
    }
    return { offsetsMs, values };
  }

  hours(id: number, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): readonly number[] {
    const found: number[] = [];
    for (const [hour, columns] of this.#open)
      if ((hour + 1) * hourMs > fromMs && hour * hourMs < toMs && columns.has(id)) found.push(hour);
    return found.sort((a, b) => a - b);
  }

  drop({ before, from }: { readonly before: number; readonly from: number }): void {
    for (const hour of this.#open.keys()) if (hour < before || hour >= from) this.#open.delete(hour);
  }

  *rounds(): Iterable<Round> {
    for (const [hour, columns] of this.#open) {
      const rows: [number, number, number][] = [];
      for (const [id, { pairs, length }] of columns)
        for (let at = 0; at < length; at += 2)
          rows.push([id, hour * hourMs + (pairs[at] as number), pairs[at + 1] as number]);
      yield {
        ids: Float64Array.from(rows, ([id]) => id),
        timesMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
        values: Float64Array.from(rows, ([, , value]) => value),
        counts: new Float64Array(rows.length).fill(Number.NaN),
      };
    }
  }

  #column(hour: number, id: number): Column {
    const columns = this.#open.get(hour) ?? new Map<number, Column>();
    this.#open.set(hour, columns);
    const known = columns.get(id);
    if (known) return known;
    const column = { pairs: new Float64Array(16), length: 0, increasing: true };
    columns.set(id, column);
    return column;
  }
}

function push(column: Column, offsetMs: number, value: number): void {
  const { length } = column;
  if (length === column.pairs.length) {
    const grown = new Float64Array(length < 128 ? length + 32 : length * 2);
    grown.set(column.pairs);
    column.pairs = grown;
  }
  if (length > 0 && (column.pairs[length - 2] as number) >= offsetMs) column.increasing = false;
  column.pairs[length] = offsetMs;
  column.pairs[length + 1] = value;
  column.length = length + 2;
}

/** Puts a column in order of time once; of two samples with one time the one appended later stays. */
function sort(column: Column): void {
  const byOffset = new Map<number, number>();
  for (let at = 0; at < column.length; at += 2)
    byOffset.set(column.pairs[at] as number, column.pairs[at + 1] as number);
  const ordered = [...byOffset].sort(([a], [b]) => a - b);
  column.length = ordered.length * 2;
  ordered.forEach(([offsetMs, value], at) => {
    column.pairs[2 * at] = offsetMs;
    column.pairs[2 * at + 1] = value;
  });
  column.increasing = true;
}

/** Gives samples of an hour to a visitor. */
export function visitSamples(
  samples: { readonly offsetsMs: Float64Array; readonly values: Float64Array },
  startMs: number,
  visit: Visit,
): void {
  for (let i = 0; i < samples.offsetsMs.length; i++) {
    const value = samples.values[i] as number;
    visit(startMs + (samples.offsetsMs[i] as number), value, value, value, 1);
  }
}

/** The samples of a round whose hours are packed: before `before`, or from `from` on. */
export function outside(
  round: Round,
  { before, from }: { readonly before: number; readonly from: number },
): Round {
  const keep = [...round.ids.keys()].filter((at) => {
    const hour = Math.floor((round.timesMs[at] as number) / hourMs);
    return hour < before || hour >= from;
  });
  return pickSamples(round, keep);
}
