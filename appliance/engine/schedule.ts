import type { Collector, Counters, Log, Target } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { intervalNow } from "./hurry.ts";
import { createSlots, type Slots, within } from "./slots.ts";
import { type Supervisor, superviseListeners } from "./supervise.ts";
import { type Culprit, durationOf, failed, hasAnswered, limitOf, type Unit, unitsOf } from "./units.ts";

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** By type. */
  readonly collectors: ReadonlyMap<string, Collector>;
  /** Where observations go. Resolves when they are committed; polls do not wait for it, listeners may. */
  readonly sink: (
    observations: readonly Observation[],
    context: { readonly intervalMs?: number; readonly waiting?: boolean },
  ) => Promise<void>;
  /** Polls of answering targets at one time. A quarter more are kept for those that do not answer. */
  readonly concurrency?: number;
  /** An alert of the device is pending or firing: it is polled more often. */
  readonly isTroubled?: (device: DeviceId) => boolean;
}

export interface Schedule {
  /** Replaces all targets; those that stay keep their place in the interval. */
  set(targets: readonly Target[]): void;
  start(): void;
  /** Polls one target now, with its whole device where a collector takes several. Resolves when that poll is done and handed on; false for an unknown target. */
  pollNow(targetId: string): Promise<boolean>;
  /** Polls everything of a device now. */
  pollDevice(device: DeviceId): Promise<void>;
  /** What throws now; empty when nothing does. */
  culprits(): Culprit[];
  /** Cancels what runs and closes the collectors; ends within 10 s. */
  stop(): Promise<void>;
}

const defaultConcurrency = 64;
/** After this many missed cycles a target waits among the silent ones. */
const silentAfter = 2;
/** Requests for polls within this time share one call of a batch collector. */
const gatherMs = 50;
/** New targets are asked for the first time within this. */
const firstSpreadMs = 5_000;
const stopMs = 8_000;

/** When each target is polled: spread, budget, no overlap, back-off. */
class PollSchedule implements Schedule {
  readonly #options: ScheduleOptions;
  readonly #live: Slots;
  readonly #silent: Slots;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #polled = new Map<string, Promise<void>>();
  readonly #wanted = new Map<string, { targets: Set<Target>; done: Promise<void> }>();
  #units: Unit[] = [];
  #targets = new Map<string, Target>();
  #listeners: Supervisor | undefined;
  #isStarted = false;
  #baseMs = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    const concurrency = options.concurrency ?? defaultConcurrency;
    this.#live = createSlots(concurrency);
    this.#silent = createSlots(Math.max(2, Math.ceil(concurrency / 4)));
  }

  /** The next place on the unit's grid that is at least `leastMs` away. */
  #plan(unit: Unit, leastMs = 0): void {
    unit.timer?.cancel();
    const nowMs = this.#options.clock.monotonicMs();
    const sinceMs = nowMs + leastMs - this.#baseMs - unit.offsetMs;
    const intervalMs = intervalNow(unit, this.#options.isTroubled);
    const cycles = Math.floor(sinceMs / intervalMs) + 1;
    const dueMs = this.#baseMs + unit.offsetMs + cycles * intervalMs;
    unit.timer = this.#options.clock.timer(() => this.#due(unit), dueMs - nowMs);
  }

  /** A new target is polled soon, spread over a few seconds, and keeps to its grid from then on. */
  #planFirst(unit: Unit): void {
    const spreadMs = Math.min(firstSpreadMs, unit.intervalMs);
    unit.timer = this.#options.clock.timer(
      () => this.#due(unit),
      (unit.offsetMs / unit.intervalMs) * spreadMs,
    );
  }

  #due(unit: Unit): void {
    this.#plan(unit, unit.intervalMs / 4); // A timer may run early: its place is not to be met twice.
    if (this.#options.clock.monotonicMs() < unit.notBeforeMs) return;
    if (unit.isBusy) {
      this.#options.counters.add("polls_late", unit.targets.length);
      this.#options.counters.add(`polls_late_${unit.type}`, unit.targets.length);
      return;
    }
    this.#track(this.#takeTurn(unit));
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async #takeTurn(unit: Unit): Promise<void> {
    unit.isBusy = true;
    const slots = unit.misses >= silentAfter ? this.#silent : this.#live;
    const release = await slots.take();
    try {
      if (this.#stopping.signal.aborted || !this.#units.includes(unit)) return;
      const free = unit.targets.filter(({ id }) => !this.#polled.has(id));
      if (free.length > 0) await this.#poll(unit, free);
    } finally {
      release();
      unit.isBusy = false;
    }
  }

  #poll(unit: Unit, of: readonly Target[]): Promise<void> {
    const work = this.#pollGuarded(unit, of).finally(() => {
      for (const { id } of of) this.#polled.delete(id);
    });
    for (const { id } of of) this.#polled.set(id, work);
    return work;
  }

  async #pollGuarded(unit: Unit, of: readonly Target[]): Promise<void> {
    const limit = new AbortController();
    const tooLong = () => limit.abort(new Error("The poll took too long."));
    const timer = this.#options.clock.timer(tooLong, limitOf(unit));
    const signal = AbortSignal.any([this.#stopping.signal, limit.signal]);
    const startMs = this.#options.clock.monotonicMs();
    try {
      const observations = (await unit.collector.poll?.(of, { signal })) ?? [];
      if (this.#stopping.signal.aborted) return;
      this.#count(unit, of, observations);
      this.#recovered(unit);
      const tookMs = this.#options.clock.monotonicMs() - startMs;
      this.#handOn(unit, of.length === 1 ? [...observations, durationOf(of, tookMs)] : observations);
      // What it has just said may be a reason to look again soon, unless it was taken away meanwhile.
      const isSoon = intervalNow(unit, this.#options.isTroubled) < unit.intervalMs;
      if (isSoon && this.#units.includes(unit)) this.#plan(unit);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#blame(unit, of, error);
    } finally {
      timer.cancel();
    }
  }

  #handOn(unit: Unit, observations: readonly Observation[]): void {
    this.#options
      .sink(observations, { intervalMs: unit.intervalMs })
      .catch(() => this.#options.counters.add("polls_not_committed"));
  }

  #count(unit: Unit, of: readonly Target[], observations: readonly Observation[]): void {
    this.#options.counters.add(`polls_${unit.type}`, of.length);
    const answered = hasAnswered(unit.type, observations);
    if (answered !== undefined) unit.misses = answered ? 0 : unit.misses + 1;
  }

  #blame(unit: Unit, of: readonly Target[], error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    this.#options.counters.add(`collector_errors_${unit.type}`);
    if (!failed(unit, what, this.#options.clock)) return;
    this.#options.log.error("A collector failed by a mistake of ours; it is tried again", {
      collector: unit.type,
      targets: of.slice(0, 5).map(({ id }) => id),
      error: what,
    });
  }

  #recovered(unit: Unit): void {
    unit.errors = 0;
    unit.notBeforeMs = 0;
    if (!unit.problem) return;
    this.#options.log.info("A collector works again", { collector: unit.type });
    delete unit.problem;
  }

  /** Gathers what is asked of one collector within a moment, so that a hundred confirmations are one process. */
  #want(unit: Unit, target: Target): Promise<void> {
    const key = (unit.collector.batch ?? 1) > 1 ? `${unit.type}/${unit.intervalMs}` : unit.key;
    const known = this.#wanted.get(key);
    if (known) {
      known.targets.add(target);
      return known.done;
    }
    const of = new Set([target]);
    const done = new Promise<void>((resolve) => {
      this.#options.clock.timer(() => {
        this.#wanted.delete(key);
        const work = this.#pollWanted(unit, [...of]);
        this.#track(work);
        void work.finally(resolve);
      }, gatherMs);
    });
    this.#wanted.set(key, { targets: of, done });
    return done;
  }

  async #pollWanted(unit: Unit, of: readonly Target[]): Promise<void> {
    // A target that is being polled is asked again afterwards: the answer may be older than the wish.
    await Promise.all(of.map(({ id }) => this.#polled.get(id)));
    const size = unit.collector.batch ?? 1;
    for (let at = 0; at < of.length; at += size) {
      const part = of.slice(at, at + size).filter(({ id }) => !this.#polled.has(id) && this.#targets.has(id));
      if (this.#stopping.signal.aborted || part.length === 0) continue;
      if (this.#options.clock.monotonicMs() < unit.notBeforeMs) continue;
      const release = await this.#live.take();
      await this.#poll(unit, part);
      release();
    }
  }

  #unitOf(target: Target): Unit | undefined {
    return this.#units.find((unit) => unit.type === target.type && unit.targets.includes(target));
  }

  async #pollWhole(of: readonly Target[]): Promise<void> {
    await Promise.all(
      of.map((target) => {
        const unit = this.#unitOf(target);
        return unit ? this.#want(unit, target) : undefined;
      }),
    );
  }

  set(next: readonly Target[]): void {
    const before = new Map(this.#units.map((unit) => [unit.key, unit]));
    for (const unit of this.#units) unit.timer?.cancel();
    const nextTargets = new Map(next.map((target) => [target.id, target]));
    for (const { type, id } of this.#targets.values())
      if (!nextTargets.has(id)) this.#options.collectors.get(type)?.forget?.(id);
    this.#targets = nextTargets;
    this.#units = unitsOf(next, this.#options.collectors);
    for (const unit of this.#units) this.#takeOver(unit, before.get(unit.key));
  }

  #takeOver(unit: Unit, known: Unit | undefined): void {
    unit.misses = known?.misses ?? 0;
    if (!this.#isStarted) return;
    if (known) this.#plan(unit);
    else this.#planFirst(unit);
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#baseMs = this.#options.clock.monotonicMs();
    for (const unit of this.#units) this.#planFirst(unit);
    this.#listeners = superviseListeners(this.#options);
  }

  async pollNow(targetId: string): Promise<boolean> {
    const target = this.#targets.get(targetId);
    if (!target || this.#stopping.signal.aborted) return false;
    const isBatch = (this.#options.collectors.get(target.type)?.batch ?? 1) > 1;
    await this.#pollWhole(
      [...this.#targets.values()].filter(
        (one) => one === target || (isBatch && one.device === target.device && one.type === target.type),
      ),
    );
    return true;
  }

  async pollDevice(device: DeviceId): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await this.#pollWhole([...this.#targets.values()].filter((one) => one.device === device));
  }

  culprits(): Culprit[] {
    return [
      ...this.#units.flatMap(({ problem, type, targets: of }) =>
        problem ? [{ part: `${type} (${of[0]?.id ?? ""})`, ...problem }] : [],
      ),
      ...(this.#listeners?.culprits() ?? []),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("Stopping."));
    for (const unit of this.#units) unit.timer?.cancel();
    this.#live.clear();
    this.#silent.clear();
    await within(this.#options.clock, Promise.all([...this.#running, this.#listeners?.stop()]), stopMs);
    await within(
      this.#options.clock,
      Promise.allSettled([...this.#options.collectors.values()].map((one) => one.close())),
      1_500,
    );
  }
}

export function createSchedule(options: ScheduleOptions): Schedule {
  return new PollSchedule(options);
}
