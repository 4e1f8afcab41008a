import type { Log, Notifier, OutboxEntry, OutboxKeeper, OutMessage } from "../model/contracts.ts";
import { NotifyError } from "../model/errors.ts";
import type { Clock, Timer } from "../model/time.ts";

/** One send may take this long. */
const sendLimitMs = 10_000;
/** Tries of a message that the receiver answered; the waits between them double. */
const mostTries = 5;
const firstRetryMs = 60_000;
/** While the receiver cannot be reached at all: messages go out within a minute of its return. */
const unreachedRetryMs = 45_000;
const waitsAtMostMs = 7 * 86_400_000;
/** In `error` of a message that is being sent: found after a crash, it may or may not have arrived. */
const sending = "being sent";
const sendingAgain = "being sent again";

export interface SendQueueDeps {
  readonly id: string;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: OutboxKeeper;
  /** Called after each try, with `waiting` when there will be another. */
  readonly onEnd: (entry: OutboxEntry) => void;
}

interface Waiting {
  entry: OutboxEntry;
  /** Monotonic: the wall clock may be set at any moment. */
  dueMs: number;
}

/** What one channel has to send, one at a time. A message that failed lets those of other incidents pass. */
export class SendQueue {
  readonly #deps: SendQueueDeps;
  #waiting: Waiting[] = [];
  /** Not reached: nothing is tried before this time (monotonic). */
  #pausedUntilMs = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  readonly #aborts = new Set<AbortController>();
  readonly #stopped = new NotifyError("stopped", true);
  #isStopped = false;

  constructor(deps: SendQueueDeps) {
    this.#deps = deps;
  }

  /** Takes a new message; it is sent after the decision is committed. */
  add(entry: OutboxEntry): void {
    if (this.#waiting.some((one) => one.entry.id === entry.id)) return;
    this.#waiting.push({ entry, dueMs: this.#deps.clock.monotonicMs() });
    this.#arm();
  }

  /** Takes a message of before the restart. One that was cut off while being sent is repeated once, not twice. */
  restore(entry: OutboxEntry): void {
    const nowMs = this.#deps.clock.nowMs();
    if (entry.error === sendingAgain) {
      this.#write({ ...entry, state: "dropped", error: "cut off twice while it was being sent" });
      return;
    }
    const waitMs = Math.min(Math.max(0, entry.nextTryMs - nowMs), firstRetryMs * 2 ** mostTries);
    this.#waiting.push({ entry, dueMs: this.#deps.clock.monotonicMs() + waitMs });
    this.#arm();
  }

  #arm(): void {
    if (this.#running || this.#isStopped) return;
    this.#timer?.cancel();
    const next = this.#next();
    if (!next) return;
    const dueMs = Math.max(next.dueMs, this.#pausedUntilMs);
    const delayMs = Math.max(0, dueMs - this.#deps.clock.monotonicMs());
    this.#timer = this.#deps.clock.timer(() => {
      this.#running = this.#drain().finally(() => {
        this.#running = undefined;
        this.#arm();
      });
    }, delayMs);
  }

  /** The message to try next: of each incident only the oldest, so that its end never comes before its beginning. */
  #next(): Waiting | undefined {
    const seen = new Set<number>();
    const heads = this.#waiting.filter(
      ({ entry: { incident } }) => !seen.has(incident) && seen.add(incident),
    );
    return heads.reduce<Waiting | undefined>(
      (first, one) => (first === undefined || one.dueMs < first.dueMs ? one : first),
      undefined,
    );
  }

  async #drain(): Promise<void> {
    for (;;) {
      const nowMs = this.#deps.clock.monotonicMs();
      const next = this.#next();
      if (!next || next.dueMs > nowMs || this.#pausedUntilMs > nowMs || this.#isStopped) return;
      const digest = this.#digest(next);
      await this.#try(digest);
    }
  }

  /** When the end waits behind the beginning, one message says both: the end, which holds all times. */
  #digest(head: Waiting): Waiting {
    const same = this.#waiting.filter(({ entry }) => entry.incident === head.entry.incident);
    const end = same.findLast(({ entry }) => entry.change === "closed");
    if (!end || end === head) return head;
    const later = same.slice(same.indexOf(end) + 1);
    for (const one of same) {
      if (one === end || later.includes(one)) continue;
      this.#remove(one);
      this.#write({ ...one.entry, state: "dropped", error: "told together with its end" });
    }
    return end;
  }

  async #try(waiting: Waiting): Promise<void> {
    const { clock, onEnd } = this.#deps;
    const mark = waiting.entry.error === sending ? sendingAgain : sending;
    waiting.entry = this.#write({ ...waiting.entry, tries: waiting.entry.tries + 1, error: mark });
    const failure = await this.#send(waiting.entry.message).catch((error: unknown) => asNotifyError(error));
    // Cut off by our own stop: whether it arrived is open, so it keeps its mark.
    if (failure === this.#stopped) return;
    const { error: _, ...clean } = waiting.entry;
    if (!failure) {
      this.#remove(waiting);
      this.#pausedUntilMs = 0;
      onEnd(this.#write({ ...clean, state: "sent", nextTryMs: clock.nowMs() }));
      return;
    }
    waiting.entry = this.#write(this.#afterFailure(clean, failure));
    if (waiting.entry.state !== "waiting") this.#remove(waiting);
    // Not reached: the pause holds up all alike, so that they go out in the order of their decisions.
    else if (failure.reached) waiting.dueMs = clock.monotonicMs() + waiting.entry.nextTryMs - clock.nowMs();
    onEnd(waiting.entry);
  }

  #afterFailure(entry: OutboxEntry, failure: NotifyError): OutboxEntry {
    const { clock } = this.#deps;
    const nowMs = clock.nowMs();
    const error = failure.message.slice(0, 500);
    if (!failure.reached) {
      this.#pausedUntilMs = clock.monotonicMs() + unreachedRetryMs;
      // Not reaching anybody does not use up the tries.
      const kept = { ...entry, tries: entry.tries - 1, error, nextTryMs: nowMs + unreachedRetryMs };
      return nowMs - entry.createdMs > waitsAtMostMs ? { ...kept, state: "failed" } : kept;
    }
    const waitMs = firstRetryMs * 2 ** (entry.tries - 1);
    const isOver = !failure.retryable || entry.tries >= mostTries;
    return { ...entry, error, nextTryMs: nowMs + waitMs, state: isOver ? "failed" : "waiting" };
  }

  /** Sends within the limit, also by a notifier that ignores its signal. */
  async #send(message: OutMessage): Promise<undefined> {
    const { clock, notifier } = this.#deps;
    const abort = new AbortController();
    this.#aborts.add(abort);
    const limit = new NotifyError(`no answer within ${sendLimitMs / 1_000} s`, true);
    const timer = clock.timer(() => abort.abort(limit), sendLimitMs);
    const cut = new Promise<never>((_, reject) => {
      abort.signal.addEventListener("abort", () => reject(abort.signal.reason), { once: true });
    });
    try {
      await Promise.race([notifier.send(message, { signal: abort.signal }), cut]);
      return undefined;
    } finally {
      timer.cancel();
      this.#aborts.delete(abort);
    }
  }

  /** Sends once, outside the queue. Rejects with the NotifyError. */
  async sendNow(message: OutMessage): Promise<void> {
    await this.#send(message).catch((error: unknown) => {
      throw asNotifyError(error);
    });
  }

  #remove(waiting: Waiting): void {
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
  }

  /** Keeps the entry; what cannot be kept now is known in memory at least. */
  #write(entry: OutboxEntry): OutboxEntry {
    try {
      this.#deps.outbox.update(entry);
    } catch (error) {
      this.#deps.log.error("outbox not written", { error, message: entry.id });
    }
    return entry;
  }

  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(limitMs: number): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const running = this.#running;
    if (!running) return;
    const timer = this.#deps.clock.timer(() => {
      for (const abort of this.#aborts) abort.abort(this.#stopped);
    }, limitMs);
    await running;
    timer.cancel();
  }
}

function asNotifyError(error: unknown): NotifyError {
  if (error instanceof NotifyError) return error;
  return new NotifyError(error instanceof Error ? error.message : String(error), true, { cause: error });
}
