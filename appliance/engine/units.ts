import type { Collector, Target } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { Clock, Timer } from "../model/time.ts";

/** What throws is tried again at most this often, less each time. */
const firstBackOffMs = 10_000;
const longestBackOffMs = 300_000;

const longestPollMs = 120_000;
const shortestLimitMs = 30_000;

/** How long a poll of the unit may take. */
export function limitOf({ intervalMs }: Unit): number {
  return Math.min(Math.max(intervalMs, shortestLimitMs), longestPollMs);
}

/** A collector that throws, by target or listener. */
export interface Culprit {
  readonly part: string;
  readonly what: string;
  readonly sinceMs: number;
}

/** One collector call that repeats: one target, or a batch of them with the same interval. */
export interface Unit {
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

/** FNV-1a: the same target has the same place in its interval after each start. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  // The low bits of short, alike texts hardly differ; this spreads them over all.
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
  return (value ^ (value >>> 13)) >>> 0;
}

function newUnit(key: string, targets: readonly Target[], collector: Collector): Unit | undefined {
  const [first] = targets;
  if (!first || !collector.poll) return undefined;
  return {
    key,
    type: first.type,
    collector,
    targets,
    intervalMs: first.intervalMs,
    offsetMs: hash(key) % first.intervalMs,
    isBusy: false,
    misses: 0,
    errors: 0,
    notBeforeMs: 0,
  };
}

/** Targets in units: batches hold whole devices, so that a collector can speak of a device once. */
export function unitsOf(targets: readonly Target[], collectors: ReadonlyMap<string, Collector>): Unit[] {
  const groups = new Map<string, Target[]>();
  for (const ofDevice of byDevice(targets)) {
    const [first] = ofDevice;
    const batch = (first && collectors.get(first.type)?.batch) ?? 1;
    if (batch > 1) addToBatch(groups, ofDevice, batch);
    else for (const target of ofDevice) groups.set(target.id, [target]);
  }
  return [...groups].flatMap(([key, of]) => {
    const collector = of[0] && collectors.get(of[0].type);
    return (collector && newUnit(key, of, collector)) ?? [];
  });
}

/** Puts a device's targets into the first batch of their kind with room for all of them. */
function addToBatch(groups: Map<string, Target[]>, ofDevice: readonly Target[], batch: number): void {
  const [first] = ofDevice;
  if (!first) return;
  for (let at = 0; ; at++) {
    const key = `${first.type}/${first.intervalMs}/${at}`;
    const group = groups.get(key);
    if (!group) {
      groups.set(key, [...ofDevice]);
      return;
    }
    if (group.length + ofDevice.length <= batch) {
      group.push(...ofDevice);
      return;
    }
  }
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

/**
 * Notes that the unit threw, and when it may be tried again.
 *
 * @returns whether it is the first time in a row
 */
export function failed(unit: Unit, what: string, clock: Clock): boolean {
  unit.errors++;
  const backOffMs = firstBackOffMs * 2 ** Math.min(unit.errors - 1, 6);
  unit.notBeforeMs = clock.monotonicMs() + Math.min(backOffMs, longestBackOffMs);
  const isFirst = unit.problem === undefined;
  unit.problem = { what, sinceMs: unit.problem?.sinceMs ?? clock.nowMs() };
  return isFirst;
}

/** Whether anything answered; undefined when the collector did not say. */
export function hasAnswered(type: string, observations: readonly Observation[]): boolean | undefined {
  const states = observations.flatMap((one) =>
    one.record === "availability" && one.via.split(":", 1)[0] === type ? [one.state] : [],
  );
  return states.length === 0 ? undefined : states.some((state) => state !== "offline");
}

/** How long a poll took, as a sample of its device. */
export function durationOf([target]: readonly Target[], tookMs: number): Observation {
  return {
    record: "sample",
    device: target?.device ?? "",
    metric: "poll_duration",
    channel: target?.type ?? "",
    value: Math.round(tookMs * 10) / 10,
  };
}
