import type { Readings } from "../model/observation.ts";
import type { Series } from "../model/series.ts";
import type { DeviceId } from "../model/site.ts";
import { type Round, reserve } from "./round.ts";

const two32 = 2 ** 32;
const two31 = 2 ** 31;
const two53 = 2 ** 53;
const two64 = 1n << 64n;
/** Device clocks and caches: a start time that moves by less than this is no restart. */
const uptimeSlackTicks = 1_000;
/** Two readings closer than this are one: agents answer from caches of several seconds. */
const minElapsedMs = 1_000;
/** A rate above this share of a port's speed is a lie. */
const speedSlack = 1.05;

/** When a reading was taken, and how far apart readings of its target are meant to be. */
export interface Taken {
  /** Monotonic milliseconds: the wall clock may have been set in between. */
  readonly monotonicMs: number;
  readonly intervalMs: number;
}

/** The last count of a series, read back from the store at start. */
export interface RestoredCount {
  readonly series: Series;
  /** Unix milliseconds. */
  readonly timeMs: number;
  readonly count: number;
}

interface DeviceClock {
  ticks: number | undefined;
  monotonicMs: number;
  /** Grows with each restart of the device: counts of different generations are not comparable. */
  generation: number;
  hasUptime: boolean;
}

export interface Rates {
  /** Adds the readings to the round: gauges as they are, counters as rate and count. NaN values are left out. */
  readings(readings: Readings, taken: Taken, round: Round): void;
  /** The rate of a counter that came alone; NaN when there is no honest one. */
  sample(series: Series, count: number | bigint, taken: Taken): number;
  /** Last counts from before the start. Counts above 2^53 are left out: the store keeps the nearest double only. */
  restore(
    entries: Iterable<RestoredCount>,
    now: { readonly nowMs: number; readonly monotonicMs: number },
  ): void;
}

/**
 * Whether the device or its agent restarted between two polls.
 *
 * RFC 3418: sysUpTime is 32 bit hundredths, so it wraps after 497 days; not a restart. An uptime that stands still
 * says nothing.
 */
export function hasRestarted(fromTicks: number | undefined, toTicks: number, elapsedMs: number): boolean {
  if (fromTicks === undefined) return toTicks * 10 + uptimeSlackTicks * 10 < elapsedMs;
  if (toTicks === fromTicks) return false;
  const expected = fromTicks + elapsedMs / 10;
  let ahead = (toTicks - expected) % two32;
  if (ahead > two31) ahead -= two32;
  if (ahead < -two31) ahead += two32;
  return ahead < -Math.max(uptimeSlackTicks, elapsedMs / 100);
}

/**
 * How far a counter went between two readings.
 *
 * @param width - 32 or 64: it wraps there; 0: it never does
 * @param sureOfUptime - the device says that it did not restart, so a smaller count must be a wrap
 * @returns NaN when the counter was reset
 * Source: RFC 2578 §7.1.6 and §7.1.10 (Counter32, Counter64 have no defined start).
 */
export function countedBetween(
  from: number | bigint,
  to: number | bigint,
  width: number,
  sureOfUptime: boolean,
): number {
  if (typeof from === "bigint" || typeof to === "bigint") {
    const difference = BigInt(to) - BigInt(from);
    if (difference >= 0n) return Number(difference);
    const wrapped = difference + two64;
    return width === 64 && wrapped < 1n << 53n ? Number(wrapped) : Number.NaN;
  }
  const difference = to - from;
  if (difference >= 0) return difference;
  if (width !== 32) return Number.NaN;
  const wrapped = difference + two32;
  return wrapped >= 0 && (sureOfUptime || wrapped < two31) ? wrapped : Number.NaN;
}

/** Counters to rates a second. Keeps the last count of each series in columns by `Series.index`. */
class CounterRates implements Rates {
  #counts = new Float64Array(1_024).fill(Number.NaN);
  #times = new Float64Array(1_024);
  #generations = new Uint32Array(1_024);
  readonly #exact = new Map<number, bigint>();
  readonly #devices = new Map<DeviceId, DeviceClock>();

  #room(index: number): void {
    if (index < this.#counts.length) return;
    const capacity = Math.max(index + 1, this.#counts.length * 2);
    const widerCounts = new Float64Array(capacity).fill(Number.NaN);
    widerCounts.set(this.#counts);
    this.#counts = widerCounts;
    const widerTimes = new Float64Array(capacity);
    widerTimes.set(this.#times);
    this.#times = widerTimes;
    const widerGenerations = new Uint32Array(capacity);
    widerGenerations.set(this.#generations);
    this.#generations = widerGenerations;
  }

  #clockOf(device: DeviceId): DeviceClock {
    let clock = this.#devices.get(device);
    if (!clock) {
      clock = {
        ticks: undefined,
        monotonicMs: Number.NaN,
        generation: 0,
        hasUptime: false,
      };
      this.#devices.set(device, clock);
    }
    return clock;
  }

  #noteUptime(clock: DeviceClock, ticks: number | undefined, atMs: number): void {
    clock.hasUptime = ticks !== undefined;
    if (ticks === undefined) return;
    const elapsedMs = atMs - clock.monotonicMs;
    if (elapsedMs > 0 && hasRestarted(clock.ticks, ticks, elapsedMs)) clock.generation++;
    clock.ticks = ticks;
    clock.monotonicMs = atMs;
  }

  /** The slow and complete way: first readings, wraps, resets and counts above 2^53. */
  #advance(
    index: number,
    count: number | bigint,
    width: number,
    maxRate: number,
    clock: DeviceClock,
    taken: Taken,
  ): number {
    const last = this.#exact.get(index) ?? this.#counts[index] ?? Number.NaN;
    const elapsedMs = taken.monotonicMs - (this.#times[index] ?? 0);
    const isKnown = typeof last === "bigint" || !Number.isNaN(last);
    if (isKnown && elapsedMs >= 0 && elapsedMs < minElapsedMs) return Number.NaN;
    this.#counts[index] = Number(count);
    this.#times[index] = taken.monotonicMs;
    if (typeof count === "bigint") this.#exact.set(index, count);
    else if (typeof last === "bigint") this.#exact.delete(index);
    const comparable = this.#generations[index] === clock.generation;
    this.#generations[index] = clock.generation;
    if (!isKnown || !comparable || elapsedMs <= 0 || elapsedMs > 3 * taken.intervalMs) return Number.NaN;
    const counted = countedBetween(last, count, width, clock.hasUptime);
    const rate = (counted * 1_000) / elapsedMs;
    return rate > maxRate * speedSlack ? Number.NaN : rate;
  }

  readings(readings: Readings, taken: Taken, round: Round): void {
    const clock = this.#clockOf(readings.device);
    this.#noteUptime(clock, readings.uptimeTicks, taken.monotonicMs);
    const { series, values, widths, maxRates, timeMs } = readings;
    const total = Math.min(series.length, values.length);
    reserve(round, total);
    for (let at = 0; at < total; at++) {
      const value = values[at] as number;
      const one = series[at] as Series;
      // Counter32 and Counter64 are never negative; a device that says so lies.
      if (!Number.isFinite(value)) continue;
      const width = widths[at] as number;
      const to = round.length;
      if (width === 0) {
        round.counts[to] = Number.NaN;
        round.values[to] = value;
      } else {
        if (value < 0) continue;
        this.#room(one.index);
        const count = value >= two53 ? exactOf(readings, at) : value;
        round.counts[to] = value;
        round.values[to] = this.#advance(one.index, count, width, maxRates?.[at] ?? Number.NaN, clock, taken);
      }
      round.series[to] = one;
      round.timesMs[to] = timeMs;
      round.length = to + 1;
    }
  }

  sample(series: Series, count: number | bigint, taken: Taken): number {
    this.#room(series.index);
    return this.#advance(series.index, count, 0, Number.NaN, this.#clockOf(series.device), taken);
  }

  restore(
    entries: Iterable<RestoredCount>,
    { nowMs, monotonicMs }: { readonly nowMs: number; readonly monotonicMs: number },
  ): void {
    for (const { series, timeMs, count } of entries) {
      if (!(count >= 0 && count < two53) || timeMs > nowMs) continue;
      const atMs = monotonicMs - (nowMs - timeMs);
      this.#room(series.index);
      this.#counts[series.index] = count;
      this.#times[series.index] = atMs;
      const clock = this.#clockOf(series.device);
      this.#generations[series.index] = clock.generation;
      if (!(clock.monotonicMs > atMs)) clock.monotonicMs = atMs;
    }
  }
}

export function createRates(): Rates {
  return new CounterRates();
}

function exactOf(readings: Readings, at: number): bigint {
  const value = readings.values[at] ?? 0;
  return readings.exact?.get(at) ?? BigInt(Math.trunc(value));
}
