import { compareOids, indexBelow } from "./ber.ts";
import { isException, type Varbind } from "./codec.ts";
import type { ColumnRequest, GetRequest, Plan } from "./plan.ts";
import type { PollResult } from "./poll.ts";
import { type Reader, SnmpFailure } from "./reader.ts";

const mostRepetitions = 50;

/** Polls one device by its plan through a reader: the way for SNMPv3, with the same results as the fast one. */
export class ReaderPoll {
  readonly #plan: Plan;
  readonly #repetitions: number;
  #reader: Reader;
  #moved = false;
  #gaps = 0;

  constructor(reader: Reader, plan: Plan, repetitions: number) {
    this.#reader = reader;
    this.#plan = plan;
    this.#repetitions = Math.max(1, repetitions);
  }

  /** One poll. Rejects with SnmpFailure when the device does not answer the first question. */
  async run(reader: Reader, onFirst?: () => boolean): Promise<PollResult> {
    this.#reader = reader;
    this.#moved = false;
    this.#gaps = 0;
    this.#plan.cells.clear();
    for (const [position, request] of this.#plan.requests.entries()) {
      const done = request.kind === "get" ? this.#get(request) : this.#column(request);
      const answered = await done.then(
        () => true,
        (error: unknown) => this.#failed(error, position === 0),
      );
      if (!answered && this.#gaps >= 2) break;
      if (position === 0 && onFirst && !onFirst()) break;
    }
    const { cells } = this.#plan;
    return { moved: this.#moved || cells.watchedChanged, gaps: this.#gaps + cells.refused };
  }

  #failed(error: unknown, first: boolean): false {
    if (!(error instanceof SnmpFailure)) throw error;
    if ((first && error.reason !== "status") || error.reason === "cancelled") throw error;
    this.#gaps++;
    if (error.reason === "status") this.#moved = true;
    return false;
  }

  async #get(request: GetRequest): Promise<void> {
    const varbinds = await this.#reader.get(request.oids);
    varbinds.forEach((varbind, position) => {
      if (varbind.oid !== request.oids[position] || isException(varbind.tag)) return;
      this.#plan.cells.putVarbind(request.cells[position] as number, varbind);
    });
  }

  async #column(request: ColumnRequest): Promise<void> {
    const places = new Map(
      Array.from({ length: request.rows.length }, (_, position) => [request.rows.text(position), position]),
    );
    let last = request.column;
    let seen = 0;
    while (seen < request.rows.length) {
      const wanted = Math.min(request.rows.length - seen + 1, this.#repetitions, mostRepetitions);
      const varbinds = await this.#reader.bulk(last, wanted);
      const taken = this.#takeRows(request, places, last, varbinds);
      seen += taken.count;
      last = taken.last;
      if (taken.end) break;
    }
    if (seen < request.rows.length) this.#moved = true;
  }

  #takeRows(
    request: ColumnRequest,
    places: ReadonlyMap<string, number>,
    from: string,
    varbinds: readonly Varbind[],
  ) {
    let last = from;
    let count = 0;
    for (const varbind of varbinds) {
      const inside = !isException(varbind.tag) && indexBelow(request.column, varbind.oid) !== undefined;
      if (!inside || compareOids(varbind.oid, last) <= 0) return { count, last, end: true };
      last = varbind.oid;
      const position = places.get(varbind.oid);
      if (position === undefined) {
        this.#moved = true;
        continue;
      }
      count++;
      const cell = request.cells[position] as number;
      if (cell >= 0) this.#plan.cells.putVarbind(cell, varbind);
    }
    return { count, last, end: varbinds.length === 0 };
  }
}
