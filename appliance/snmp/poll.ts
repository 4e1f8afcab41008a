import { AnswerReader } from "./answer-reader.ts";
import type { Cells } from "./cells.ts";
import {
  type AnswerHead,
  type CommunityVersion,
  encodeRequest,
  type Refusal,
  type RequestMessage,
} from "./codec.ts";
import type { Exchange, Job, Silence } from "./exchange.ts";
import { wholeOids } from "./oid-list.ts";
import { type ColumnRequest, type GetRequest, type Plan, type PlanRequest, uptimeOid } from "./plan.ts";
import { errorStatus, type Patience } from "./reader.ts";

const mostRepetitions = 100;
const uptimeColumn = uptimeOid.replace(/\.0$/, "");

export interface PollResult {
  /** Why the first question was not answered; later silences leave gaps only. */
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
interface Prepared<R extends PlanRequest = PlanRequest> {
  readonly request: R;
  repetitions: number;
  message: RequestMessage;
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
  timeoutMs: number;
  tries = 1;
  paceMs: number;
  triesLeft = 0;
  dueMs = 0;
  signal: AbortSignal | undefined;
  message: RequestMessage;
  readonly #exchange: Exchange;
  readonly #cells: Cells;
  readonly #prepared: Prepared[];
  readonly #answers: AnswerReader;
  #at = 0;
  #gaps = 0;
  #answered = false;
  #resolve: ((result: PollResult) => void) | undefined;
  #onFirst: (() => boolean) | undefined;

  constructor(options: CommunityPollOptions, plan: Plan) {
    this.address = options.address;
    this.port = options.port;
    this.version = options.version;
    this.community = options.community;
    this.timeoutMs = options.timeoutMs;
    this.paceMs = options.timeoutMs;
    this.#exchange = options.exchange;
    this.#cells = plan.cells;
    this.#answers = new AnswerReader(plan);
    this.#prepared = this.#prepare(plan, options.repetitions);
    this.message = (this.#prepared[0] as Prepared).message;
  }

  /**
   * One poll. Never rejects; must not be called again before it has resolved.
   *
   * @param patience - how often each question is sent at most, and how soon again at first
   * @param signal - ends the poll when it aborts
   * @param onFirst - called when the device has answered once; false ends the poll there
   */
  run(patience: Patience, signal: AbortSignal, onFirst?: () => boolean): Promise<PollResult> {
    this.tries = patience.tries;
    this.timeoutMs = patience.timeoutMs;
    this.paceMs = patience.paceMs ?? patience.timeoutMs;
    this.signal = signal;
    this.#at = 0;
    this.#gaps = 0;
    this.#answered = false;
    this.#onFirst = onFirst;
    this.#answers.row = 0;
    this.#answers.moved = false;
    this.#cells.clear();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#ask();
    });
  }

  /** How many requests a poll takes at least. */
  get requests(): number {
    return this.#prepared.length;
  }

  get quiet(): boolean {
    return this.#answered;
  }

  /** Ends the poll now, with what there is. */
  cancel(): void {
    if (!this.#resolve) return;
    this.#exchange.cancel(this);
    this.#finish("cancelled");
  }

  take(bytes: Buffer, head: AnswerHead): Refusal | undefined {
    const prepared = this.#prepared[this.#at];
    if (!prepared || !this.#resolve) return "late";
    if (head.errorStatus !== 0) {
      this.#answered = true;
      this.#refused(prepared, head.errorStatus, head.errorIndex);
      return undefined;
    }
    const answers = this.#answers;
    answers.more = false;
    const refusal = isColumn(prepared)
      ? answers.takeColumn(bytes, head, prepared)
      : answers.takeGet(bytes, head, prepared.request as GetRequest);
    if (refusal) return refusal;
    const first = !this.#answered;
    this.#answered = true;
    if (first && this.#onFirst && !this.#onFirst()) this.#finish(undefined);
    else if (answers.more) this.#askOn(prepared as Prepared<ColumnRequest>);
    else this.#next();
    return undefined;
  }

  fail(why: Silence): void {
    if (!this.#answered || why === "cancelled") {
      this.#finish(why);
      return;
    }
    this.#gaps++;
    // A device that falls silent in the middle is not asked all the rest one time-out after another.
    if (this.#gaps >= 2) this.#finish(undefined);
    else this.#next();
  }

  #ask(): void {
    this.message = (this.#prepared[this.#at] as Prepared).message;
    this.#exchange.send(this);
  }

  /** The device gave less than asked: go on behind the last row it gave. */
  #askOn({ request, repetitions }: Prepared<ColumnRequest>): void {
    const { version, community } = this;
    const { row } = this.#answers;
    const oids = [request.rows.text(row - 1)];
    const maxRepetitions = Math.min(repetitions, request.rows.length - row + 1);
    this.message = encodeRequest({ version, community, type: "getBulk", oids, maxRepetitions });
    this.#exchange.send(this);
  }

  #next(): void {
    this.#answers.row = 0;
    if (++this.#at >= this.#prepared.length) this.#finish(undefined);
    else this.#ask();
  }

  #finish(silence: Silence | undefined): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    const moved = this.#answers.moved || this.#cells.watchedChanged;
    resolve?.({ silence, moved, gaps: this.#gaps + this.#cells.refused });
  }

  #prepare(plan: Plan, repetitions: number): Prepared[] {
    const [first, ...rest] = plan.requests;
    const alone = first?.kind === "get" && first.oids.length === 1 && rest[0]?.kind === "column";
    const requests = alone ? rest : plan.requests;
    return requests.map((request, position) => {
      const rows = request.kind === "column" ? request.rows.length + 1 : 0;
      const asked = Math.min(rows, mostRepetitions, Math.max(repetitions, 1));
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
    if (isColumn(prepared) && status === errorStatus.tooBig && prepared.repetitions > 1) {
      prepared.repetitions = Math.floor(prepared.repetitions / 2);
      prepared.message = this.#message(request, prepared.repetitions, prepared.withUptime);
      this.#ask();
    } else if (request.kind === "get" && request.oids.length > 1) {
      this.#shrink(request, status, index);
      this.#ask();
    } else {
      this.#gaps++;
      this.#answers.moved = true;
      this.#next();
    }
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
    if (!named) return;
    this.#gaps++;
    this.#answers.moved = true;
  }
}

function isColumn(prepared: Prepared): prepared is Prepared<ColumnRequest> {
  return prepared.request.kind === "column";
}

function partOf(request: GetRequest, keep: (position: number) => boolean): GetRequest {
  const positions = request.oids.map((_oid, position) => position).filter(keep);
  const oids = positions.map((position) => request.oids[position] as string);
  return {
    kind: "get",
    oids,
    oidList: wholeOids(oids),
    cells: Int32Array.from(positions, (position) => request.cells[position] as number),
  };
}
