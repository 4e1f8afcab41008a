import type { Clock } from "../model/time.ts";
import { compareOids, indexBelow, tag } from "./ber.ts";
import { isException, type Varbind } from "./codec.ts";
import { errorStatus, type Reader, SnmpFailure } from "./reader.ts";

/** Limits that no honest table of a device in an office reaches. */
export const walkLimits = { rows: 20_000, timeMs: 30_000 } as const;
const firstRepetitions = 25;
const mostRepetitions = 64;
const carefulRepetitions = 8;
const oidsAtOnce = 20;

/** Rows of one column by their index, in the agent's order. */
export interface Column {
  readonly rows: ReadonlyMap<string, Varbind>;
  /** Why the walk ended before the column did; absent when all is there. */
  readonly cut?: "order" | "rows" | "time" | "timeout" | "status";
}

/** Reads tables of one device; learns how much of a table the device can give at once. */
export class Walker {
  readonly #reader: Reader;
  readonly #clock: Clock;
  #repetitions = firstRepetitions;

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  get repetitions(): number {
    return this.#repetitions;
  }

  /**
   * One column, or any subtree. Ends when the OIDs leave it, stop growing, or a limit is reached; what was read is kept.
   * Rejects only when the walk was cancelled.
   */
  async column(root: string): Promise<Column> {
    const rows = new Map<string, Varbind>();
    const endMs = this.#clock.monotonicMs() + walkLimits.timeMs;
    let last = root;
    for (;;) {
      const step = await this.#step(last).catch(ofFailure);
      if (!Array.isArray(step)) return { rows, cut: step };
      const taken = takeRows(root, last, step, rows);
      if (taken.end) return taken.cut ? { rows, cut: taken.cut } : { rows };
      last = taken.last;
      if (rows.size >= walkLimits.rows) return { rows, cut: "rows" };
      if (this.#clock.monotonicMs() >= endMs) return { rows, cut: "time" };
    }
  }

  /** The next variables behind `oid`; halves what it asks for when the answer does not fit. */
  async #step(oid: string): Promise<Varbind[]> {
    const reader = this.#reader;
    while (reader.version !== "1" && this.#repetitions > 1) {
      try {
        const varbinds = await reader.bulk(oid, this.#repetitions);
        if (varbinds.length >= this.#repetitions)
          this.#repetitions = Math.min(mostRepetitions, this.#repetitions * 2);
        return varbinds;
      } catch (error) {
        this.#repetitions = fewer(this.#repetitions, error);
      }
    }
    return this.#next(oid);
  }

  async #next(oid: string): Promise<Varbind[]> {
    try {
      return await this.#reader.next([oid]);
    } catch (error) {
      // RFC 1157 §4.1.3: how a v1 agent says that there is nothing behind it.
      if (error instanceof SnmpFailure && error.status === errorStatus.noSuchName)
        return [{ oid, tag: tag.endOfMibView, value: null }];
      throw error;
    }
  }

  /** What lies first behind each OID: one answer tells of twenty tables whether they are there. */
  async firstBehind(roots: readonly string[]): Promise<Map<string, Varbind>> {
    return this.#many(roots, (oids) => this.#reader.next(oids));
  }

  /** Single values. What the device does not have is not in the map. */
  async values(oids: readonly string[]): Promise<Map<string, Varbind>> {
    return this.#many(oids, (asked) => this.#reader.get(asked));
  }

  async #many(
    oids: readonly string[],
    ask: (oids: string[]) => Promise<Varbind[]>,
  ): Promise<Map<string, Varbind>> {
    const found = new Map<string, Varbind>();
    const queue: string[][] = [];
    for (let at = 0; at < oids.length; at += oidsAtOnce) queue.push(oids.slice(at, at + oidsAtOnce));
    for (let group = queue.shift(); group; group = queue.shift()) {
      try {
        const asked = group;
        const varbinds = await ask(group);
        varbinds.forEach((varbind, position) => {
          if (!isException(varbind.tag) && varbind.value !== null)
            found.set(asked[position] as string, varbind);
        });
      } catch (error) {
        queue.unshift(...smaller(group, error));
      }
    }
    return found;
  }
}

/** What to ask for after a failure. A large answer may also be lost on the way, fragment by fragment: then once with few. */
function fewer(repetitions: number, error: unknown): number {
  if (error instanceof SnmpFailure && error.status === errorStatus.tooBig) return Math.floor(repetitions / 2);
  if (error instanceof SnmpFailure && error.reason === "timeout" && repetitions > carefulRepetitions)
    return carefulRepetitions;
  throw error;
}

/** A group that failed, without the OID at fault or in halves; nothing when it cannot be made smaller. */
function smaller(group: readonly string[], error: unknown): string[][] {
  if (!(error instanceof SnmpFailure) || error.reason !== "status") throw error;
  if (group.length === 1) return [];
  const named = error.status !== errorStatus.tooBig && error.index >= 1 && error.index <= group.length;
  if (named) return [group.filter((_oid, position) => position !== error.index - 1)];
  const half = Math.ceil(group.length / 2);
  return [group.slice(0, half), group.slice(half)];
}

function ofFailure(error: unknown): "timeout" | "status" {
  if (error instanceof SnmpFailure && error.reason === "timeout") return "timeout";
  if (error instanceof SnmpFailure && error.reason === "status") return "status";
  throw error;
}

interface Taken {
  readonly end: boolean;
  readonly cut?: "order" | "rows";
  readonly last: string;
}

function takeRows(
  root: string,
  from: string,
  varbinds: readonly Varbind[],
  rows: Map<string, Varbind>,
): Taken {
  let last = from;
  for (const varbind of varbinds) {
    if (isException(varbind.tag)) return { end: true, last };
    const index = indexBelow(root, varbind.oid);
    if (index === undefined) {
      // Backwards out of the column is as wrong as backwards inside it.
      return compareOids(varbind.oid, last) > 0 ? { end: true, last } : { end: true, cut: "order", last };
    }
    if (compareOids(varbind.oid, last) <= 0) return { end: true, cut: "order", last };
    if (rows.size >= walkLimits.rows) return { end: true, cut: "rows", last };
    rows.set(index, varbind);
    last = varbind.oid;
  }
  return { end: varbinds.length === 0, last };
}
