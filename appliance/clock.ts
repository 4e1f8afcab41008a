import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "./model/time.ts";

/** The machine's own clock: the one place that reads it. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(run, delayMs) {
    const timeout = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
  sleep: (delayMs, { signal }) => delay(delayMs, undefined, { signal }),
};
