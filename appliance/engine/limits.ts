import type { Sample } from "../model/observation.ts";
import type { DeviceId } from "../model/site.ts";

const longestChannel = 64;
/** Series a device may have that speaks by itself. */
export const seriesOfSpeaker = 64;
/** Series of a polled device: a chassis of 400 ports with 14 columns each, and room. */
export const seriesOfPolled = 20_000;

const oldestMs = 24 * 3_600_000;
const aheadMs = 5 * 60_000;
/** Older than the raw samples are kept: a clock without a battery, not a memory. */
const historyMs = 35 * 24 * 3_600_000;

/** A channel as it may stand in a key; undefined when it cannot. */
export function cleanChannel(channel: string | undefined): { channel?: string } | undefined {
  if (channel === undefined || channel === "") return {};
  if (channel.length > longestChannel || /\p{C}/u.test(channel)) return undefined;
  return { channel };
}

/**
 * The time of a sample, made possible.
 *
 * @returns `isFresh` false: kept, but no sign of life; `isRepaired`: the device's clock is wrong, the arrival counts
 */
export function saneTime(
  timeMs: number | undefined,
  nowMs: number,
): {
  readonly timeMs: number;
  readonly isFresh: boolean;
  readonly isRepaired: boolean;
} {
  if (timeMs === undefined) return { timeMs: nowMs, isFresh: true, isRepaired: false };
  if (!Number.isFinite(timeMs) || timeMs > nowMs + aheadMs || timeMs < nowMs - historyMs)
    return { timeMs: nowMs, isFresh: false, isRepaired: true };
  return {
    timeMs: Math.round(timeMs),
    isFresh: timeMs >= nowMs - oldestMs,
    isRepaired: false,
  };
}

/** The number of a sample; undefined for text and for what is no finite number. */
export function numberOf(value: Sample["value"]): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** Tells by the devices' own clocks what was measured later than all before: what is sent again is no sign of life. */
export function createNews(): (device: DeviceId, measuredMs: number | undefined) => boolean {
  const newestMs = new Map<DeviceId, number>();
  return (device, measuredMs) => {
    if (measuredMs === undefined) return true;
    if (measuredMs <= (newestMs.get(device) ?? Number.NEGATIVE_INFINITY)) return false;
    newestMs.set(device, measuredMs);
    return true;
  };
}
