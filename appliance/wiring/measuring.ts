import type { Broker } from "../broker/broker.ts";
import type { Config } from "../config/schema.ts";
import { type Answers, createAnswers } from "../engine/answers.ts";
import { createIngest, type Ingest } from "../engine/ingest.ts";
import type { LatestTable } from "../engine/latest.ts";
import { createRates } from "../engine/rates.ts";
import { createSchedule, type Schedule, type ScheduleOptions } from "../engine/schedule.ts";
import type { InventoryBook } from "../inventory/inventory.ts";
import type {
  AnswersKeeper,
  Collector,
  CollectorDeps,
  Counters,
  Log,
  SeriesTable,
  Store,
  Target,
} from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";
import type { NoticeBoard } from "../model/outlet.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import type { Neighbours } from "../model/topology.ts";
import type { Heard } from "../payload/heard.ts";
import { createDialects, createIntake } from "../payload/intake.ts";
import { type Network, type NetworkWatch, watchNetwork } from "../probe/network.ts";
import type { ProfileShelf } from "../snmp/profile-shelf.ts";
import type { PolledEngine } from "../snmp/usm-engine.ts";
import { brokerOf } from "./broker.ts";
import { createNoticeBoard, type Notices } from "./notices.ts";
import { type Plugins, profileDirs } from "./plugins.ts";
import { createRemembering } from "./remembering.ts";
import type { LayeredSettings } from "./settings.ts";
import { seedsOf, targetsOf } from "./targets.ts";

/** What the measuring half of the pipeline is made of. */
export interface MeasuringDeps {
  /** The file's; devices come from `settings`. */
  readonly config: Config;
  readonly settings: LayeredSettings;
  readonly plugins: Plugins;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly series: SeriesTable;
  readonly latest: LatestTable;
  readonly inventory: InventoryBook;
  readonly store: Pick<Store, "write">;
  readonly profiles: ProfileShelf;
  /** Keeps what devices published last. */
  readonly heard: Heard;
  /** Where it is kept when devices were heard last. */
  readonly heardBefore: AnswersKeeper;
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
  readonly onChange: (device: DeviceId) => void;
  /** An alert of the device is pending or firing. */
  readonly isTroubled: (device: DeviceId) => boolean;
  readonly onNeighbours: (tables: Neighbours) => void;
  /** Addresses at which devices are asked instead of the configured ones. */
  readonly moves: () => ReadonlyMap<DeviceId, string>;
  /** Where routes and name servers are read from instead of `/`. */
  readonly networkRoot?: string;
}

/** From the network to the store: collectors, schedule, broker, answers, ingest. */
export interface Measuring {
  readonly answers: Answers;
  readonly ingest: Ingest;
  readonly schedule: Schedule;
  readonly rates: ReturnType<typeof createRates>;
  readonly network: NetworkWatch;
  readonly broker: Broker | undefined;
  /** What brokers are told of us. */
  readonly notices: Notices;
  /** What is polled now. */
  targets(): readonly Target[];
  /** Takes over what changed of devices and their addresses. */
  arrange(): void;
  /** Puts devices and targets in place, and what is known of them from before; polls nothing. */
  prepare(): Promise<void>;
  start(): Promise<void>;
  /** Collectors first, then what they gave is committed. */
  stop(): Promise<void>;
}

/** What collectors are told of the parts that are made after them. */
interface Later {
  readonly notices: NoticeBoard;
  targets(): readonly Target[];
  pollDevice(device: DeviceId): void;
}

function makeCollectors(
  deps: MeasuringDeps,
  broker: Broker | undefined,
  later: Later,
): Map<string, Collector> {
  const { plugins, config, settings, counters, dataDir, inventory } = deps;
  const dialects = () => createDialects(plugins.dialects, config.dialects, { mappings: settings.mappings });
  const common: Omit<CollectorDeps, "log"> = {
    clock: deps.clock,
    counters,
    series: deps.series,
    portIds: (device, rows) => inventory.portIds(device, rows),
    profileDirs: profileDirs(dataDir),
    parts: {
      dataDir,
      broker,
      brokerWishes: config.broker,
      ...later,
      device: (id: DeviceId) => inventory.device(id),
      engines: new Map<string, PolledEngine>(),
      profiles: deps.profiles,
      // Each broker has its own memory of what its devices said of themselves.
      intake: (behind?: string) => createIntake(dialects(), counters, behind, deps.heard),
    },
  };
  return new Map(
    [...plugins.collectors.values()].map((plugin) => [
      plugin.type,
      plugin.create(config.collect[plugin.type], { ...common, log: deps.log.part(plugin.type) }),
    ]),
  );
}

/** A second id of the same type answers as `ping:2`. */
const isPolled = (collectors: ReadonlyMap<string, Collector>, via: string) =>
  collectors.get(via.split(":")[0] ?? via)?.poll !== undefined;

/** Devices and targets as the settings and the machine's network are now. */
function arrangement({ config, settings, plugins, moves }: MeasuringDeps, network: Network) {
  const moved = moves();
  const devices = settings.config().devices.map((device) => {
    const address = moved.get(device.id);
    return address === undefined ? device : { ...device, address };
  });
  const isOfPage = (id: string) => !settings.isInFile("device", id);
  return {
    seeds: seedsOf({ ...config, devices, isOfPage }, network),
    targets: targetsOf({ ...config, devices }, network, plugins.collectors),
  };
}

/** Calls when a page changed devices or how they are asked. */
const onDevices = (settings: LayeredSettings, run: () => void) =>
  settings.onChange((kind) => {
    if (kind === "device" || kind === "snmpCredential") run();
  });

function watched({ clock, log, networkRoot }: MeasuringDeps, onChange: () => void): NetworkWatch {
  return watchNetwork({
    clock,
    ...(networkRoot === undefined ? {} : { root: networkRoot }),
    onChange(now) {
      log.info("The default gateway or the name servers changed", { ...now });
      onChange();
    },
  });
}

function scheduleOf(
  { clock, log, counters, isTroubled }: MeasuringDeps,
  collectors: ReadonlyMap<string, Collector>,
  sink: ScheduleOptions["sink"],
): Schedule {
  return createSchedule({ clock, log: log.part("schedule"), counters, collectors, isTroubled, sink });
}

export function createMeasuring(deps: MeasuringDeps): Measuring {
  const { clock, log, inventory } = deps;
  const broker = brokerOf(deps);
  const confirm = (device: DeviceId) => void schedule.pollDevice(device);
  const notices = createNoticeBoard(deps.config.site.id, clock);
  const later = { notices, targets: () => targets, pollDevice: confirm };
  const collectors = makeCollectors(deps, broker, later);
  const rates = createRates();
  const answers = createAnswers({ clock, isPolled: (_device, via) => isPolled(collectors, via), confirm });
  const ingest = createIngest({ ...deps, log: log.part("ingest"), rates, answers });
  const schedule = scheduleOf(deps, collectors, (observations, context) =>
    ingest.ingest(observations, context),
  );
  const network = watched(deps, () => arrange());
  const remembering = createRemembering({ answers, keeper: deps.heardBefore, clock, log });
  let targets: readonly Target[] = [];
  let stopWatching = () => {};
  function arrange(): void {
    const now = arrangement(deps, network.now());
    inventory.configure(now.seeds);
    targets = now.targets;
    schedule.set(targets);
  }
  return {
    answers,
    ingest,
    schedule,
    rates,
    network,
    broker,
    notices,
    targets: () => targets,
    arrange,
    async prepare() {
      await network.start();
      stopWatching = onDevices(deps.settings, arrange);
      answers.restore(deps.heardBefore.load());
      arrange();
      remembering.start();
    },
    async start() {
      await broker?.start();
      schedule.start();
    },
    async stop() {
      network.stop();
      stopWatching();
      await schedule.stop();
      await broker?.stop();
      remembering.stop();
      answers.stop();
      await ingest.stop();
    },
  };
}
