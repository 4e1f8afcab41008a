import type { Counters, Log } from "../../../appliance/model/contracts.ts";
import type { Observation } from "../../../appliance/model/observation.ts";

/** A log that says nothing. */
export function quietLog(): Log {
  const log: Log = {
    error: () => undefined,
    warn: () => undefined,
    info: () => undefined,
    debug: () => undefined,
    part: () => log,
  };
  return log;
}

export function countersInMemory(): Counters {
  const counts = new Map<string, number>();
  return {
    add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    all: () => counts,
  };
}

export interface Collected {
  readonly records: Observation[];
  readonly sink: (records: readonly Observation[]) => Promise<void>;
  /** Resolves with the first record that fits, also one that came before. */
  until(fits: (record: Observation) => boolean): Promise<Observation>;
  /** Resolves when so many records have come. */
  count(records: number): Promise<void>;
}

/** A pipeline that keeps what it gets. `commit` is awaited for each call. */
export function collect(commit: () => Promise<void> = async () => undefined): Collected {
  const records: Observation[] = [];
  const listeners = new Set<() => void>();
  const when = <T>(ask: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const look = () => {
        const found = ask();
        if (found === undefined) return;
        listeners.delete(look);
        resolve(found);
      };
      listeners.add(look);
      look();
    });
  return {
    records,
    async sink(more) {
      await commit();
      records.push(...more);
      for (const listener of [...listeners]) listener();
    },
    until: (fits) => when(() => records.find(fits)),
    count: async (wanted) => void (await when(() => (records.length >= wanted ? true : undefined))),
  };
}
