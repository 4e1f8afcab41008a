import type {
  AnswersKeeper,
  DeviceKeeper,
  EventKeeper,
  LinkKeeper,
  Log,
  OutboxKeeper,
  SpanKeeper,
} from "../model/contracts.ts";
import type { CandidateKeeper } from "../model/discovery.ts";
import type { DocumentKeeper } from "../model/documents.ts";
import type { Clock, Timer } from "../model/time.ts";
import { createAnswersKeeper } from "../state/answers.ts";
import { createCandidateKeeper } from "../state/candidates.ts";
import { openState, type StateDatabase } from "../state/database.ts";
import { createDeviceKeeper } from "../state/devices.ts";
import { createDocumentKeeper } from "../state/documents.ts";
import { createEventKeeper } from "../state/events.ts";
import { createIncidentKeeper, type IncidentStore } from "../state/incidents.ts";
import { createLinkKeeper } from "../state/links.ts";
import { createMarks } from "../state/marks.ts";
import { createOutboxKeeper } from "../state/outbox.ts";
import { openSeal, type Seal } from "../state/seal.ts";
import { createSpanKeeper } from "../state/spans.ts";
import { createUpkeep } from "../state/upkeep.ts";
import type { HealthProblem } from "./health.ts";

const aliveEveryMs = 60_000;
/** A file that was damaged is news for a day. */
const newsMs = 86_400_000;

/** What survives a restart and is no time series. */
export interface Memory {
  readonly state: StateDatabase;
  readonly incidents: IncidentStore;
  readonly outbox: OutboxKeeper;
  readonly spans: SpanKeeper;
  readonly events: EventKeeper;
  readonly devices: DeviceKeeper;
  readonly answers: AnswersKeeper;
  readonly links: LinkKeeper;
  readonly candidates: CandidateKeeper;
  readonly documents: DocumentKeeper;
  /** For the secrets among the documents. */
  readonly seal: Seal;
  /** When the box was last known to run, before this start; undefined at the first one. */
  readonly lastAliveMs: number | undefined;
  /** Nightly upkeep, and the mark that we are alive. */
  start(): void;
  stop(): Promise<void>;
  problems(): readonly HealthProblem[];
}

export interface MemoryOptions {
  readonly dataDir: string;
  readonly lastGood: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens state.db. Throws STORE_NEWER, DATA_UNWRITABLE. */
export function openMemory({ dataDir, lastGood, clock, log }: MemoryOptions): Memory {
  const own = log.part("state");
  const state = openState({ dir: dataDir, clock, log: own, lastGood: lastGood ? "nightly" : "no" });
  const incidents = createIncidentKeeper(state, () => clock.nowMs());
  const spans = createSpanKeeper(state);
  const events = createEventKeeper(state);
  const links = createLinkKeeper(state);
  const marks = createMarks(state);
  const upkeep = createUpkeep({ state, incidents, spans, events, links, clock, log: own });
  let timer: Timer | undefined;
  const markAlive = () => {
    try {
      marks.setAlive(clock.nowMs());
    } catch (error) {
      own.debug("the mark of life could not be written", { error });
    }
  };
  const beat = () => {
    markAlive();
    timer = clock.timer(beat, aliveEveryMs);
  };
  return {
    state,
    incidents,
    spans,
    events,
    links,
    answers: createAnswersKeeper(state),
    candidates: createCandidateKeeper(state),
    outbox: createOutboxKeeper(state),
    devices: createDeviceKeeper(state),
    documents: createDocumentKeeper(state, clock),
    seal: openSeal(dataDir),
    lastAliveMs: marks.lastAliveMs(),
    start() {
      beat();
      upkeep.start();
    },
    async stop() {
      timer?.cancel();
      await upkeep.stop();
      markAlive();
      state.close();
    },
    problems: () =>
      state.notices
        .filter(({ atMs }) => clock.nowMs() - atMs < newsMs)
        .map(({ what, remedy, atMs }) => ({
          degree: "degraded" as const,
          part: "state",
          what,
          remedy,
          sinceMs: atMs,
        })),
  };
}
