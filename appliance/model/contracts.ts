// biome-ignore-all lint/style/noExcessiveLinesPerFile: one place for what plugins and parts promise each other.

import type { Change, Incident, Rule, Severity } from "./alert.ts";
import type { BrokerDesk } from "./credential.ts";
import type { Discovery, Evidence, FindRange, Pace, SnmpCredential, TryBook } from "./discovery.ts";
import type { Settings } from "./documents.ts";
import type { Description, Event, Observation, PortDescription } from "./observation.ts";
import type { Rehearsal } from "./rehearsal.ts";
import type { Columns, SampleBatch, Series } from "./series.ts";
import type { Device, DeviceId, PortId, SeriesId, Site, State } from "./site.ts";
import type { Mapping, Telemetry } from "./telemetry.ts";
import type { Clock, TimeRange } from "./time.ts";
import type { Topology, TopologyLink, UnknownNeighbour } from "./topology.ts";
import type { Verdict } from "./verdict.ts";

// ---------------------------------------------------------------- shared parts

/** One JSON line per call. `msg` is constant text; what varies is a field. */
export interface Log {
  error(msg: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(msg: string, fields?: Readonly<Record<string, unknown>>): void;
  info(msg: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(msg: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A logger that names its part of the appliance in every line. */
  part(name: string): Log;
}

/** What a schema must offer; zod's types do. */
export interface Schema<T> {
  parse(input: unknown): T;
}

/** Counts of what the appliance itself did, by name: refused datagrams, late polls. Shown at /metrics. */
export interface Counters {
  add(name: string, by?: number): void;
  all(): ReadonlyMap<string, number>;
}

/** Gives every series its one object in this process. */
export interface SeriesTable {
  /** Made on first use; the unit counts only for metrics outside the catalogue. */
  of(device: DeviceId, metric: string, channel?: string, unit?: string): Series;
  find(id: SeriesId): Series | undefined;
  all(): readonly Series[];
}

// ---------------------------------------------------------------- measuring

/** One thing to measure in one way. */
export interface Target {
  /** `device:collector[:n]`; unique. */
  readonly id: string;
  readonly device: DeviceId;
  /** Type of the collector. */
  readonly type: string;
  /** Host name or IP address. */
  readonly address: string;
  /** What the device's own section for this collector said, parsed by the plugin's `target` schema. */
  readonly settings: unknown;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface CollectorDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly series: SeriesTable;
  /** Matches rows of an interface table with the ports already known; same order out as in. */
  readonly portIds: (device: DeviceId, rows: readonly PortDescription[]) => readonly PortId[];
  /** Folders of device profiles: shipped first, the user's after it. */
  readonly profileDirs: readonly string[];
  /** What only some collectors need, made by app.ts: the embedded broker, dialects, the data directory. */
  readonly parts: Readonly<Record<string, unknown>>;
}

/**
 * One way of measuring. Has `poll` or `listen`.
 * A device that does not answer is a result (`Availability` with a reason, `poll_up` 0), not an error;
 * it throws only for mistakes of ours.
 */
export interface Collector {
  /** Measures the targets given; at most `batch` at once. Ends early when the signal aborts. */
  poll?(targets: readonly Target[], options: { readonly signal: AbortSignal }): Promise<Observation[]>;
  /** How many requests a poll of the target takes; 1 when absent. */
  costOf?(targetId: string): number;
  /** How many targets one `poll` may take; 1 when absent. */
  readonly batch?: number;
  /**
   * Pushes until the signal aborts. `sink` resolves when the observations are committed; `waiting` says that somebody
   * waits for that (an MQTT message of QoS 1), so the round ends within 50 ms instead of a second.
   */
  listen?(
    sink: (observations: readonly Observation[], options?: { readonly waiting?: boolean }) => Promise<void>,
    options: { readonly signal: AbortSignal },
  ): Promise<void>;
  /** The target is no longer polled: drop what is kept of it. */
  forget?(targetId: string): void;
  /** Ends sessions and processes; nothing is called afterwards. */
  close(): Promise<void>;
}

export interface CollectorPlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  /** Schema of `collect.<type>`; `undefined` must parse to the defaults. */
  readonly config: Schema<S>;
  /** Schema of `devices[].<type>`; absent when devices have no section for it. Fields `interval` and `timeout` there win over `collect.<type>`. */
  readonly target?: Schema<unknown>;
  create(settings: S, deps: CollectorDeps): Collector;
}

/** A message as it arrived. */
export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly receivedAtMs: number;
  /** Who published it, where the broker knows: a name under `broker.devices` of the file. */
  readonly from?: string;
}

/** Memory that dialects share, one per broker. Opaque here; each dialect keeps its own part under its type. */
export interface DialectState {
  /** The part of `owner`, made by `create` on first use. */
  of<T>(owner: string, create: () => T): T;
  /** Which dialect other than `except` knows this topic by its shape, and the device it is about there. */
  owner?(topic: string, except: string): { readonly type: string; readonly device?: string } | undefined;
  /** Something was learned that changes what `claims` says: what was remembered of topics is dropped. */
  learned?(): void;
}

export interface Decoded {
  readonly records: readonly Observation[];
  /** Why there are no records; a constant phrase, counted by it. */
  readonly reason?: string;
  /** The payload shows that it is another family's: the next one that claims the topic is asked. */
  readonly passOn?: boolean;
}

/** One MQTT payload family. Pure apart from `state`; never throws. */
export interface Dialect {
  /** Cheapest and surest first; the first that claims a topic decodes it. */
  readonly rank: number;
  claims(topic: string, state: DialectState): boolean;
  /** Takes whatever nobody else claims: owns no topic for `DialectState.owner`. */
  readonly fallback?: boolean;
  /** Key of the device that a claimed topic is about, as far as the topic tells. */
  device?(topic: string, state: DialectState): string | undefined;
  decode(message: Message, state: DialectState): Decoded;
}

export interface DialectPlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  readonly config: Schema<S>;
  create(settings: S, deps: DialectDeps): Dialect;
}

export interface DialectDeps {
  /** What people said of fields on pages, as of now. */
  readonly mappings: () => readonly Mapping[];
}

// ---------------------------------------------------------------- finding

/** One source of candidates. Proposes, adds nothing. */
export interface Finder {
  /**
   * What is there. Sends only what `pace` lets out. Ends early, with what it has, when the signal aborts.
   * Throws `ApplianceError` when it cannot work on this machine; its message names the remedy.
   */
  find(
    range: FindRange,
    options: {
      readonly signal: AbortSignal;
      /** How far it is, in steps of its own. */
      readonly progress?: (done: number, total: number) => void;
    },
  ): Promise<readonly Evidence[]>;
  /** About how many packets that will take; absent: few. */
  packets?(range: FindRange): number;
}

export interface FinderDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly pace: Pace;
  /** The device profiles in force, as `snmp/` has them. */
  readonly profiles: { library(): Promise<unknown> };
  readonly credentials: () => readonly SnmpCredential[];
  readonly tries: TryBook;
  /** What watched devices hear announcing itself and is no device of ours (LLDP, CDP). */
  readonly neighbours: () => readonly UnknownNeighbour[];
}

export interface FinderPlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  /** Schema of `discover.finders.<type>`; `undefined` must parse to the defaults. */
  readonly config: Schema<S>;
  /**
   * When it runs: `search` sends into the networks, `read` looks at what is known after that, `ask` asks the
   * addresses found.
   */
  readonly stage: "search" | "read" | "ask";
  create(settings: S, deps: FinderDeps): Finder;
}

// ---------------------------------------------------------------- storing

/** `auto` lets the store choose so that about 1,000 steps answer. */
export type Step = "raw" | "auto" | number;

export interface Store {
  /** Resolves when the samples are durable; rejects with STORE_UNAVAILABLE and nothing taken. Same series and time overwrite. */
  write(batch: SampleBatch): Promise<void>;
  /** A step in ms gives min, avg, max of each step; gaps are NaN. Never throws for an unknown series: empty columns. */
  query(series: SeriesId, range: TimeRange, step: Step): Promise<Columns>;
  /** Ids that match; `*` stands for any run of characters. */
  series(matcher: string): Promise<readonly SeriesId[]>;
  /** Commits what it was given; later calls reject. May be called twice. */
  close(): Promise<void>;
}

// ---------------------------------------------------------------- judging

/** What a check says of one series or device. */
export interface Judgement {
  readonly broken: boolean;
  /** When the state that is broken began, if the check knows better than now. */
  readonly sinceMs?: number;
  /** One plain sentence; `{name}` is replaced by the device's name. */
  readonly summary: string;
  readonly evidence: readonly string[];
  readonly value?: number;
  /** No data to judge by: neither broken nor repaired. */
  readonly unknown?: boolean;
  /** Where the check knows better than the rule: a sensor that calls its own state critical. */
  readonly severity?: Severity;
}

export interface CheckInput {
  readonly device: Device;
  readonly series?: Series;
  /** Recent samples, oldest first, as far as the check's `windowMs` asks. */
  readonly columns: {
    readonly timesMs: readonly number[];
    readonly values: readonly number[];
  };
  /** How the device answers, for checks about whole devices. */
  readonly answers: DeviceAnswers;
}

export interface DeviceAnswers {
  /** By collector type: the newest result. */
  readonly by: ReadonlyMap<
    string,
    {
      readonly online: boolean;
      readonly sinceMs: number;
      readonly atMs: number;
      readonly reason?: string;
      readonly detail?: string;
      readonly misses: number;
    }
  >;
  /** Any sign of life, retained messages excluded. */
  readonly lastSeenMs?: number;
  /** Usual gap between signs of life and its 99th percentile; undefined until learned. */
  readonly rhythm?: {
    readonly medianMs: number;
    readonly p99Ms: number;
    readonly gaps: number;
  };
  /** What the device last said of itself (MQTT will, birth, lifecycle). */
  readonly said?: "online" | "offline" | "sleeping";
  /** Since when we have listened to it without a break; silence counts from here at the earliest. */
  readonly watchedSinceMs?: number;
}

export interface Check<S = unknown> {
  judge(
    input: CheckInput,
    settings: S,
    context: { readonly nowMs: number; readonly previous?: Judgement },
  ): Judgement;
}

export interface CheckPlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  readonly config: Schema<S>;
  /** Judges each matching series of the rule's metric, or each matching device once. */
  readonly about: "series" | "device";
  /** How far back `columns` must reach. */
  readonly windowMs: number;
  /** For checks of series: whether this one can be judged at all; absent: every one of the rule's metric can. */
  wants?(device: Device, series: Series): boolean;
  create(): Check<S>;
}

// ---------------------------------------------------------------- telling

export interface Notifier {
  /** Throws `NotifyError`. May be called again with the same incident and change after a failure. */
  send(message: OutMessage, options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface OutMessage {
  /** Same for each try of the same message: receivers drop doubles by it. */
  readonly id: string;
  readonly change: Change;
  readonly incident: Incident;
  readonly site: Site;
  readonly deviceName: string;
  /** Address and model are for the people who are told, not for the anonymous page. */
  readonly deviceAddress?: string;
  /** The site's headline when it was written. */
  readonly headline: string;
}

export interface NotifierPlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  /** Schema of one `notify.<id>`, its `type` field included. */
  readonly config: Schema<S>;
  create(settings: S, deps: { readonly clock: Clock; readonly log: Log }): Notifier;
}

// ---------------------------------------------------------------- what pages and the API read and do

export interface Inventory {
  devices(): readonly Device[];
  device(id: DeviceId): Device | undefined;
  /** The device of an id or of a dialect's key; made on first sight of a key. Undefined when the limit of devices is reached. */
  resolve(ref: string): Device | undefined;
  apply(description: Description, atMs: number): void;
  portIds(device: DeviceId, rows: readonly PortDescription[]): readonly PortId[];
  /** Called after every change; returns how to stop. */
  onChange(listener: (device: DeviceId) => void): () => void;
}

export interface LatestValue {
  readonly series: Series;
  readonly timeMs: number;
  /** A counter's rate. NaN when only the count is known. */
  readonly value: number;
  readonly count?: number;
}

export interface Latest {
  value(series: SeriesId): LatestValue | undefined;
  text(
    device: DeviceId,
    metric: string,
    channel?: string,
  ): { readonly text: string; readonly timeMs: number } | undefined;
  ofDevice(device: DeviceId): readonly LatestValue[];
  all(): Iterable<LatestValue>;
}

export interface StateSpan {
  readonly state: State;
  readonly fromMs: number;
  /** Absent: still so. */
  readonly toMs?: number;
}

export interface DeviceStatus {
  readonly state: State;
  readonly sinceMs: number;
  /** "Switch 1 works.", "Printer 2nd floor does not answer." */
  readonly sentence: string;
  readonly lastSeenMs?: number;
  readonly incident?: number;
  readonly acknowledgedBy?: string;
  readonly answers: DeviceAnswers;
}

export interface Status {
  verdict(): Verdict;
  device(id: DeviceId): DeviceStatus;
  /** Spans of one device that touch the range, oldest first. */
  spans(id: DeviceId, range: TimeRange): readonly StateSpan[];
  events(id: DeviceId, range: TimeRange): readonly (Event & { readonly timeMs: number })[];
  onChange(listener: () => void): () => void;
}

export interface IncidentFilter {
  readonly state?: "open" | "closed";
  readonly device?: DeviceId;
  readonly beforeId?: number;
  readonly limit: number;
}

export interface Incidents {
  list(filter: IncidentFilter): readonly Incident[];
  get(id: number): Incident | undefined;
  /** Throws NOT_FOUND, or CONFLICT when it is closed. A second one replaces the first. */
  acknowledge(id: number, by: string, note?: string): Incident;
  note(id: number, by: string, text: string): Incident;
  onChange(listener: (id: number) => void): () => void;
}

/** One number about the appliance itself, in the unit that its name ends with. */
export interface OwnGauge {
  /** `store_rounds_behind`; shown as `porchlight_store_rounds_behind`. */
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What /healthz says: empty `problems` is healthy. */
export interface Health {
  check(): {
    readonly ok: boolean;
    readonly problems: readonly {
      readonly part: string;
      readonly what: string;
      readonly remedy: string;
      readonly sinceMs?: number;
    }[];
  };
}

/** Everything `api/` and `web/` are given. */
export interface View {
  readonly site: Site;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: Inventory;
  readonly latest: Latest;
  readonly status: Status;
  readonly incidents: Incidents;
  readonly store: Store;
  readonly series: SeriesTable;
  readonly health: Health;
  readonly counters: Counters;
  /** Every rule in force. */
  readonly rules: () => readonly Rule[];
  /** What pages and the API made, and may change. */
  readonly settings: Settings;
  readonly startedMs: number;
  /** How the network hangs together; absent where nothing finds it out. */
  readonly topology?: Topology;
  /** The built-in broker's credentials; absent where nothing keeps them. */
  readonly broker?: BrokerDesk;
  /** What devices published by MQTT last. */
  readonly telemetry: Telemetry;
  /** Tries a rule, written as in the file, on stored values. Rejects with CONFIG_INVALID or NOT_FOUND. */
  readonly rehearse: (
    rule: Readonly<Record<string, unknown>>,
    series: SeriesId,
    range: TimeRange,
  ) => Promise<Rehearsal>;
  /** Numbers about the appliance that go up and down, as of now, for /metrics. */
  readonly gauges?: () => Iterable<OwnGauge>;
  /** What is there and not watched yet. */
  readonly discovery?: Discovery;
  /** What pages may start; a button is there only where its action is. */
  readonly actions?: {
    /** Polls every target of the device now; resolves when the results are committed. */
    readonly pollNow?: (device: DeviceId) => Promise<void>;
    /** Sends a marked test by one channel. Rejects with NOT_FOUND or the channel's NotifyError. */
    readonly testChannel?: (channel: string) => Promise<void>;
  };
}

// ---------------------------------------------------------------- state that survives a restart

/** Where incidents, spans, events, identities and the outbox are kept (state.db). One transaction a call. */
export interface IncidentKeeper {
  load(): readonly Incident[];
  /** Returns the incident with its number when `id` is 0. */
  save(incident: Incident): Incident;
  list(filter: IncidentFilter): readonly Incident[];
  get(id: number): Incident | undefined;
}

export interface OutboxEntry {
  readonly id: string;
  readonly notifier: string;
  readonly incident: number;
  readonly change: Change;
  readonly createdMs: number;
  readonly tries: number;
  readonly nextTryMs: number;
  readonly state: "waiting" | "sent" | "failed" | "dropped";
  readonly error?: string;
  /** The message as it was when it was decided, so that it can be sent after a restart. */
  readonly message: OutMessage;
}

export interface OutboxKeeper {
  waiting(): readonly OutboxEntry[];
  /** All of one decision at once; an id that exists is left alone. */
  add(entries: readonly OutboxEntry[]): void;
  update(entry: OutboxEntry): void;
  ofIncident(incident: number): readonly OutboxEntry[];
}

export interface SpanKeeper {
  /** Ends the open span of the device and opens one with `state`. */
  change(device: DeviceId, state: State, atMs: number): void;
  open(device: DeviceId): StateSpan | undefined;
  spans(device: DeviceId, range: TimeRange): readonly StateSpan[];
  prune(beforeMs: number): void;
}

export interface EventKeeper {
  add(event: Event & { readonly timeMs: number }): void;
  events(
    device: DeviceId | undefined,
    range: TimeRange,
    limit: number,
  ): readonly (Event & { readonly timeMs: number })[];
  prune(beforeMs: number): void;
}

/** Devices found by key, ports, identities and last texts: what a restart must not lose. */
export interface DeviceKeeper {
  load(): readonly KnownDevice[];
  save(device: KnownDevice): void;
}

/** What is worth keeping of how a device answers over a restart. */
export interface RememberedAnswers {
  readonly device: DeviceId;
  readonly lastSeenMs: number;
  /** Counts of the gaps between its signs of life, by bin. */
  readonly rhythm: readonly number[];
}

/** When devices were heard last, and their rhythms. */
export interface AnswersKeeper {
  load(): readonly RememberedAnswers[];
  /** All that there are now: what is not among them goes. One transaction. */
  save(entries: readonly RememberedAnswers[]): void;
}

/** Links between devices as they came and went. */
export interface LinkKeeper {
  /** Those that are not gone. */
  current(): readonly TopologyLink[];
  /** Those that were there at the moment. */
  at(atMs: number): readonly TopologyLink[];
  /** New ones, and what changed of known ones; one transaction. */
  save(links: readonly TopologyLink[]): void;
  sinceMs(): number | undefined;
  prune(beforeMs: number): void;
}

export interface KnownDevice {
  readonly device: Device;
  /** Strongest first, `kind:value`: `mac:…`, `serial:…`, `mqtt:z2m:…`. */
  readonly keys: readonly string[];
  /** Last texts by `metric[:channel]`. */
  readonly texts?: Readonly<Record<string, { readonly text: string; readonly timeMs: number }>>;
}

/** What a store is made with. */
export interface StoreDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly series: SeriesTable;
  readonly dataDir: string;
  /** The site's id, a tag on whatever leaves the box. */
  readonly site: string;
  /** Further tags of a series in other stores; the same object while nothing changed. */
  readonly tagsOf: (series: Series) => Readonly<Record<string, string>>;
  /** Names of the stores that follow the local log. */
  readonly followers: readonly string[];
}

export interface StorePlugin<S = unknown> {
  readonly type: string;
  readonly summary: string;
  /** Schema of `stores.<type>`; for the local store `undefined` must parse to the defaults. */
  readonly config: Schema<S>;
  /** Opens nothing before `start`. */
  create(settings: S, deps: StoreDeps): Store & { start(): Promise<void> };
}
