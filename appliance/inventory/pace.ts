import type { Pace } from "../model/discovery.ts";
import type { Clock } from "../model/time.ts";

/** Kept below the rate: the system sends its own ARP a little early or late. */
const slack = 1.06;

/**
 * One bucket for all finders: packets go out at a steady rate, none are saved up for a burst.
 *
 * @param rate - packets a second, all finders together
 */
export function createPace(clock: Clock, rate: number): Pace {
  const gapMs = (1_000 / rate) * slack;
  let freeMs = Number.NEGATIVE_INFINITY;
  let taken = 0;
  return {
    gapMs,
    taken: () => taken,
    async take(packets, signal) {
      signal.throwIfAborted();
      const nowMs = clock.monotonicMs();
      const turnMs = Math.max(freeMs, nowMs);
      // Booked at once, so that whoever asks next comes after it.
      freeMs = turnMs + packets * gapMs;
      taken += packets;
      if (turnMs > nowMs) await clock.sleep(turnMs - nowMs, { signal });
    },
  };
}
