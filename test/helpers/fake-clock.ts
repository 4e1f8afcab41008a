import type { Clock } from "../../appliance/model/time.ts";

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

export interface FakeClock extends Clock {
  /** Moves both clocks on, running what falls due in order, and lets promises settle in between. */
  advance(byMs: number): Promise<void>;
  /** Sets the wall clock alone, as a time server would. */
  jump(byMs: number): void;
}

/** A clock that stands still until told otherwise. */
export function fakeClock(startMs = Date.UTC(2026, 2, 2, 9, 0, 0)): FakeClock {
  let wallMs = startMs;
  let monotonicMs = 0;
  const waiting = new Set<Waiting>();
  const settle = async () => {
    for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const timer = (run: () => void, delayMs: number) => {
    const entry = { atMs: monotonicMs + Math.max(0, delayMs), run };
    waiting.add(entry);
    return { cancel: () => void waiting.delete(entry) };
  };
  const moveTo = (targetMs: number) => {
    wallMs += targetMs - monotonicMs;
    monotonicMs = targetMs;
  };
  return {
    nowMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    timer,
    sleep(delayMs, { signal }) {
      return new Promise<void>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          wake.cancel();
          reject(signal.reason);
        };
        const wake = timer(() => {
          signal.removeEventListener("abort", abort);
          resolve();
        }, delayMs);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
    async advance(byMs) {
      const endMs = monotonicMs + byMs;
      await settle();
      for (;;) {
        const next = [...waiting].filter((w) => w.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!next) break;
        waiting.delete(next);
        moveTo(Math.max(monotonicMs, next.atMs));
        next.run();
        await settle();
      }
      moveTo(endMs);
      await settle();
    },
    jump(byMs) {
      wallMs += byMs;
    },
  };
}
