import type { Incident } from "../../appliance/model/alert.ts";
import type {
  DeviceAnswers,
  DeviceStatus,
  LatestValue,
  StateSpan,
  View,
} from "../../appliance/model/contracts.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { metricOf } from "../../appliance/model/metric.ts";
import type { Series } from "../../appliance/model/series.ts";
import type { Device, DeviceId, State } from "../../appliance/model/site.ts";
import { deviceId, parseSeriesId, seriesId } from "../../appliance/model/site.ts";
import type { Clock } from "../../appliance/model/time.ts";
import { sampleCandidates, sampleDiscovery } from "./discovery/sample.ts";
import { fakeClock } from "./fake-clock.ts";
import { sampleDevices } from "./sample-devices.ts";
import type { Shape } from "./sample-series.ts";
import { sampleStore, valueAt } from "./sample-series.ts";
import type { SampleStory } from "./sample-story.ts";
import { stories } from "./sample-story.ts";
import { sampleTelemetry } from "./sample-telemetry.ts";
import { storyVerdict } from "./sample-verdict.ts";
import { settingsInMemory } from "./settings.ts";
import { sampleTopology } from "./topology/sample-topology.ts";

/** A made-up office behind the contract that pages and the API read; nothing is measured. */
export interface SampleView extends View {
  /** Gives a device another state, as the pipeline would. */
  set(id: string, state: State): void;
  /** Adds, replaces or takes away devices, and says so. */
  replace(devices: readonly Device[]): void;
  readonly story: SampleStory;
}

export interface SampleOptions {
  readonly clock?: Clock;
  /** `good`, `switch`, `provider` or `first` (nothing measured yet). */
  readonly story?: keyof typeof stories;
}

const quiet = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  part: () => quiet,
};

function listeners<A extends readonly unknown[]>() {
  const all = new Set<(...args: A) => void>();
  return {
    on(listener: (...args: A) => void) {
      all.add(listener);
      return () => void all.delete(listener);
    },
    tell: (...args: A) => {
      for (const listener of all) listener(...args);
    },
  };
}

function incidentsOf(start: readonly Incident[], clock: Clock) {
  let incidents = [...start];
  const changed = listeners<[number]>();
  const change = (id: number, edit: (incident: Incident) => Incident) => {
    const found = incidents.find((incident) => incident.id === id);
    if (!found) throw new ApplianceError("NOT_FOUND", `There is no incident ${id}.`);
    const edited = edit(found);
    incidents = incidents.map((incident) => (incident.id === id ? edited : incident));
    changed.tell(id);
    return edited;
  };
  return {
    all: () => incidents,
    list: (filter: { state?: string; device?: string; beforeId?: number; limit: number }) =>
      incidents
        .filter(
          (incident) =>
            (!filter.state || incident.state === filter.state) &&
            (!filter.device ||
              incident.device === filter.device ||
              incident.affected.includes(filter.device as DeviceId)) &&
            (!filter.beforeId || incident.id < filter.beforeId),
        )
        .slice(0, filter.limit),
    get: (id: number) => incidents.find((incident) => incident.id === id),
    acknowledge: (id: number, by: string, note?: string) =>
      change(id, (incident) => {
        if (incident.state === "closed") throw new ApplianceError("CONFLICT", `Incident ${id} is closed.`);
        const atMs = clock.nowMs();
        return {
          ...incident,
          acknowledged: { by, atMs, ...(note ? { note } : {}) },
          timeline: [...incident.timeline, { atMs, kind: "acknowledged", text: note ?? "", by }],
        };
      }),
    note: (id: number, by: string, text: string) =>
      change(id, (incident) => ({
        ...incident,
        timeline: [...incident.timeline, { atMs: clock.nowMs(), kind: "note", text, by }],
      })),
    onChange: changed.on,
  };
}

function seriesTable(shapes: ReadonlyMap<string, Shape>) {
  const all = new Map<string, Series>();
  const of = (device: DeviceId, metric: string, channel?: string, unit?: string): Series => {
    const id = seriesId(device, metric, channel);
    const known = all.get(id);
    if (known) return known;
    const entry = metricOf(metric);
    const made: Series = {
      id,
      index: all.size,
      device,
      metric,
      ...(channel === undefined ? {} : { channel }),
      unit: entry?.unit ?? unit ?? "",
      kind: entry?.kind ?? "gauge",
    };
    all.set(id, made);
    return made;
  };
  for (const id of shapes.keys()) {
    const parsed = parseSeriesId(id);
    if (parsed) of(parsed.device, parsed.metric, parsed.channel);
  }
  return { of, find: (id: string) => all.get(id), all: () => [...all.values()] };
}

/** Builds the office. With a fake clock (the default) it is always the same Monday morning, 10:42. */
export function sampleView(options: SampleOptions = {}): SampleView {
  const clock = options.clock ?? fakeClock(Date.UTC(2026, 2, 2, 10, 0, 31));
  const story = stories[options.story ?? "switch"](clock.nowMs());
  const samples = sampleDevices();
  const shapes = new Map<string, Shape>();
  for (const { device, shapes: own } of samples)
    for (const [key, shape] of Object.entries(own)) shapes.set(`${device.id}:${key}`, shape);
  let devices: readonly Device[] = samples.map(({ device }) => device);
  const states = new Map<string, { state: State; sinceMs: number }>(story.states);
  const table = seriesTable(shapes);
  const incidents = incidentsOf(story.incidents, clock);
  const statusChanged = listeners<[]>();
  const inventoryChanged = listeners<[DeviceId]>();
  const find = (id: string) => devices.find((device) => device.id === id);

  const stateOf = (id: string) =>
    states.get(id) ?? {
      state: (story.empty ? "unknown" : "ok") as State,
      sinceMs: clock.nowMs() - 31 * 86_400_000,
    };
  const silentAt = (id: string, timeMs: number) => {
    const device = parseSeriesId(id)?.device;
    const now = device ? stateOf(device) : undefined;
    if (!now || (now.state !== "down" && now.state !== "unreachable")) return false;
    return timeMs >= now.sinceMs;
  };
  const latestOf = (series: Series): LatestValue | undefined => {
    const shape = shapes.get(series.id);
    if (!shape || story.empty) return undefined;
    const state = stateOf(series.device);
    const timeMs = Math.floor(silentAt(series.id, clock.nowMs()) ? state.sinceMs : clock.nowMs() - 12_000);
    return { series, timeMs, value: valueAt(series.id, shape, timeMs) };
  };
  const deviceStatus = (id: DeviceId): DeviceStatus => {
    const { state, sinceMs } = stateOf(id);
    const name = find(id)?.name ?? id;
    const incident = incidents.all().find((entry) => entry.state === "open" && entry.device === id);
    const lastSeenMs = silentAt(`${id}:x`, clock.nowMs()) ? sinceMs : clock.nowMs() - 8_000;
    return {
      state,
      sinceMs,
      sentence: story.sentences.get(id) ?? sentence(name, state),
      ...(story.empty ? {} : { lastSeenMs }),
      ...(incident ? { incident: incident.id } : {}),
      ...(incident?.acknowledged ? { acknowledgedBy: incident.acknowledged.by } : {}),
      answers: { by: answersOf(find(id), state, sinceMs), ...(story.empty ? {} : { lastSeenMs }) },
    };
  };
  const spans = (id: DeviceId, range: { fromMs: number; toMs: number }): StateSpan[] => {
    const { state, sinceMs } = stateOf(id);
    const past = story.past.get(id) ?? [];
    const startMs = clock.nowMs() - 29.5 * 86_400_000;
    const all: StateSpan[] = [];
    let atMs = startMs;
    for (const span of past) {
      all.push({ state: "ok", fromMs: atMs, toMs: span.fromMs }, span);
      atMs = span.toMs ?? atMs;
    }
    if (state !== "ok") all.push({ state: "ok", fromMs: atMs, toMs: sinceMs });
    all.push({ state, fromMs: state === "ok" ? atMs : sinceMs });
    return all.filter((span) => span.fromMs < range.toMs && (span.toMs ?? Infinity) > range.fromMs);
  };

  return {
    site: { id: "berlin", name: "Office Berlin", timezone: "Europe/Berlin", provider: "Example Telecom" },
    version: "0.1.0",
    clock,
    log: quiet,
    inventory: {
      devices: () => devices,
      device: find,
      resolve: find,
      apply() {},
      portIds: () => [],
      onChange: inventoryChanged.on,
    },
    latest: {
      value: (id) => {
        const series = table.find(id);
        return series ? latestOf(series) : undefined;
      },
      text: () => undefined,
      ofDevice: (id) =>
        table
          .all()
          .filter((series) => series.device === id)
          .flatMap((series) => latestOf(series) ?? []),
      all: () => table.all().flatMap((series) => latestOf(series) ?? []),
    },
    status: {
      verdict: () => storyVerdict(story, devices, (id) => stateOf(id).state, incidents.all(), clock.nowMs()),
      device: deviceStatus,
      spans,
      events: (id) => story.events.filter((event) => event.device === id),
      onChange: statusChanged.on,
    },
    incidents,
    store: sampleStore(shapes, (id, timeMs) => silentAt(id, timeMs) || story.empty, table.all),
    series: table,
    health: { check: () => ({ ok: true, problems: [] }) },
    counters: { add() {}, all: () => new Map() },
    rules: () => [],
    settings: settingsInMemory(),
    topology: sampleTopology(() => devices, clock.nowMs()),
    rehearse: async () => ({
      firings: [
        { fromMs: clock.nowMs() - 30 * 3_600_000, toMs: clock.nowMs() - 29 * 3_600_000 },
        { fromMs: clock.nowMs() - 600_000 },
      ],
      values: 43_200,
      sinceMs: clock.nowMs() - 30 * 86_400_000,
    }),
    telemetry: sampleTelemetry(
      devices.filter(({ source }) => source === "mqtt").map(({ id }) => id),
      clock.nowMs(),
    ),
    discovery: sampleDiscovery(sampleCandidates(clock.nowMs())),
    startedMs: clock.nowMs() - 112 * 86_400_000,
    story,
    set(id, state) {
      states.set(deviceId(id), { state, sinceMs: clock.nowMs() });
      statusChanged.tell();
    },
    replace(next) {
      devices = next;
      const first = next[0];
      if (first) inventoryChanged.tell(first.id);
      statusChanged.tell();
    },
  };
}

/** Every way in which a device is asked has the same answer. */
function answersOf(device: Device | undefined, state: State, sinceMs: number): DeviceAnswers["by"] {
  const online = state !== "down" && state !== "unreachable" && state !== "unknown";
  const detail = online ? {} : { detail: "no answer to 3 requests" };
  const answer = { online, sinceMs, atMs: sinceMs, misses: online ? 0 : 3, ...detail };
  return new Map((device?.collectors ?? []).map((via) => [via, answer]));
}

function sentence(name: string, state: State): string {
  if (state === "ok") return `${name} works.`;
  if (state === "down") return `${name} does not answer.`;
  if (state === "unreachable") return `${name} cannot be reached: it is behind Switch 2.`;
  if (state === "maintenance") return `${name} is being worked on.`;
  return `${name}: no answer yet.`;
}
