import type { DeviceAnswers, RememberedAnswers } from "../model/contracts.ts";
import type { Availability, AvailabilityReason } from "../model/observation.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import { learn, newRhythm, type Rhythm, summarise } from "./rhythm.ts";

/** Failures of ours: they say nothing about the device. */
const ours: ReadonlySet<AvailabilityReason | undefined> = new Set<AvailabilityReason | undefined>([
  "tool",
  "permission",
  "cancelled",
]);

interface Answer {
  online: boolean;
  /** All times here are monotonic: the wall clock may be set at any moment. */
  sinceMs: number;
  atMs: number;
  misses: number;
  reason?: AvailabilityReason;
  detail?: string;
}

interface Known {
  readonly by: Map<string, Answer>;
  lastSeenMs?: number;
  /** False for what was restored: the gap over our own absence is not the device's. */
  isSeenHere: boolean;
  said?: "online" | "offline" | "sleeping";
  rhythm?: Rhythm;
  confirming?: Timer;
}

export interface AnswersOptions {
  readonly clock: Clock;
  /** Asks every collector of the device again at once, to tell a lost packet from a dead device. */
  readonly confirm?: (device: DeviceId) => void;
  /** Whether this collector's answers can be asked for: types that poll. Others (MQTT) speak when they want. */
  readonly isPolled: (device: DeviceId, via: string) => boolean;
  /** How many rounds in a row must be missed before `confirm` is no longer called. */
  readonly misses?: number;
}

export interface Answers {
  /** Takes one result. Returns whether it changed anything that a check could see, the count of misses included. */
  take(device: DeviceId, availability: Availability): boolean;
  /** A fresh value: a sign of life. */
  sign(device: DeviceId): void;
  of(device: DeviceId): DeviceAnswers;
  forget(device: DeviceId): void;
  /** A collector no longer watches the device. */
  drop(device: DeviceId, via: string): void;
  remembered(): RememberedAnswers[];
  restore(entries: Iterable<RememberedAnswers>): void;
  /** Cancels what waits. */
  stop(): void;
}

/** The collector of an answer: several targets of one collector are told apart after a colon. */
export const collectorOf = (via: string): string => via.split(":", 1)[0] ?? via;

/** Between a miss of a collector other than ping and the next try: a service that restarts takes seconds. */
const otherPauseMs = 4_000;

class AnswerBook implements Answers {
  readonly #options: AnswersOptions;
  readonly #needed: number;
  readonly #startedMs: number;
  readonly #devices = new Map<DeviceId, Known>();

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#needed = this.#options.misses ?? 3;
    this.#startedMs = this.#options.clock.monotonicMs();
  }

  #knownOf(device: DeviceId): Known {
    let known = this.#devices.get(device);
    if (!known) {
      known = { by: new Map(), isSeenHere: false };
      this.#devices.set(device, known);
    }
    return known;
  }

  #seen(known: Known): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (known.lastSeenMs !== undefined && known.isSeenHere) {
      known.rhythm ??= newRhythm(nowMs);
      learn(known.rhythm, nowMs - known.lastSeenMs, nowMs);
    }
    known.lastSeenMs = nowMs;
    known.isSeenHere = true;
  }

  #takePolled(known: Known, availability: Availability, nowMs: number): boolean {
    const { via, reason, detail } = availability;
    const before = known.by.get(via);
    const online = availability.state === "online";
    const isOurs = !online && ours.has(reason);
    const after: Answer = {
      online,
      sinceMs: before && before.online === online && before.reason === reason ? before.sinceMs : nowMs,
      atMs: nowMs,
      misses: online || isOurs ? 0 : (before?.misses ?? 0) + 1,
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail }),
    };
    // The first missed answer stays the beginning, whatever reason the later ones had.
    if (before && !online && !before.online && after.misses > 1) after.sinceMs = before.sinceMs;
    known.by.set(via, after);
    if (online) this.#seen(known);
    return before?.online !== online || before.reason !== reason || (!online && after.misses <= this.#needed);
  }

  #confirmSoon(device: DeviceId, known: Known, via: string): void {
    const answer = known.by.get(via);
    if (!this.#options.confirm || !answer || answer.online) return;
    if (answer.misses === 0 || answer.misses >= this.#needed || known.confirming) return;
    known.confirming = this.#options.clock.timer(
      () => {
        delete known.confirming;
        this.#options.confirm?.(device);
      },
      via === "ping" ? 0 : otherPauseMs,
    );
  }

  #toWall(monotonicMs: number): number {
    return Math.round(this.#options.clock.nowMs() - (this.#options.clock.monotonicMs() - monotonicMs));
  }

  take(device: DeviceId, availability: Availability): boolean {
    const known = this.#knownOf(device);
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#options.isPolled(device, collectorOf(availability.via))) {
      const changed = known.said !== availability.state;
      known.said = availability.state;
      if (availability.state !== "offline" && !availability.retained) this.#seen(known);
      return changed;
    }
    const changed = this.#takePolled(known, availability, nowMs);
    this.#confirmSoon(device, known, availability.via);
    return changed;
  }

  sign(device: DeviceId): void {
    this.#seen(this.#knownOf(device));
  }

  of(device: DeviceId): DeviceAnswers {
    const known = this.#devices.get(device);
    const watchedSinceMs = this.#toWall(this.#startedMs);
    if (!known) return { by: new Map(), watchedSinceMs };
    const rhythm = known.rhythm && summarise(known.rhythm);
    return {
      by: new Map(
        [...known.by].map(([via, answer]) => [
          via,
          {
            ...answer,
            sinceMs: this.#toWall(answer.sinceMs),
            atMs: this.#toWall(answer.atMs),
          },
        ]),
      ),
      watchedSinceMs,
      ...(known.lastSeenMs === undefined ? {} : { lastSeenMs: this.#toWall(known.lastSeenMs) }),
      ...(rhythm ? { rhythm } : {}),
      ...(known.said ? { said: known.said } : {}),
    };
  }

  forget(device: DeviceId): void {
    this.#devices.get(device)?.confirming?.cancel();
    this.#devices.delete(device);
  }

  drop(device: DeviceId, via: string): void {
    this.#devices.get(device)?.by.delete(via);
  }

  remembered(): RememberedAnswers[] {
    return [...this.#devices]
      .filter(([, known]) => known.lastSeenMs !== undefined)
      .map(([device, known]) => ({
        device,
        lastSeenMs: this.#toWall(known.lastSeenMs ?? 0),
        rhythm: [...(known.rhythm?.bins ?? [])],
      }));
  }

  restore(entries: Iterable<RememberedAnswers>): void {
    for (const { device, lastSeenMs, rhythm } of entries) {
      const known = this.#knownOf(device);
      if (known.lastSeenMs !== undefined) continue;
      const ageMs = Math.max(0, this.#options.clock.nowMs() - lastSeenMs);
      known.lastSeenMs = this.#options.clock.monotonicMs() - ageMs;
      if (rhythm.length > 0) known.rhythm = newRhythm(this.#options.clock.monotonicMs(), rhythm);
    }
  }

  stop(): void {
    for (const known of this.#devices.values()) {
      known.confirming?.cancel();
      delete known.confirming;
    }
  }
}

export function createAnswers(options: AnswersOptions): Answers {
  return new AnswerBook(options);
}
