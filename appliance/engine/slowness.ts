import type { PathObservation } from "../model/path.ts";
import type { Slowness } from "./verdict.ts";

/** Slow or fast again only when it stays so: one bad round is no news. */
const holdMs = 60_000;
const lossLimitPercent = 10;
const timesUsual = 5;
const leastMoreMs = 100;

export interface SlownessWatch {
  /** Looks at what was measured now; undefined while the line is as usual, or down. */
  look(path: readonly PathObservation[], nowMs: number): Slowness | undefined;
}

/** Whether the internet is slow and the router is not to blame. */
export function createSlowness(): SlownessWatch {
  let sinceMs: number | undefined;
  let said: Slowness | undefined;
  let fastSinceMs: number | undefined;
  return {
    look(path, nowMs) {
      const measured = slowNow(path);
      if (measured) {
        sinceMs ??= nowMs;
        fastSinceMs = undefined;
        if (said || nowMs - sinceMs >= holdMs) said = { ...measured, sinceMs };
      } else {
        fastSinceMs ??= nowMs;
        if (!said || nowMs - fastSinceMs >= holdMs) {
          sinceMs = undefined;
          said = undefined;
        }
      }
      return said;
    },
  };
}

function slowNow(path: readonly PathObservation[]): Omit<Slowness, "sinceMs"> | undefined {
  const internet = path.find(({ station }) => station === "internet");
  const gateway = path.find(({ station }) => station === "gateway");
  if (!internet || (gateway?.lossPercent ?? 0) >= lossLimitPercent) return undefined;
  const { rttMs = Number.NaN, usualMs = Number.NaN, lossPercent = 0 } = internet;
  if (lossPercent >= 100) return undefined;
  const isLate = rttMs >= usualMs * timesUsual && rttMs - usualMs >= leastMoreMs;
  if (!isLate && lossPercent < lossLimitPercent) return undefined;
  return { rttMs, usualMs, lossPercent };
}
