import type { Clock } from "../../appliance/model/time.ts";

/** The machine's clock, so many times as fast: hours of waiting pass in seconds while real servers answer. */
export function fastClock(factor: number, startMs = Date.UTC(2026, 2, 2, 9)): Clock {
  const beganMs = performance.now();
  const elapsedMs = () => (performance.now() - beganMs) * factor;
  const timer = (run: () => void, delayMs: number) => {
    const timeout = setTimeout(run, delayMs / factor);
    return { cancel: () => clearTimeout(timeout) };
  };
  return {
    nowMs: () => Math.floor(startMs + elapsedMs()),
    monotonicMs: elapsedMs,
    timer,
    sleep: (delayMs, { signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          waiting.cancel();
          reject(signal.reason);
        };
        const waiting = timer(() => {
          signal.removeEventListener("abort", abort);
          resolve();
        }, delayMs);
        signal.addEventListener("abort", abort, { once: true });
      }),
  };
}
