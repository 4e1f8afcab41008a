import type { FollowCursor, LoggedRounds, RoundSource } from "../model/rounds.ts";
import type { ToWriter } from "./messages.ts";
import type { Numbers } from "./numbers.ts";
import type { Reader } from "./reader.ts";
import type { Round } from "./round.ts";

/** The log of the local store as its followers read it. */
export class FollowedLog implements RoundSource {
  readonly #numbers: Numbers;
  readonly #send: (message: ToWriter) => void;
  readonly #listeners = new Set<() => void>();
  readonly #cursors = new Map<string, FollowCursor>();
  #reader: Reader | undefined;
  #lastSeq = 0;

  constructor(numbers: Numbers, send: (message: ToWriter) => void) {
    this.#numbers = numbers;
    this.#send = send;
  }

  use(reader: Reader | undefined): void {
    this.#reader = reader;
  }

  began(lastSeq: number, cursors: readonly (readonly [string, string])[]): void {
    this.#lastSeq = lastSeq;
    for (const [name, state] of cursors) {
      const cursor = parseCursor(state);
      // What is in memory is never older than what a crashed thread left in the file.
      if (cursor && !this.#cursors.has(name)) this.#cursors.set(name, cursor);
    }
  }

  committed(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  lastSeq(): number {
    return this.#lastSeq;
  }

  firstSeq(): number {
    return this.#reader?.firstSeq() ?? this.#lastSeq + 1;
  }

  receivedMs(seq: number): number | undefined {
    return this.#reader?.receivedMs(seq);
  }

  read(afterSeq: number, upToSeq: number, maxSamples: number): LoggedRounds | undefined {
    const read: Round[] = [];
    let samples = 0;
    let rounds = 0;
    let throughSeq = afterSeq;
    for (const { seq, round } of this.#reader?.rounds(afterSeq, upToSeq) ?? []) {
      const more = round?.ids.length ?? 0;
      if (rounds > 0 && samples + more > maxSamples) break;
      throughSeq = seq;
      rounds++;
      samples += more;
      if (round) read.push(round);
    }
    return rounds === 0 ? undefined : { batch: this.#numbers.batchOf(read), throughSeq, rounds };
  }

  cursor(name: string): FollowCursor | undefined {
    return this.#cursors.get(name);
  }

  setCursor(name: string, cursor: FollowCursor): void {
    this.#cursors.set(name, cursor);
    this.#send({ kind: "cursor", name, state: JSON.stringify(cursor) });
  }

  onRound(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Undefined when it is none of ours: the follower begins at the oldest round, and nothing is missed. */
function parseCursor(state: string): FollowCursor | undefined {
  try {
    const { live, behind } = JSON.parse(state) as Partial<FollowCursor>;
    const isWhole = typeof live === "number" && Array.isArray(behind);
    return isWhole ? { live, behind } : undefined;
  } catch {
    return undefined; // Not JSON: as if there were none.
  }
}
