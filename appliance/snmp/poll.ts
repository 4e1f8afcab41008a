import { compareOids, oidText, TlvReader } from "./ber.ts";
import type { Cells } from "./cells.ts";
import {
  type AnswerHead,
  type CommunityVersion,
  encodeRequest,
  isException,
  type Refusal,
  type RequestMessage,
} from "./codec.ts";
import type { Exchange, Job, Silence } from "./exchange.ts";
import { OidList } from "./oid-list.ts";
import { type ColumnRequest, type GetRequest, type Plan, type PlanRequest, uptimeOid } from "./plan.ts";
import { errorStatus } from "./reader.ts";

const mostRepetitions = 100;
const uptimeColumn = uptimeOid.replace(/\.0$/, "");

export interface PollResult {
  /** Whether the first question was answered; later silences leave gaps only. */
  readonly silence?: Silence | undefined;
  /** Rows came or went, or a name that is watched is another. */
  readonly moved: boolean;
  /** Values or requests that the device refused or broke. */
  readonly gaps: number;
}

export interface CommunityPollOptions {
  readonly exchange: Exchange;
  readonly address: string;
  readonly port: number;
  readonly version: CommunityVersion;
  readonly community: Uint8Array;
  readonly timeoutMs: number;
  /** The most rows the device can put in one answer, as far as known. */
  readonly repetitions: number;
}

/** One request with its message made; repetitions may shrink when the device says that it is too much. */
interface Prepared {
  request: PlanRequest;
  repetitions: number;
  message: RequestMessage;
  /** sysUpTime comes along in front. */
  readonly withUptime: boolean;
}

/**
 * Polls one device by its plan over v1 or v2c: one question after another, each answer decoded straight from the datagram
 * into the plan's cells. Used again for every poll.
 */
export class CommunityPoll implements Job {
  readonly address: string;
  readonly port: number;
  readonly version: CommunityVersion;
  readonly community: Uint8Array;
  readonly timeoutMs: number;
  tries = 1;
  message: RequestMessage;
  readonly #exchange: Exchange;
  readonly #plan: Plan;
  readonly #cells: Cells;
  readonly #prepared: Prepared[];
  readonly #reader = new TlvReader(new Uint8Array(0));
  #at = 0;
  #row = 0;
  #moved = false;
  #gaps = 0;
  #answered = false;
  #resolve: ((result: PollResult) => void) | undefined;
  /** Told after the first answer; may end the poll by returning false. */
  #onFirst: (() => boolean) | undefined;

  constructor(options: CommunityPollOptions, plan: Plan) {
    this.address = options.address;
    this.port = options.port;
    this.version = options.version;
    this.community = options.community;
    this.timeoutMs = options.timeoutMs;
    this.#exchange = options.exchange;
    this.#plan = plan;
    this.#cells = plan.cells;
    this.#prepared = this.#prepare(plan, options.repetitions);
    this.message = (this.#prepared[0] as Prepared).message;
  }

  /**
   * One poll. Never rejects; must not be called again before it has resolved.
   *
   * @param tries - how often each question is sent at most
   * @param onFirst - called when the device has answered once; false ends the poll there
   */
  run(tries: number, onFirst?: () => boolean): Promise<PollResult> {
    this.tries = tries;
    this.#at = 0;
    this.#row = 0;
    this.#moved = false;
    this.#gaps = 0;
    this.#answered = false;
    this.#onFirst = onFirst;
    this.#cells.clear();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#ask();
    });
  }

  /** Ends the poll now, with what there is. */
  cancel(): void {
    if (!this.#resolve) return;
    this.#exchange.cancel(this);
    this.#finish("cancelled");
  }

  take(bytes: Buffer, head: AnswerHead): Refusal | undefined {
    const prepared = this.#prepared[this.#at] as Prepared;
    if (head.errorStatus !== 0) {
      this.#answered = true;
      this.#refused(prepared, head.errorStatus, head.errorIndex);
      return undefined;
    }
    const { request } = prepared;
    const refusal =
      request.kind === "get"
        ? this.#takeGet(bytes, head, request)
        : this.#takeColumn(bytes, head, prepared, request);
    if (refusal) return refusal;
    const first = !this.#answered;
    this.#answered = true;
    if (first && this.#onFirst && !this.#onFirst()) this.#finish(undefined);
    else if (this.message === prepared.message || this.#at >= this.#prepared.length) this.#next();
    else this.#exchange.send(this);
    return undefined;
  }

  fail(why: Silence): void {
    if (!this.#answered || why === "cancelled") return this.#finish(why);
    this.#gaps++;
    // A device that falls silent in the middle is not asked all the rest one time-out after another.
    if (this.#gaps >= 2) this.#finish(undefined);
    else this.#next();
  }

  #ask(): void {
    this.message = (this.#prepared[this.#at] as Prepared).message;
    this.#exchange.send(this);
  }

  #next(): void {
    this.#row = 0;
    if (++this.#at >= this.#prepared.length) this.#finish(undefined);
    else this.#ask();
  }

  #finish(silence: Silence | undefined): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    const moved = this.#moved || this.#cells.watchedChanged;
    resolve?.({ silence, moved, gaps: this.#gaps + this.#cells.refused });
  }

  #prepare(plan: Plan, repetitions: number): Prepared[] {
    const [first, ...rest] = plan.requests;
    const alone = first?.kind === "get" && first.oids.length === 1 && rest[0]?.kind === "column";
    const requests = alone ? rest : plan.requests;
    return requests.map((request, position) => {
      const asked =
        request.kind === "column"
          ? Math.min(request.rows.length + 1, mostRepetitions, Math.max(repetitions, 1))
          : 0;
      const withUptime = alone && position === 0;
      return { request, repetitions: asked, withUptime, message: this.#message(request, asked, withUptime) };
    });
  }

  #message(request: PlanRequest, repetitions: number, withUptime: boolean): RequestMessage {
    const { version, community } = this;
    if (request.kind === "get") return encodeRequest({ version, community, type: "get", oids: request.oids });
    const oids = withUptime ? [uptimeColumn, request.column] : [request.column];
    const nonRepeaters = withUptime ? 1 : 0;
    return encodeRequest({
      version,
      community,
      type: "getBulk",
      oids,
      nonRepeaters,
      maxRepetitions: repetitions,
    });
  }

  /** The device will not answer this question as it is: ask for less, or leave it. */
  #refused(prepared: Prepared, status: number, index: number): void {
    const { request } = prepared;
    if (request.kind === "column" && status === errorStatus.tooBig && prepared.repetitions > 1) {
      prepared.repetitions = Math.floor(prepared.repetitions / 2);
      prepared.message = this.#message(request, prepared.repetitions, prepared.withUptime);
      return this.#ask();
    }
    if (request.kind === "get" && request.oids.length > 1) {
      this.#shrink(request, status, index);
      return this.#ask();
    }
    this.#gaps++;
    this.#moved = true;
    this.#next();
  }

  /** Takes the variable at fault out of the question, or cuts the question in halves. Both hold for later polls too. */
  #shrink(request: GetRequest, status: number, index: number): void {
    const named = status !== errorStatus.tooBig && index >= 1 && index <= request.oids.length;
    const half = Math.ceil(request.oids.length / 2);
    const groups = named
      ? [partOf(request, (position) => position !== index - 1)]
      : [partOf(request, (position) => position < half), partOf(request, (position) => position >= half)];
    const parts = groups.map((part) => ({
      request: part,
      repetitions: 0,
      withUptime: false,
      message: this.#message(part, 0, false),
    }));
    this.#prepared.splice(this.#at, 1, ...parts);
    if (named) {
      this.#gaps++;
      this.#moved = true;
    }
  }

  #takeGet(bytes: Buffer, head: AnswerHead, request: GetRequest): Refusal | undefined {
    const reader = this.#reader;
    reader.bytes = bytes;
    const { to } = head;
    let at = head.from;
    for (let position = 0; position < request.cells.length; position++) {
      const refusal = openVarbind(reader, at, to);
      if (refusal) return this.#takeBack(request.cells, 0, position, refusal);
      at = reader.end;
      if (!request.oidList.isAt(position, bytes, reader.oidFrom, reader.oidTo))
        return this.#takeBack(request.cells, 0, position, "mismatch");
      if (!isException(reader.type))
        this.#cells.put(request.cells[position] as number, reader.type, bytes, reader.at, reader.end);
    }
    return at === to ? undefined : this.#takeBack(request.cells, 0, request.cells.length, "mismatch");
  }

  #takeColumn(
    bytes: Buffer,
    head: AnswerHead,
    prepared: Prepared,
    request: ColumnRequest,
  ): Refusal | undefined {
    const reader = this.#reader;
    reader.bytes = bytes;
    const { to } = head;
    const { rows, cells } = request;
    const startRow = this.#row;
    let at = head.from;
    let row = startRow;
    let count = 0;
    let ended = false;
    if (prepared.withUptime && startRow === 0) {
      const refusal = this.#takeUptime(reader, at, to);
      if (refusal) return refusal;
      at = reader.end;
    }
    const most = prepared.repetitions * 2;
    while (at < to) {
      if (++count > most) return this.#takeBack(cells, startRow, row, "flood");
      // The usual case first: the next row known, all lengths short.
      const value = ended ? 0 : rows.valueAt(row, bytes, at, to);
      if (value > 0) {
        const cell = cells[row++] as number;
        at += 2 + (bytes[at + 1] as number);
        if (cell >= 0) this.#cells.put(cell, bytes[value] as number, bytes, value + 2, at);
        continue;
      }
      const refusal = openVarbind(reader, at, to);
      if (refusal) return this.#takeBack(cells, startRow, row, refusal);
      at = reader.end;
      if (ended) continue;
      const next = this.#otherRow(reader, request, row);
      if (next === "order") return this.#takeBack(cells, startRow, row, next);
      if (next === undefined) ended = true;
      else row = next;
    }
    return this.#columnTaken(prepared, request, row, ended || count === 0);
  }

  #takeUptime(reader: TlvReader, at: number, to: number): Refusal | undefined {
    const refusal = openVarbind(reader, at, to);
    if (refusal) return refusal;
    const cell = this.#plan.uptimeCell;
    if (oidText(reader.bytes, reader.oidFrom, reader.oidTo) === uptimeOid)
      this.#cells.put(cell, reader.type, reader.bytes, reader.at, reader.end);
    return undefined;
  }

  /** A variable that is not plainly the next row. Gives the row that follows it; undefined when the column has ended. */
  #otherRow(reader: TlvReader, request: ColumnRequest, row: number): number | "order" | undefined {
    const { bytes, oidFrom, oidTo } = reader;
    const { rows, cells, columnBytes } = request;
    if (isException(reader.type)) return undefined;
    if (!startsWith(bytes, oidFrom, oidTo, columnBytes)) {
      if (row < rows.length) this.#moved = true;
      return undefined;
    }
    if (rows.isAt(row, bytes, oidFrom, oidTo)) {
      const cell = cells[row] as number;
      if (cell >= 0) this.#cells.put(cell, reader.type, bytes, reader.at, reader.end);
      return row + 1;
    }
    this.#moved = true;
    for (let later = row + 1; later < rows.length; later++) {
      if (!rows.isAt(later, bytes, oidFrom, oidTo)) continue;
      const cell = cells[later] as number;
      if (cell >= 0) this.#cells.put(cell, reader.type, bytes, reader.at, reader.end);
      return later + 1;
    }
    const oid = oidText(bytes, oidFrom, oidTo);
    const last = row > 0 ? rows.text(row - 1) : request.column;
    return oid === undefined || compareOids(oid, last) <= 0 ? "order" : row;
  }

  #columnTaken(prepared: Prepared, request: ColumnRequest, row: number, ended: boolean): undefined {
    const more = !ended && row < request.rows.length && row > this.#row;
    if (!more && row < request.rows.length) this.#moved = true;
    this.#row = row;
    if (!more) {
      this.message = prepared.message;
      return undefined;
    }
    // The device gave less than asked: go on behind the last row it gave.
    const { version, community } = this;
    const from = request.rows.text(row - 1);
    const maxRepetitions = Math.min(prepared.repetitions, request.rows.length - row + 1);
    this.message = encodeRequest({ version, community, type: "getBulk", oids: [from], maxRepetitions });
    return undefined;
  }

  #takeBack(cells: Int32Array, from: number, to: number, refusal: Refusal): Refusal {
    for (let position = from; position < to; position++) {
      const cell = cells[position] as number;
      if (cell >= 0) this.#cells.drop(cell);
    }
    return refusal;
  }
}

/** Opens one variable: afterwards the reader holds its OID and stands on its value. */
function openVarbind(reader: TlvReader, at: number, to: number): Refusal | undefined {
  return reader.openVarbind(at, to) ? undefined : "malformed";
}

function partOf(request: GetRequest, keep: (position: number) => boolean): GetRequest {
  const positions = request.oids.map((_oid, position) => position).filter(keep);
  const oids = positions.map((position) => request.oids[position] as string);
  return {
    kind: "get",
    oids,
    oidList: new OidList(oids),
    cells: Int32Array.from(positions, (position) => request.cells[position] as number),
  };
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false;
  for (let k = 0; k < prefix.length; k++) if (bytes[from + k] !== prefix[k]) return false;
  return true;
}
