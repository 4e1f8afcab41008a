import type { Counters } from "../model/contracts.ts";

/** Counts by name, from 0 at each start. */
export function createCounters(): Counters {
  const counts = new Map<string, number>();
  return {
    add(name, by = 1) {
      counts.set(name, (counts.get(name) ?? 0) + by);
    },
    all: () => counts,
  };
}
