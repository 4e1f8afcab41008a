import type { Counters } from "../model/contracts.ts";
import type { Device, DeviceId, Port } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import type { OwnEngine } from "./own-engine.ts";
import { TrapFold } from "./trap-fold.ts";
import { TrapGuard, type TrapSenders } from "./trap-guard.ts";
import { type TrapWords, trapPort, trapWords } from "./trap-names.ts";

/** A device is polled for its traps at most this often; one more poll follows the last of them. */
const pollEveryMs = 10_000;

export interface TrapIntakeDeps {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly senders: TrapSenders<DeviceId>;
  readonly own: OwnEngine;
  readonly device: (id: DeviceId) => Pick<Device, "ports"> | undefined;
  /** What profiles and files of the user call traps, by OID. */
  readonly names: () => ReadonlyMap<string, string>;
  readonly tell: (device: DeviceId, words: TrapWords) => void;
  /** Looks at the device now: a trap is only a hint. */
  readonly poll: (device: DeviceId) => void;
  /** Traps of one device that are read: a steady number a second, and a burst on top of it. */
  readonly rate: number;
  readonly burst: number;
}

interface Budget {
  tokens: number;
  refilledMs: number;
}

/** Traps in: budget, guard, fold, words, and a poll of the device. Never an alert. */
export class TrapIntake {
  readonly #deps: TrapIntakeDeps;
  readonly #guard: TrapGuard<DeviceId>;
  readonly #fold: TrapFold<DeviceId>;
  readonly #ofAddresses = new Map<string, Budget>();
  /** For what comes in a device's name from elsewhere: apart, so that nobody there uses up the device's own. */
  readonly #ofClaims = new Map<DeviceId, Budget>();
  readonly #polls = new Map<DeviceId, { atMs: number; again?: Timer }>();

  constructor(deps: TrapIntakeDeps) {
    this.#deps = deps;
    this.#guard = new TrapGuard({
      ...deps,
      monotonicMs: () => deps.clock.monotonicMs(),
      mayClaim: (device) => this.#spend(this.#ofClaims, device),
    });
    this.#fold = new TrapFold(deps.clock, deps.tell);
  }

  /** One datagram. What it gives back is to be sent to where it came from. */
  take(bytes: Buffer, address: string): Buffer | undefined {
    const { counters } = this.#deps;
    counters.add("traps_received");
    if (!this.#hasBudget(address)) {
      counters.add("traps_refused_rate");
      return undefined;
    }
    const { taken, refused, reply } = this.#guard.take(bytes, address);
    if (refused) counters.add(refused === "asked" ? "traps_engine_asked" : `traps_refused_${refused}`);
    if (taken) {
      counters.add("traps_taken");
      const { device, notification } = taken;
      const ports = (): readonly Port[] => this.#deps.device(device)?.ports ?? [];
      this.#fold.take(
        device,
        notification.oid,
        () => trapWords(notification, this.#deps.names(), ports()),
        () => trapPort(notification, ports()),
      );
      this.#poll(device);
    }
    return reply;
  }

  stop(): void {
    this.#fold.stop();
    for (const { again } of this.#polls.values()) again?.cancel();
    this.#polls.clear();
  }

  #hasBudget(address: string): boolean {
    // Strangers are looked at one by one, and only as far as the engine they name.
    const isKnown = this.#ofAddresses.has(address) || this.#deps.senders.at(address).length > 0;
    return !isKnown || this.#spend(this.#ofAddresses, address);
  }

  #spend<K>(budgets: Map<K, Budget>, key: K): boolean {
    const { clock, rate, burst } = this.#deps;
    let budget = budgets.get(key);
    if (!budget) {
      budget = { tokens: burst, refilledMs: clock.monotonicMs() };
      budgets.set(key, budget);
    }
    if (budget.tokens < 1) {
      const nowMs = clock.monotonicMs();
      budget.tokens = Math.min(burst, budget.tokens + ((nowMs - budget.refilledMs) * rate) / 1_000);
      budget.refilledMs = nowMs;
      if (budget.tokens < 1) return false;
    }
    budget.tokens--;
    return true;
  }

  #poll(device: DeviceId): void {
    const { clock, poll } = this.#deps;
    const nowMs = clock.monotonicMs();
    const last = this.#polls.get(device);
    if (last && nowMs - last.atMs < pollEveryMs) {
      if (last.again) return;
      last.again = clock.timer(
        () => {
          this.#polls.delete(device);
          this.#poll(device);
        },
        last.atMs + pollEveryMs - nowMs,
      );
      return;
    }
    this.#polls.set(device, { atMs: nowMs });
    poll(device);
  }
}
