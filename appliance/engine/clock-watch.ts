import type { Counters, Log } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";

/** Wall and monotonic clock apart by more than this since the last look: somebody set the clock. */
const jumpMs = 30_000;

interface ClockWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** The wall clock was set by this much. */
  readonly onClockJump?: (byMs: number) => void;
}

/** Gives what is to be called now and then: it says when the clock was set since the last call. */
export function watchClock({ clock, log, counters, onClockJump }: ClockWatchDeps): () => void {
  let offsetMs = clock.nowMs() - clock.monotonicMs();
  return () => {
    const nowOffsetMs = clock.nowMs() - clock.monotonicMs();
    const byMs = nowOffsetMs - offsetMs;
    offsetMs = nowOffsetMs;
    if (Math.abs(byMs) < jumpMs) return;
    counters.add("clock_jumps");
    log.warn("The clock was set", { byMs });
    onClockJump?.(byMs);
  };
}
