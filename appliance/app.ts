import type { RequestListener } from "node:http";
import { createWeb, type Web } from "../web/router.ts";
import { createGuard } from "./api/guard.ts";
import { createHttp } from "./api/http.ts";
import { createApi } from "./api/router.ts";
import { createLatest } from "./engine/latest.ts";
import { createSeriesTable } from "./engine/series.ts";
import { createInventory } from "./inventory/inventory.ts";
import type { Counters, Log, View } from "./model/contracts.ts";
import type { DeviceId } from "./model/site.ts";
import type { Clock } from "./model/time.ts";
import { createHeard } from "./payload/heard.ts";
import { ProfileShelf } from "./snmp/profile-shelf.ts";
import { ownAddresses, ownNames } from "./wiring/addresses.ts";
import type { FoundConfig } from "./wiring/configuration.ts";
import { createDesk } from "./wiring/credentials.ts";
import { discoveryOf } from "./wiring/discovery.ts";
import { eventSink } from "./wiring/events.ts";
import { createGauges } from "./wiring/gauges.ts";
import { createHealth } from "./wiring/health.ts";
import { createHistory, restoreLatest } from "./wiring/history.ts";
import { createJudging } from "./wiring/judging.ts";
import { createMeasuring } from "./wiring/measuring.ts";
import { openMemory } from "./wiring/memory.ts";
import { type Plugins, profileDirs } from "./wiring/plugins.ts";
import { rehearsalOf } from "./wiring/rehearsal.ts";
import { createSettings } from "./wiring/settings.ts";
import { createSickness } from "./wiring/sickness.ts";
import { createTags } from "./wiring/tags.ts";
import { telemetryOf } from "./wiring/telemetry.ts";
import { createTopologyPart } from "./wiring/topology.ts";

export interface AppOptions {
  readonly found: FoundConfig;
  readonly plugins: Plugins;
  readonly dataDir: string;
  /** Whether a damaged state.db is replaced by its newest good copy. */
  readonly lastGood: boolean;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Where the machine's routes and name servers are read from instead of `/`; an empty folder has none. */
  readonly networkRoot?: string;
}

/** The whole pipeline of one configuration. */
export interface App {
  readonly found: FoundConfig;
  readonly view: View;
  /** Answers requests once `start` has resolved. */
  readonly listener: RequestListener;
  /** Stores first, collectors last. Rejects with the remedy; then `stop` must follow. */
  start(): Promise<void>;
  /** The other way round: collectors, engine, last commit, stores. Ends within 10 s; may be called twice. */
  stop(): Promise<void>;
  /** A newer configuration was refused: /healthz and the page say so. */
  refused(why: string): void;
}

interface Refusal {
  readonly why: string;
  readonly atMs: number;
}

/** The notice of a fallback configuration, and of one that was refused later. */
function configProblems(found: FoundConfig, refusal: () => Refusal | undefined) {
  return () => {
    const refused = refusal();
    return [
      ...(found.notice ? [{ degree: "degraded" as const, part: "configuration", ...found.notice }] : []),
      ...(refused
        ? [
            {
              degree: "degraded" as const,
              part: "configuration",
              what: `a newer configuration was refused (${refused.why.split("\n")[0]}); the old one is in force`,
              remedy: "Correct the file; check-config lists every mistake. Then reload again.",
              sinceMs: refused.atMs,
            },
          ]
        : []),
    ];
  };
}

/** Every part of the pipeline, made and not yet begun. */
function makeParts(options: AppOptions, refusal: () => Refusal | undefined) {
  const { found, plugins, dataDir, clock, log, counters } = options;
  const { config } = found;
  const memory = openMemory(options);
  const { documents: keeper, seal } = memory;
  const settings = createSettings({ config, plugins, keeper, seal, log: log.part("settings") });
  const series = createSeriesTable();
  const latest = createLatest();
  const heard = createHeard();
  const onEvent = eventSink({ keeper: memory.events, counters, log: log.part("state") });
  const own = { clock, log: log.part("inventory"), counters };
  const inventory = createInventory({ ...own, keeper: memory.devices, onEvent });
  const tagsOf = createTags({ inventory, targets: () => measuring.targets() });
  const history = createHistory({ config, plugins, dataDir, clock, log, series, tagsOf });
  const profiles = new ProfileShelf(profileDirs(dataDir), { clock, log: log.part("snmp") });
  const outer = { config, settings, plugins, dataDir, clock, log, counters };
  const common = { ...outer, series, latest, inventory, profiles };
  const onChange = (device: DeviceId) => judging.changed(device);
  const measuring = createMeasuring({
    ...common,
    store: history.local,
    heard,
    heardBefore: memory.answers,
    onEvent,
    onChange,
    isTroubled: (device) => judging.isTroubled(device),
    moves: () => discovery.moves(),
    onNeighbours: (tables) => topology.book.take(tables),
    ...(options.networkRoot === undefined ? {} : { networkRoot: options.networkRoot }),
  });
  const health = createHealth([
    configProblems(found, refusal),
    createSickness({ measuring, inventory, latest, profiles }),
    history.problems,
    memory.problems,
    () => judging.problems(),
  ]);
  const judging = createJudging({ ...common, memory, measuring, health });
  const topology = createTopologyPart({ ...common, memory, measuring, judging, onEvent });
  const discovery = discoveryOf({ ...common, memory, measuring, judging, onEvent, topology: topology.book });
  const telemetry = telemetryOf(heard, inventory, plugins);
  const learned = { topology, discovery, telemetry };
  return { ...learned, memory, settings, series, latest, inventory, history, measuring, health, judging };
}
type Parts = ReturnType<typeof makeParts>;

function viewOf({ found, plugins, dataDir, version, clock, log, counters }: AppOptions, parts: Parts): View {
  const { config } = found;
  const { anchors: _anchors, ...site } = config.site;
  const { inventory, latest, judging, history, series, health, measuring, settings, discovery, topology } =
    parts;
  return {
    site,
    version,
    clock,
    log: log.part("web"),
    inventory,
    latest,
    status: judging.status,
    incidents: judging.incidents,
    store: history.reading,
    series,
    health,
    counters,
    rules: () => settings.config().rules,
    settings,
    startedMs: clock.nowMs(),
    discovery,
    telemetry: parts.telemetry,
    broker: createDesk({ config, settings, broker: measuring.broker, dataDir }),
    rehearse: rehearsalOf({ plugins, inventory, series, store: history.reading }),
    topology: topology.book,
    gauges: createGauges({ history, broker: measuring.broker }),
    actions: {
      pollNow: (device) => measuring.schedule.pollDevice(device),
      testChannel: (channel) => judging.testChannel(channel),
    },
  };
}

class Pipeline implements App {
  readonly #options: AppOptions;
  readonly #parts: Parts;
  readonly view: View;
  #web: Web | undefined;
  #handle: RequestListener | undefined;
  #stopping: Promise<void> | undefined;
  #refusal: Refusal | undefined;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#parts = makeParts(options, () => this.#refusal);
    this.view = viewOf(options, this.#parts);
  }

  get found(): FoundConfig {
    return this.#options.found;
  }

  readonly listener: RequestListener = (request, response) => this.#handle?.(request, response);

  async start(): Promise<void> {
    const { clock, found } = this.#options;
    const { history, measuring, latest, judging, memory, topology } = this.#parts;
    await history.start();
    const now = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    measuring.rates.restore(history.local.lastCounts(), now);
    restoreLatest(latest, history.local.lastValues(), now.nowMs);
    await measuring.prepare();
    judging.start();
    memory.start();
    await topology.start();
    const guard = createGuard({ clock, names: ownNames(found.config), addresses: ownAddresses });
    this.#web = await createWeb(this.view, { isLocal: guard.isLocal, isOwnHost: guard.isOwnHost });
    this.#handle = createHttp(createApi(this.view, guard), this.#web.router);
    await measuring.start();
    measuring.notices.start(this.view);
    this.#parts.discovery.start();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { history, measuring, judging, memory } = this.#parts;
    this.#web?.close();
    measuring.notices.stop();
    await this.#parts.discovery.stop();
    this.#parts.topology.stop();
    await measuring.stop();
    await judging.stop();
    await history.stop();
    await memory.stop();
  }

  refused(why: string): void {
    this.#refusal = { why, atMs: this.#options.clock.nowMs() };
  }
}

/** Builds every part from a configuration. Opens state.db; all else begins in `start`. */
export function createApp(options: AppOptions): App {
  return new Pipeline(options);
}
