import type { Clock } from "../model/time.ts";

/** How many messages one device may send: a steady rate and a burst on top of it. */
export interface Budget {
  /** Takes one message's share; false when there is none left. */
  take(): boolean;
  /** Milliseconds until there is one. */
  waitMs(): number;
}

/** A token bucket on the monotonic clock; full at first. */
export function createBudget(
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  clock: Clock,
): Budget {
  let tokens = burst;
  let atMs = clock.monotonicMs();
  const refill = () => {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1_000);
    atMs = nowMs;
  };
  return {
    take() {
      if (tokens < 1) refill();
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
    waitMs() {
      refill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1_000) / perSecond);
    },
  };
}
