import type { Pace } from "../model/discovery.ts";
import type { Clock } from "../model/time.ts";

/** Kept below the rate: the system sends its own ARP a little early or late. */
const slack = 1.06;

/**
 * One bucket for all finders: packets go out at a steady rate, none are saved up for a burst. Who comes late, because the
 * machine had other things to do, is waited for: the gap counts from when the packets before it really went.
 *
 * @param rate - packets a second, all finders together
 */
export function createPace(clock: Clock, rate: number): Pace {
  const gapMs = (1_000 / rate) * slack;
  let freeMs = Number.NEGATIVE_INFINITY;
  let taken = 0;
  let turn: Promise<void> = Promise.resolve();
  async function wait(packets: number, signal: AbortSignal): Promise<void> {
    for (let leftMs = freeMs - clock.monotonicMs(); leftMs > 0; leftMs = freeMs - clock.monotonicMs())
      await clock.sleep(leftMs, { signal });
    signal.throwIfAborted();
    freeMs = clock.monotonicMs() + packets * gapMs;
    taken += packets;
  }
  return {
    gapMs,
    taken: () => taken,
    take(packets, signal) {
      const own = turn.then(() => wait(packets, signal));
      // Who gave up does not keep those behind it waiting.
      turn = own.catch(() => undefined);
      return own;
    },
  };
}
