import type { Clock } from "../model/time.ts";

/** A number of places that work takes in order of asking. */
export interface Slots {
  /** Resolves with how to give the place back. */
  take(): Promise<() => void>;
  /** Lets everybody through who waits: they are to see for themselves that it is over. */
  clear(): void;
}

export function createSlots(places: number): Slots {
  let free = places;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return {
    async take() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isGiven = false;
      return () => {
        if (isGiven) return;
        isGiven = true;
        release();
      };
    },
    clear() {
      for (const next of waiting.splice(0)) next();
    },
  };
}

/** Waits for `work`, but no longer than `limitMs`. */
export async function within(clock: Clock, work: Promise<unknown>, limitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.timer(resolve, limitMs);
    const end = () => {
      timer.cancel();
      resolve();
    };
    work.then(end, end);
  });
}
