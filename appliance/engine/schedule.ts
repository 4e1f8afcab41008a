import type { Collector, Counters, Log, Target } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import { createSlots } from "./slots.ts";
import { type Supervisor, superviseListeners } from "./supervise.ts";

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
}

/** A collector that throws, by target or listener. */
export interface Culprit {
  readonly part: string;
  readonly what: string;
  readonly sinceMs: number;
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

/** One collector call that repeats: one target, or a batch of them with the same interval. */
interface Unit {
  readonly key: string;
  readonly type: string;
  readonly collector: Collector;
  readonly targets: readonly Target[];
  readonly intervalMs: number;
  readonly offsetMs: number;
  timer?: Timer;
  /** Waits for a slot or polls. */
  isBusy: boolean;
  misses: number;
  errors: number;
  notBeforeMs: number;
  problem?: { what: string; sinceMs: number };
}

const longestPollMs = 120_000;
const shortestLimitMs = 30_000;
/** RELIABILITY F33: what throws is tried again at most this often, less each time. */
const firstBackOffMs = 10_000;
const longestBackOffMs = 300_000;
/** After this many missed cycles a target waits among the silent ones. */
const silentAfter = 2;
/** Requests for polls within this time share one call of a batch collector. */
const gatherMs = 50;
/** New targets are asked for the first time within this. */
const firstSpreadMs = 5_000;
const stopMs = 8_000;

/** FNV-1a: the same target has the same place in its interval after each start. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  // The low bits of short, alike texts hardly differ; this spreads them over all.
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
  return (value ^ (value >>> 13)) >>> 0;
}

/** Targets in units: batches hold whole devices, so that a collector can speak of a device once. */
function unitsOf(targets: readonly Target[], collectors: ReadonlyMap<string, Collector>): Unit[] {
  const units: Unit[] = [];
  const groups = new Map<string, Target[][]>();
  const make = (key: string, of: readonly Target[]) => {
    const first = of[0];
    const collector = first && collectors.get(first.type);
    if (!first || !collector?.poll) return;
    units.push({
      key,
      type: first.type,
      collector,
      targets: of,
      intervalMs: first.intervalMs,
      offsetMs: hash(key) % first.intervalMs,
      isBusy: false,
      misses: 0,
      errors: 0,
      notBeforeMs: 0,
    });
  };
  for (const ofDevice of byDevice(targets)) {
    const [first] = ofDevice;
    if (!first) continue;
    const batch = collectors.get(first.type)?.batch ?? 1;
    if (batch <= 1) {
      for (const target of ofDevice) make(target.id, [target]);
      continue;
    }
    const key = `${first.type}/${first.intervalMs}`;
    const open = groups.get(key) ?? [[]];
    groups.set(key, open);
    const last = open.at(-1);
    if (last && last.length + ofDevice.length <= batch) last.push(...ofDevice);
    else open.push([...ofDevice]);
  }
  for (const [key, open] of groups) for (const [at, of] of open.entries()) make(`${key}/${at}`, of);
  return units;
}

/** Targets of one device, type and interval together, in order of first appearance. */
function byDevice(targets: readonly Target[]): Target[][] {
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const key = `${target.device}/${target.type}/${target.intervalMs}`;
    const group = groups.get(key);
    if (group) group.push(target);
    else groups.set(key, [target]);
  }
  return [...groups.values()];
}

/** When each target is polled: spread, budget, no overlap, back-off. */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { clock, log, counters, collectors } = options;
  const concurrency = options.concurrency ?? 64;
  const live = createSlots(concurrency);
  const silent = createSlots(Math.max(2, Math.ceil(concurrency / 4)));
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const polled = new Map<string, Promise<void>>();
  const wanted = new Map<string, { targets: Set<Target>; done: Promise<void> }>();
  let units: Unit[] = [];
  let targets = new Map<string, Target>();
  let listeners: Supervisor | undefined;
  let isStarted = false;
  let baseMs = 0;

  /** The next place on the unit's grid that is at least `leastMs` away. */
  function plan(unit: Unit, leastMs = 0): void {
    unit.timer?.cancel();
    const nowMs = clock.monotonicMs();
    const sinceMs = nowMs + leastMs - baseMs - unit.offsetMs;
    const cycles = Math.floor(sinceMs / unit.intervalMs) + 1;
    const dueMs = baseMs + unit.offsetMs + cycles * unit.intervalMs;
    unit.timer = clock.timer(() => due(unit), dueMs - nowMs);
  }

  /** A new target is polled soon, spread over a few seconds, and keeps to its grid from then on. */
  function planFirst(unit: Unit): void {
    const spreadMs = Math.min(firstSpreadMs, unit.intervalMs);
    unit.timer = clock.timer(
      () => due(unit, unit.intervalMs / 4),
      (unit.offsetMs / unit.intervalMs) * spreadMs,
    );
  }

  function due(unit: Unit, leastMs = 0): void {
    plan(unit, leastMs);
    if (clock.monotonicMs() < unit.notBeforeMs) return;
    if (unit.isBusy) {
      counters.add("polls_late", unit.targets.length);
      counters.add(`polls_late_${unit.type}`, unit.targets.length);
      return;
    }
    track(takeTurn(unit));
  }

  function track(work: Promise<void>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function takeTurn(unit: Unit): Promise<void> {
    unit.isBusy = true;
    const slots = unit.misses >= silentAfter ? silent : live;
    const release = await slots.take();
    try {
      if (stopping.signal.aborted || !units.includes(unit)) return;
      const free = unit.targets.filter(({ id }) => !polled.has(id));
      if (free.length > 0) await poll(unit, free);
    } finally {
      release();
      unit.isBusy = false;
    }
  }

  /** Polls and hands on; never throws. */
  function poll(unit: Unit, of: readonly Target[]): Promise<void> {
    const work = pollGuarded(unit, of).finally(() => {
      for (const { id } of of) polled.delete(id);
    });
    for (const { id } of of) polled.set(id, work);
    return work;
  }

  async function pollGuarded(unit: Unit, of: readonly Target[]): Promise<void> {
    const limit = new AbortController();
    const limitMs = Math.min(Math.max(unit.intervalMs, shortestLimitMs), longestPollMs);
    const timer = clock.timer(() => limit.abort(new Error("The poll took too long.")), limitMs);
    const signal = AbortSignal.any([stopping.signal, limit.signal]);
    const startMs = clock.monotonicMs();
    try {
      const observations = (await unit.collector.poll?.(of, { signal })) ?? [];
      if (stopping.signal.aborted) return;
      count(unit, of, observations);
      recovered(unit);
      handOn(
        unit,
        of.length === 1 ? [...observations, duration(of, clock.monotonicMs() - startMs)] : observations,
      );
    } catch (error) {
      if (!stopping.signal.aborted) blame(unit, of, error);
    } finally {
      timer.cancel();
    }
  }

  function duration(of: readonly Target[], tookMs: number): Observation {
    return {
      record: "sample",
      device: of[0]?.device ?? "",
      metric: "poll_duration",
      channel: of[0]?.type ?? "",
      value: Math.round(tookMs * 10) / 10,
    };
  }

  function handOn(unit: Unit, observations: readonly Observation[]): void {
    options
      .sink(observations, { intervalMs: unit.intervalMs })
      .catch(() => counters.add("polls_not_committed"));
  }

  function count(unit: Unit, of: readonly Target[], observations: readonly Observation[]): void {
    counters.add(`polls_${unit.type}`, of.length);
    const said = observations.filter(
      (observation) => observation.record === "availability" && observation.via === unit.type,
    );
    if (said.length === 0) return;
    const answered = said.some((one) => one.record === "availability" && one.state !== "offline");
    unit.misses = answered ? 0 : unit.misses + 1;
  }

  function blame(unit: Unit, of: readonly Target[], error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    counters.add(`collector_errors_${unit.type}`);
    unit.errors++;
    unit.notBeforeMs =
      clock.monotonicMs() + Math.min(firstBackOffMs * 2 ** Math.min(unit.errors - 1, 6), longestBackOffMs);
    if (unit.problem) {
      unit.problem.what = what;
      return;
    }
    unit.problem = { what, sinceMs: clock.nowMs() };
    log.error("A collector failed by a mistake of ours; it is tried again", {
      collector: unit.type,
      targets: of.slice(0, 5).map(({ id }) => id),
      error: what,
    });
  }

  function recovered(unit: Unit): void {
    unit.errors = 0;
    unit.notBeforeMs = 0;
    if (!unit.problem) return;
    log.info("A collector works again", { collector: unit.type });
    delete unit.problem;
  }

  /** Gathers what is asked of one collector within a moment, so that a hundred confirmations are one process. */
  function want(unit: Unit, target: Target): Promise<void> {
    const key = (unit.collector.batch ?? 1) > 1 ? `${unit.type}/${unit.intervalMs}` : unit.key;
    const known = wanted.get(key);
    if (known) {
      known.targets.add(target);
      return known.done;
    }
    const of = new Set([target]);
    const done = new Promise<void>((resolve) => {
      clock.timer(() => {
        wanted.delete(key);
        const work = pollWanted(unit, [...of]);
        track(work);
        void work.finally(resolve);
      }, gatherMs);
    });
    wanted.set(key, { targets: of, done });
    return done;
  }

  async function pollWanted(unit: Unit, of: readonly Target[]): Promise<void> {
    // A target that is being polled is asked again afterwards: the answer may be older than the wish.
    await Promise.all(of.map(({ id }) => polled.get(id)));
    const size = unit.collector.batch ?? 1;
    for (let at = 0; at < of.length; at += size) {
      const part = of.slice(at, at + size).filter(({ id }) => !polled.has(id) && targets.has(id));
      if (stopping.signal.aborted || part.length === 0) continue;
      if (clock.monotonicMs() < unit.notBeforeMs) continue;
      const release = await live.take();
      await poll(unit, part);
      release();
    }
  }

  const unitOf = (target: Target) =>
    units.find((unit) => unit.type === target.type && unit.targets.includes(target));

  async function pollWhole(of: readonly Target[]): Promise<void> {
    await Promise.all(
      of.map((target) => {
        const unit = unitOf(target);
        return unit ? want(unit, target) : undefined;
      }),
    );
  }

  return {
    set(next) {
      const before = new Map(units.map((unit) => [unit.key, unit]));
      for (const unit of units) unit.timer?.cancel();
      const nextTargets = new Map(next.map((target) => [target.id, target]));
      for (const target of targets.values())
        if (!nextTargets.has(target.id)) collectors.get(target.type)?.forget?.(target.id);
      targets = nextTargets;
      units = unitsOf(next, collectors);
      for (const unit of units) {
        const known = before.get(unit.key);
        unit.misses = known?.misses ?? 0;
        if (isStarted && known) plan(unit);
        else if (isStarted) planFirst(unit);
      }
    },
    start() {
      if (isStarted) return;
      isStarted = true;
      baseMs = clock.monotonicMs();
      for (const unit of units) planFirst(unit);
      listeners = superviseListeners(options);
    },
    async pollNow(targetId) {
      const target = targets.get(targetId);
      if (!target || stopping.signal.aborted) return false;
      const isBatch = (collectors.get(target.type)?.batch ?? 1) > 1;
      await pollWhole(
        [...targets.values()].filter(
          (one) => one === target || (isBatch && one.device === target.device && one.type === target.type),
        ),
      );
      return true;
    },
    pollDevice: (device) =>
      stopping.signal.aborted
        ? Promise.resolve()
        : pollWhole([...targets.values()].filter((one) => one.device === device)),
    culprits: () => [
      ...units.flatMap(({ problem, type, targets: of }) =>
        problem ? [{ part: `${type} (${of[0]?.id ?? ""})`, ...problem }] : [],
      ),
      ...(listeners?.culprits() ?? []),
    ],
    async stop() {
      stopping.abort(new Error("Stopping."));
      for (const unit of units) unit.timer?.cancel();
      live.clear();
      silent.clear();
      const ended = Promise.all([...running, listeners?.stop()]);
      await within(clock, ended, stopMs);
      await within(clock, Promise.allSettled([...collectors.values()].map((one) => one.close())), 1_500);
    },
  };
}

/** Waits for `work`, but no longer than `limitMs`. */
async function within(clock: Clock, work: Promise<unknown>, limitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.timer(resolve, limitMs);
    const end = () => {
      timer.cancel();
      resolve();
    };
    work.then(end, end);
  });
}
