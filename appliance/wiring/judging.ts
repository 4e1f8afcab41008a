import type { Config } from "../config/schema.ts";
import { createDispatch, type Dispatch } from "../engine/dispatch.ts";
import { createEvaluate, type Evaluate } from "../engine/evaluate.ts";
import { createIncidents, type EngineIncidents } from "../engine/incidents.ts";
import type { LatestTable } from "../engine/latest.ts";
import { createPath } from "../engine/path.ts";
import { createStatus, type EngineStatus } from "../engine/status.ts";
import type { InventoryBook } from "../inventory/inventory.ts";
import type { Counters, Health, Incidents, Log, SeriesTable, Status, Target } from "../model/contracts.ts";
import { headline } from "../model/headline.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { timeWords } from "../model/words.ts";
import type { HealthProblem } from "./health.ts";
import type { Measuring } from "./measuring.ts";
import type { Memory } from "./memory.ts";
import type { Plugins } from "./plugins.ts";
import type { LayeredSettings } from "./settings.ts";
import { spaced } from "./spaced.ts";

export interface JudgingDeps {
  /** The file's; rules come from `settings`. */
  readonly config: Config;
  readonly settings: LayeredSettings;
  readonly plugins: Plugins;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly series: SeriesTable;
  readonly latest: LatestTable;
  readonly inventory: InventoryBook;
  readonly memory: Memory;
  readonly measuring: Measuring;
  readonly health: Health;
}

/** From answers and values to what is said: rules, incidents, the state of the site, messages. */
export interface Judging {
  readonly status: Status;
  readonly incidents: Incidents;
  /** The same with what only the box itself may do. */
  readonly book: EngineIncidents;
  /** A device answered, stopped answering or gave new values. */
  changed(device: DeviceId): void;
  /** An alert of the device is pending or firing. */
  isTroubled(device: DeviceId): boolean;
  /** Sends a marked test by one channel. Rejects with NOT_FOUND or the channel's NotifyError. */
  testChannel(channel: string): Promise<void>;
  /** Channels that do not work. */
  problems(): readonly HealthProblem[];
  /** Takes up the open incidents; before anything is polled. */
  start(): void;
  stop(): Promise<void>;
}

const leastStaleMs = 210_000;
/** Polls that may be missing before what was last heard says nothing of now. */
const stalePolls = 3.5;

function makeIncidents({ clock, log, memory, inventory, measuring }: JudgingDeps): EngineIncidents {
  return createIncidents({
    clock,
    log: log.part("incidents"),
    keeper: memory.incidents,
    transaction: (run) => memory.state.transaction(run),
    inventory,
    answers: (device) => measuring.answers.of(device),
    link: () => measuring.network.now().hasCarrier,
  });
}

function makeEvaluate(deps: JudgingDeps, incidents: EngineIncidents): Evaluate {
  const { settings, plugins, measuring } = deps;
  return createEvaluate({
    ...deps,
    log: deps.log.part("rules"),
    rules: settings.config().rules,
    checks: plugins.checks,
    answers: measuring.answers,
    open: incidents.firing(),
    onAlert: (alert) => incidents.alert(alert),
    onClockJump: (byMs) => deps.log.warn("The clock was set", { byMs }),
  });
}

/** How old the newest poll may be, from the shortest interval of the device's targets. */
function staleness(targets: () => readonly Target[]) {
  return ({ id }: Device): number => {
    const intervals = targets()
      .filter(({ device }) => device === id)
      .map(({ intervalMs }) => intervalMs);
    return intervals.length === 0
      ? leastStaleMs
      : Math.max(leastStaleMs, Math.min(...intervals) * stalePolls);
  };
}

function makeStatus(deps: JudgingDeps, incidents: EngineIncidents): EngineStatus {
  const { clock, inventory, latest, measuring, memory, health, config } = deps;
  const { answers } = measuring;
  const path = createPath({ clock, inventory, latest, answers });
  return createStatus({
    clock,
    log: deps.log.part("status"),
    inventory,
    incidents,
    answers: (device) => answers.of(device),
    latest,
    path: () => path.observe(),
    spans: memory.spans,
    events: memory.events,
    transaction: (run) => memory.state.transaction(run),
    provider: config.site.provider,
    sick: () => {
      const { ok, problems } = health.check();
      return ok ? undefined : problems[0];
    },
    staleAfterMs: staleness(measuring.targets),
    lastAliveMs: memory.lastAliveMs,
  });
}

function makeDispatch(deps: JudgingDeps, incidents: EngineIncidents, status: EngineStatus): Dispatch {
  const { config, plugins, clock, counters, memory, inventory } = deps;
  const { anchors: _anchors, ...site } = config.site;
  const log = deps.log.part("dispatch");
  const words = timeWords(site.timezone);
  const notifiers = config.notify.flatMap(({ id, type, settings }) => {
    const plugin = plugins.notifiers.get(type);
    return plugin ? [[id, plugin.create(settings, { clock, log: log.part(id) })] as const] : [];
  });
  return createDispatch({
    clock,
    log,
    counters,
    outbox: memory.outbox,
    notifiers: new Map(notifiers),
    incidents,
    inventory,
    site,
    headline: () => headline(status.verdict(), { words, addresses: "shown" }).text,
  });
}

export function createJudging(deps: JudgingDeps): Judging {
  const incidents = makeIncidents(deps);
  const evaluate = makeEvaluate(deps, incidents);
  const status = makeStatus(deps, incidents);
  const dispatch = makeDispatch(deps, incidents, status);
  let stopWatching = () => {};
  const { changed, stop: stopChanges } = spaced(deps.clock, (device) => {
    evaluate.changed(device);
    status.touch(device);
  });
  return {
    status,
    incidents,
    book: incidents,
    changed,
    isTroubled: (device) => evaluate.alerts().some((alert) => alert.device === device),
    testChannel: (channel) => dispatch.test(channel),
    problems: () => dispatch.problems().map((problem) => ({ ...problem, degree: "degraded" as const })),
    start() {
      incidents.start();
      dispatch.start();
      status.start();
      evaluate.start();
      stopWatching = deps.settings.onChange((kind) => {
        if (kind === "rule") evaluate.configure(deps.settings.config().rules);
      });
    },
    async stop() {
      stopWatching();
      stopChanges();
      evaluate.stop();
      status.stop();
      incidents.stop();
      await dispatch.stop();
    },
  };
}
