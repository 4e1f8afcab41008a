import type { Counters, Target } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { Clock } from "../model/time.ts";
import { type Access, connect } from "./connect.ts";
import type { Exchange } from "./exchange.ts";
import { readNeighbourTables } from "./neighbour-tables.ts";
import { SnmpFailure } from "./reader.ts";
import { Walker } from "./walk.ts";

/** How many devices are looked at for their neighbours at once: the polls come first. */
const atOnce = 6;
/** After a change of a port its tables need a moment to follow. */
const settleMs = 20_000;
/** Ports that change all the time are no reason to read the tables more often than this. */
const leastGapMs = 120_000;

export interface NeighbourWatchDeps {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly exchange: Exchange;
}

/** Neighbour tables of all devices that are polled, each read beside its polls at a slow rhythm. */
export class NeighbourWatches {
  readonly #deps: NeighbourWatchDeps;
  readonly #everyMs: number;
  readonly #watches = new Map<string, NeighbourWatch>();
  readonly #under = { looks: 0 };

  /** @param everyMs - how often; 0: never */
  constructor(deps: NeighbourWatchDeps, everyMs: number) {
    this.#deps = deps;
    this.#everyMs = everyMs;
  }

  /**
   * What a poll gave, and what a look that has ended since the last poll found. Starts a look when one is due and the
   * device answers; nobody waits for it.
   */
  after(target: Target, polled: readonly Observation[]): Observation[] {
    if (this.#everyMs === 0) return [...polled];
    let watch = this.#watches.get(target.id);
    if (!watch?.isOf(target)) {
      watch?.close();
      watch = new NeighbourWatch(this.#deps, target, this.#everyMs, this.#under);
      this.#watches.set(target.id, watch);
    }
    return watch.after(polled);
  }

  forget(targetId: string): void {
    this.#watches.get(targetId)?.close();
    this.#watches.delete(targetId);
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }
}

class NeighbourWatch {
  readonly #deps: NeighbourWatchDeps;
  readonly #target: Target;
  readonly #everyMs: number;
  readonly #under: { looks: number };
  readonly #abort = new AbortController();
  #dueMs = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #found: Observation[] = [];

  constructor(deps: NeighbourWatchDeps, target: Target, everyMs: number, under: { looks: number }) {
    this.#deps = deps;
    this.#target = target;
    this.#everyMs = everyMs;
    this.#under = under;
  }

  isOf({ settings, address }: Target): boolean {
    return this.#target.settings === settings && this.#target.address === address;
  }

  after(polled: readonly Observation[]): Observation[] {
    const found = this.#found;
    this.#found = [];
    this.#consider(polled);
    return [...polled, ...found];
  }

  close(): void {
    this.#abort.abort();
  }

  #consider(polled: readonly Observation[]): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isFirst = this.#lookedMs === Number.NEGATIVE_INFINITY;
    if (!isFirst && polled.some(({ record }) => record === "describe"))
      this.#dueMs = Math.min(this.#dueMs, Math.max(nowMs + settleMs, this.#lookedMs + leastGapMs));
    const isOnline = polled.some((one) => one.record === "availability" && one.state === "online");
    if (!isOnline || this.#isLooking || nowMs < this.#dueMs || this.#under.looks >= atOnce) return;
    this.#isLooking = true;
    this.#under.looks++;
    void this.#look().finally(() => {
      this.#isLooking = false;
      this.#under.looks--;
    });
  }

  async #look(): Promise<void> {
    const { clock, counters, exchange } = this.#deps;
    const { address, timeoutMs, device, settings } = this.#target;
    const { signal } = this.#abort;
    try {
      const connection = await connect(address, settings as Access, exchange);
      const walker = new Walker(connection.reader({ timeoutMs, tries: 2 }, signal), clock);
      const tables = await readNeighbourTables(walker, clock, device);
      if (!signal.aborted) this.#found = [tables];
    } catch (error) {
      // A device that does not answer is the poll's to tell; the next look is tried at its time.
      if (!(error instanceof SnmpFailure)) counters.add("snmp_neighbour_errors");
    } finally {
      this.#lookedMs = clock.monotonicMs();
      this.#dueMs = this.#lookedMs + this.#everyMs;
    }
  }
}
