import type { Collector } from "../model/contracts.ts";
import type { ScheduleOptions } from "./schedule.ts";
import type { Culprit } from "./units.ts";

const firstPauseMs = 10_000;
const longestPauseMs = 300_000;
/** A listener that has run this long works again. */
const steadyMs = 60_000;

export interface Supervisor {
  culprits(): Culprit[];
  /** Resolves when every listener has ended; the stop signal of the caller comes from `stop` itself. */
  stop(): Promise<void>;
}

/** Keeps the listening collectors running: one that throws or ends is named, counted and begun again, later each time. */
export function superviseListeners(options: ScheduleOptions): Supervisor {
  const { clock, log, counters } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const problems = new Map<string, Culprit>();
  /** When each listener was begun last, while it runs. */
  const begun = new Map<string, number>();
  const isSteady = (type: string) =>
    clock.monotonicMs() - (begun.get(type) ?? Number.POSITIVE_INFINITY) > steadyMs;

  async function once(collector: Collector): Promise<string> {
    try {
      await collector.listen?.((observations, context) => options.sink(observations, context ?? {}), {
        signal,
      });
      return "It ended by itself.";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function keep(type: string, collector: Collector): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      begun.set(type, clock.monotonicMs());
      const what = await once(collector);
      if (signal.aborted) return;
      counters.add(`collector_errors_${type}`);
      if (isSteady(type)) {
        pauseMs = firstPauseMs;
        problems.delete(type);
      }
      begun.delete(type);
      if (problems.get(type)?.what !== what)
        log.error("A listening collector ended; it is begun again", {
          collector: type,
          error: what,
        });
      problems.set(type, {
        part: type,
        what,
        sinceMs: problems.get(type)?.sinceMs ?? clock.nowMs(),
      });
      try {
        await clock.sleep(pauseMs, { signal });
      } catch {
        // Stopped while waiting.
        return;
      }
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  const running = [...options.collectors]
    .filter(([, collector]) => collector.listen)
    .map(([type, collector]) => keep(type, collector));

  return {
    culprits: () => [...problems.values()].filter(({ part }) => !isSteady(part)),
    async stop() {
      stopping.abort(new Error("Stopping."));
      await Promise.all(running);
    },
  };
}
