import type { EventKeeper, LinkKeeper, Log, SpanKeeper } from "../model/contracts.ts";
import type { Clock, Timer } from "../model/time.ts";
import type { StateDatabase } from "./database.ts";
import type { IncidentStore } from "./incidents.ts";

const dayMs = 86_400_000;
const yearMs = 365 * dayMs;

/** How long rows of state.db are kept. */
export const retention = {
  incidentsMs: 2 * yearMs,
  spansMs: 2 * yearMs,
  eventsMs: yearMs,
  linksMs: yearMs,
} as const;

export interface UpkeepDeps {
  readonly state: StateDatabase;
  readonly incidents: IncidentStore;
  readonly spans: SpanKeeper;
  readonly events: EventKeeper;
  readonly links?: LinkKeeper;
  readonly clock: Clock;
  readonly log: Log;
}

/** The nightly work on state.db: remove what is old, then make a copy. First 5 minutes after the start, then daily. */
export function createUpkeep(deps: UpkeepDeps) {
  const { state, incidents, spans, events, links, clock, log } = deps;
  let timer: Timer | undefined;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;
  /** Prunes and copies once. Never rejects: a failure is logged and the next night tries again. */
  const run = async (): Promise<void> => {
    try {
      const nowMs = clock.nowMs();
      incidents.prune(nowMs - retention.incidentsMs);
      spans.prune(nowMs - retention.spansMs);
      events.prune(nowMs - retention.eventsMs);
      links?.prune(nowMs - retention.linksMs);
      await state.backupNightly();
    } catch (error) {
      log.error("nightly upkeep failed", { error });
    }
  };
  const arm = (delayMs: number): void => {
    timer = clock.timer(() => {
      running = run().then(() => {
        if (!isStopped) arm(dayMs);
      });
    }, delayMs);
  };
  return {
    run,
    start: () => arm(5 * 60_000),
    /** Resolves when a running copy has ended. */
    async stop() {
      isStopped = true;
      timer?.cancel();
      await running;
    },
  };
}
