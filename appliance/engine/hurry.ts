import type { DeviceId } from "../model/site.ts";
import type { Unit } from "./units.ts";

/** A device in trouble is polled this much more often at most ... */
const mostTimes = 3;
/** ... but never closer together than this ... */
const leastMs = 10_000;
/** ... and with no more requests a minute than this. */
const requestsAMinute = 120;

/**
 * How far apart polls are now: closer for a device with an alert that is pending or firing, so that it is known sooner
 * whether it gets worse or is over. One that does not answer is not asked more often.
 *
 * @returns milliseconds; the unit's interval or a whole part of it
 */
export function intervalNow(unit: Unit, isTroubled: ((device: DeviceId) => boolean) | undefined): number {
  const { intervalMs, collector } = unit;
  const [only] = unit.targets;
  const isAlone = unit.targets.length === 1 && unit.misses === 0;
  if (!only || !isAlone || !isTroubled?.(only.device)) return intervalMs;
  const requests = collector.costOf?.(only.id) ?? 1;
  for (let times = mostTimes; times > 1; times--) {
    const closerMs = intervalMs / times;
    if (closerMs >= leastMs && (60_000 / closerMs) * requests <= requestsAMinute) return closerMs;
  }
  return intervalMs;
}
