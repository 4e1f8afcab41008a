import { randomFillSync } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { Counters } from "../model/contracts.ts";
import type { Clock, Timer } from "../model/time.ts";
import { AnswerHead, type CommunityVersion, openAnswer, type Refusal, type RequestMessage } from "./codec.ts";
import { openSecured, SecuredHead } from "./usm-message.ts";

/** How often requests are looked over for time-outs; a time-out may come that much late. */
const tickMs = 50;
const receiveBufferBytes = 4 * 1024 * 1024;

export type Silence = "timeout" | "unreachable" | "cancelled";

/** What every question to a device has. Its owner may use it again once it was answered or failed. */
interface Question {
  /** Literal address as the socket reports it. */
  readonly address: string;
  readonly port: number;
  /** The longest wait for an answer before it is sent again. */
  readonly timeoutMs: number;
  /** The first wait, doubled with each try up to `timeoutMs`; absent: `timeoutMs` from the first try on. */
  readonly paceMs?: number;
  /** How often it is sent at most. */
  readonly tries: number;
  /** The device has answered just now: that sending fails need not be told, the time-out will do. */
  readonly quiet?: boolean;
  /** When it aborts the job fails as cancelled, within a tick. */
  readonly signal?: AbortSignal | undefined;
  /** The exchange's own notes while the job is under way. */
  triesLeft?: number;
  dueMs?: number;
  waitMs?: number;
  fail(why: Silence): void;
}

/** A question by community: its id is written into the message that it brings. */
export interface Job extends Question {
  readonly version: CommunityVersion;
  readonly community: Uint8Array;
  readonly message: RequestMessage;
  /** Reads an answer that came from the right place with the right id; says why it is not taken, and then waits on. */
  take(bytes: Buffer, head: AnswerHead): Refusal | undefined;
}

/** A question by user (SNMPv3): the message is made for its id, since it is signed as a whole. */
export interface SecuredJob extends Question {
  readonly version: "3";
  message: Pick<RequestMessage, "bytes">;
  sign(id: number): void;
  takeSecured(bytes: Buffer, head: SecuredHead): Refusal | undefined;
}

/**
 * Requests over one UDP socket for each IP family. An answer is taken only with the address and port that was asked, an
 * id that is waiting (31 bit, random), the version of the request, and what the job itself asks of it: the community and
 * the tag of a response, or user, engine, signature, time and level.
 */
export class Exchange {
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #waiting = new Map<number, Job | SecuredJob>();
  readonly #head = new AnswerHead();
  readonly #securedHead = new SecuredHead();
  readonly #ids = new RequestIds();
  readonly #onSent: (error: Error | null) => void;
  #sockets: { v4?: Socket; v6?: Socket } = {};
  #timer: Timer | undefined;
  #closed = false;

  constructor(deps: { readonly clock: Clock; readonly counters: Counters }) {
    this.#clock = deps.clock;
    this.#counters = deps.counters;
    this.#onSent = (error) => {
      if (error) this.#unsent(error);
    };
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  send(job: Job | SecuredJob): void {
    if (this.#closed) {
      job.fail("cancelled");
      return;
    }
    let id = this.#ids.next();
    while (this.#waiting.has(id)) id = this.#ids.next();
    if (job.version === "3") job.sign(id);
    else job.message.bytes.writeInt32BE(id, job.message.idAt);
    job.triesLeft = job.tries - 1;
    job.waitMs = Math.min(job.paceMs ?? job.timeoutMs, job.timeoutMs);
    job.dueMs = this.#clock.monotonicMs() + job.waitMs;
    this.#waiting.set(id, job);
    this.#counters.add("snmp_requests");
    this.#transmit(job);
    this.#timer ??= this.#clock.timer(this.#tick, tickMs);
  }

  /** Forgets the job without a word to it. */
  cancel(job: Job | SecuredJob): void {
    for (const [id, waiting] of this.#waiting) if (waiting === job) this.#waiting.delete(id);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    const left = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const job of left) job.fail("cancelled");
    this.#sockets.v4?.close();
    this.#sockets.v6?.close();
    this.#sockets = {};
  }

  #transmit(job: Job | SecuredJob): void {
    const { bytes } = job.message;
    const socket = this.#socket(job.address);
    // Without a callback Node says nothing of a send, and spares a tick; the bytes are the job's own until it is answered.
    if (job.quiet) socket.send(bytes, job.port, job.address);
    else socket.send(bytes, job.port, job.address, this.#onSent);
  }

  #socket(address: string): Socket {
    const family = address.includes(":") ? "v6" : "v4";
    const known = this.#sockets[family];
    if (known) return known;
    const version = family === "v6" ? 6 : 4;
    const socket = createSocket({
      type: version === 6 ? "udp6" : "udp4",
      recvBufferSize: receiveBufferBytes,
      // Addresses are literal here: no name lookup, not even a deferred one.
      lookup: (host, _options, callback) => callback(null, host, version),
    });
    socket.on("message", this.#receive);
    // What a socket reports by itself (ICMP on some systems) belongs to no request: time-outs tell.
    socket.on("error", () => this.#counters.add("snmp_socket_errors"));
    this.#sockets[family] = socket;
    return socket;
  }

  readonly #receive = (bytes: Buffer, from: RemoteInfo): void => {
    const head = this.#head;
    let refusal = openAnswer(bytes, head) ?? this.#offer(bytes, head, from);
    if (refusal === "version") refusal = this.#offerSecured(bytes, from);
    if (refusal) this.#counters.add(`snmp_refused_${refusal}`);
  };

  #offer(bytes: Buffer, head: AnswerHead, from: RemoteInfo): Refusal | undefined {
    const id = head.requestId;
    const job = this.#waiting.get(id);
    if (!job) return "late";
    if (from.port !== job.port || from.address !== job.address) return "address";
    if (job.version === "3") return "level";
    if (head.version !== job.version) return "version";
    if (!sameBytes(bytes, head.communityFrom, head.communityTo, job.community)) return "community";
    // Out before `take`: it may send the next question of the same job.
    this.#waiting.delete(id);
    const refusal = job.take(bytes, head);
    if (refusal) this.#waiting.set(id, job);
    return refusal;
  }

  #offerSecured(bytes: Buffer, from: RemoteInfo): Refusal | undefined {
    const head = this.#securedHead;
    const refused = openSecured(bytes, head);
    if (refused) return refused;
    const id = head.msgId;
    const job = this.#waiting.get(id);
    if (!job) return "late";
    if (from.port !== job.port || from.address !== job.address) return "address";
    if (job.version !== "3") return "version";
    this.#waiting.delete(id);
    const refusal = job.takeSecured(bytes, head);
    if (refusal) this.#waiting.set(id, job);
    return refusal;
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (const [id, job] of this.#waiting) {
      if (job.signal?.aborted) this.#giveUp(id, job, "cancelled");
      else if (nowMs < (job.dueMs ?? 0)) continue;
      else if ((job.triesLeft ?? 0) > 0) this.#again(job, nowMs);
      else this.#giveUp(id, job, "timeout");
    }
    if (this.#waiting.size > 0 && !this.#closed) this.#timer ??= this.#clock.timer(this.#tick, tickMs);
  };

  #again(job: Job | SecuredJob, nowMs: number): void {
    job.triesLeft = (job.triesLeft ?? 0) - 1;
    job.waitMs = Math.min((job.waitMs ?? job.timeoutMs) * 2, job.timeoutMs);
    job.dueMs = nowMs + job.waitMs;
    this.#counters.add("snmp_retries");
    this.#transmit(job);
  }

  #giveUp(id: number, job: Job | SecuredJob, why: Silence): void {
    this.#waiting.delete(id);
    this.#counters.add(`snmp_${why}`);
    job.fail(why);
  }

  #unsent(error: Error & { address?: string; port?: number }): void {
    for (const [id, job] of this.#waiting) {
      if (job.address === error.address && job.port === error.port) this.#giveUp(id, job, "unreachable");
    }
  }
}

function sameBytes(bytes: Uint8Array, from: number, to: number, expected: Uint8Array): boolean {
  if (to - from !== expected.length) return false;
  for (let k = 0; k < expected.length; k++) if (bytes[from + k] !== expected[k]) return false;
  return true;
}

/** Random request ids from 2^24 to 2^31-1, drawn a pool at a time: one call to the system for 1,024 of them. */
class RequestIds {
  readonly #pool = new Uint32Array(1024);
  #at = this.#pool.length;

  next(): number {
    for (;;) {
      if (this.#at === this.#pool.length) {
        randomFillSync(this.#pool);
        this.#at = 0;
      }
      const id = (this.#pool[this.#at++] as number) & 0x7fff_ffff;
      // Smaller ones would have a shorter form, which some agents send back.
      if (id >= 0x0100_0000) return id;
    }
  }
}
