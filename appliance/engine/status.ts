import type {
  DeviceAnswers,
  DeviceStatus,
  EventKeeper,
  Inventory,
  Latest,
  Log,
  SpanKeeper,
  StateSpan,
  Status,
} from "../model/contracts.ts";
import { type PathObservation, pathDevices } from "../model/path.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Clock, TimeRange, Timer } from "../model/time.ts";
import type { Verdict } from "../model/verdict.ts";
import { type DeviceState, newestMs, stateOf } from "./device-state.ts";
import { seenNow } from "./incident-edits.ts";
import type { EngineIncidents } from "./incidents.ts";
import { createSlowness } from "./slowness.ts";
import { createStateSpans, type StateSpans } from "./state-spans.ts";
import { judgeSite, type Seen, type Slowness } from "./verdict.ts";

const everyMs = 2_000;
/** All devices are looked over every so many ticks: what falls silent gives no sign of it. */
const wholeEvery = 5;
/** Changes that come together are told together. */
const coalesceMs = 200;
/** After the start, what has not been checked yet is no news for this long. */
const startingMs = 180_000;
const defaultStaleMs = 210_000;
const mostEvents = 1_000;

export interface StatusDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: Pick<Inventory, "device" | "devices">;
  readonly incidents: EngineIncidents;
  readonly answers: (device: DeviceId) => DeviceAnswers;
  readonly latest: Pick<Latest, "ofDevice">;
  readonly path: () => readonly PathObservation[];
  readonly spans: SpanKeeper;
  readonly events: Pick<EventKeeper, "events">;
  /** Joins many changed spans into one commit; as state.db does. */
  readonly transaction?: <T>(run: () => T) => T;
  readonly provider?: string | undefined;
  /** What keeps the box from its work, if anything. */
  readonly sick?: () => { readonly what: string; readonly sinceMs?: number | undefined } | undefined;
  /** How old the newest poll of a device may be; by default three and a half minutes. */
  readonly staleAfterMs?: (device: Device) => number;
  /** When the box was last known to run before this start. */
  readonly lastAliveMs?: number | undefined;
}

export interface EngineStatus extends Status {
  /** Begins to look every 2 s, and to keep state spans. */
  start(): void;
  stop(): void;
  /** Something was measured of this device: look at it again soon. */
  touch(device: DeviceId): void;
}

class StatusWatch implements EngineStatus {
  readonly #deps: StatusDeps;
  readonly #spans: StateSpans;
  readonly #seen = new Map<DeviceId, Seen>();
  readonly #touched = new Set<DeviceId>();
  /** The inventory's list that was last looked over whole. */
  #devices: readonly Device[] = [];
  #ticks = 0;
  readonly #listeners = new Set<() => void>();
  readonly #slowness = createSlowness();
  readonly #startedMs: number;
  #slow: Slowness | undefined;
  #verdict: Verdict | undefined;
  #revision = -1;
  #signature = "";
  #timer: Timer | undefined;
  #soon: Timer | undefined;
  #stopListening: () => void = () => undefined;

  constructor(deps: StatusDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
    this.#spans = createStateSpans(deps);
  }

  start(): void {
    this.#spans.closeGap();
    this.#stopListening = this.#deps.incidents.onChange(() => this.#soonest());
    this.#tick();
  }

  stop(): void {
    this.#stopListening();
    this.#timer?.cancel();
    this.#soon?.cancel();
  }

  touch(device: DeviceId): void {
    this.#touched.add(device);
    this.#soonest();
  }

  #soonest(): void {
    this.#soon ??= this.#deps.clock.timer(() => {
      this.#soon = undefined;
      if (this.#look()) this.#tell(this.#deps.path());
    }, coalesceMs);
  }

  #tick(): void {
    this.#timer = this.#deps.clock.timer(() => this.#tick(), everyMs);
    const path = this.#deps.path();
    this.#slow = this.#slowness.look(path, this.#deps.clock.nowMs());
    this.#look(this.#ticks % wholeEvery === 0);
    this.#ticks++;
    this.#tell(path);
  }

  #isStarting(): boolean {
    return this.#deps.clock.monotonicMs() - this.#startedMs < startingMs;
  }

  /**
   * Looks at the devices that were touched, or at all: when asked, and when incidents or the inventory changed.
   *
   * @returns whether one is not as it was
   */
  #look(isWhole = false): boolean {
    const { inventory, incidents } = this.#deps;
    const all = inventory.devices();
    const isNews = all !== this.#devices || this.#revision !== incidents.revision();
    const devices = isWhole || isNews ? all : [...this.#touched].flatMap((id) => inventory.device(id) ?? []);
    this.#touched.clear();
    if (all !== this.#devices) this.#seen.clear();
    this.#devices = all;
    let isChanged = isNews;
    this.#spans.inOneCommit(() => {
      for (const device of devices) if (this.#lookAt(device)) isChanged = true;
    });
    return isChanged;
  }

  #lookAt(device: Device): boolean {
    const now = this.#stateOf(device);
    const isUnheard = newestMs(this.#deps.answers(device.id)) === undefined;
    // Right after the start, what was not checked yet is no news.
    if (now.state !== "unknown" || !isUnheard || !this.#isStarting()) this.#spans.note(device.id, now);
    const seen = this.#seenOf(device, now);
    const before = this.#seen.get(device.id);
    this.#seen.set(device.id, seen);
    return (
      before?.state !== seen.state ||
      before.sinceMs !== seen.sinceMs ||
      before.isChecked !== seen.isChecked ||
      before.isWatched !== seen.isWatched
    );
  }

  /** Judges the site, and says so when anything lasting is different. */
  #tell(path: readonly PathObservation[]): void {
    this.#verdict = this.#judge(path);
    const { atMs: _, ...lasting } = this.#verdict;
    const signature = JSON.stringify([lasting, [...this.#spans.all()]]);
    if (signature === this.#signature) return;
    this.#signature = signature;
    for (const listener of this.#listeners) listener();
  }

  #stateOf(device: Device): DeviceState {
    const { incidents, answers, clock, inventory, staleAfterMs } = this.#deps;
    const cause = incidents.causeFor(device.id);
    const own = incidents.openOf(device.id);
    return stateOf({
      device,
      answers: answers(device.id),
      own: own && seenNow(own, device.id, device.name),
      cause,
      causeName: cause && inventory.device(cause.device)?.name,
      nowMs: clock.nowMs(),
      staleAfterMs: staleAfterMs?.(device) ?? defaultStaleMs,
    });
  }

  #seenOf(device: Device, { state, atMs }: DeviceState): Seen {
    const known = this.#spans.of(device.id);
    const isChecked = newestMs(this.#deps.answers(device.id)) !== undefined;
    const isStation = Object.values(pathDevices).some((id) => id === device.id);
    return {
      device,
      state,
      sinceMs: known?.state === state ? known.sinceMs : atMs,
      isChecked,
      isWatched: isChecked || (device.collectors.length > 0 && !(isStation && device.address === undefined)),
    };
  }

  #judge(path: readonly PathObservation[]): Verdict {
    const { clock, inventory, incidents, latest, sick, provider } = this.#deps;
    const devices = inventory.devices().flatMap(({ id }) => this.#seen.get(id) ?? []);
    const isWaiting = devices.some(
      ({ isChecked, isWatched, device }) => isWatched && !isChecked && device.source !== "mqtt",
    );
    this.#revision = incidents.revision();
    return judgeSite({
      nowMs: clock.nowMs(),
      devices,
      incidents: incidents.open().map((one) => seenNow(one, one.device, this.#nameOf(one.device))),
      lastClosed: incidents.lastClosed(),
      path,
      isStarting: isWaiting && this.#isStarting(),
      sick: sick?.(),
      slow: this.#slow,
      provider,
      runtimeMinutes(ups) {
        const runtime = latest.ofDevice(ups).find(({ series }) => series.metric === "battery_runtime");
        return runtime && Number.isFinite(runtime.value) ? runtime.value / 60 : undefined;
      },
    });
  }

  #nameOf(id: DeviceId): string {
    return this.#deps.inventory.device(id)?.name ?? id;
  }

  verdict(): Verdict {
    if (!this.#verdict || this.#look()) this.#verdict = this.#judge(this.#deps.path());
    return this.#verdict;
  }

  device(id: DeviceId): DeviceStatus {
    const answers = this.#deps.answers(id);
    const device = this.#deps.inventory.device(id);
    if (!device)
      return {
        state: "unknown",
        sinceMs: this.#deps.clock.nowMs(),
        sentence: "There is no such device.",
        answers,
      };
    const { state, sentence, atMs } = this.#stateOf(device);
    const known = this.#spans.of(id);
    const incident = this.#deps.incidents.openOf(id) ?? this.#deps.incidents.causeFor(id);
    return {
      state,
      sinceMs: known?.state === state ? known.sinceMs : atMs,
      sentence,
      answers,
      ...(answers.lastSeenMs === undefined ? {} : { lastSeenMs: answers.lastSeenMs }),
      ...(incident ? { incident: incident.id } : {}),
      ...(incident?.acknowledged ? { acknowledgedBy: incident.acknowledged.by } : {}),
    };
  }

  spans(id: DeviceId, range: TimeRange): readonly StateSpan[] {
    return this.#deps.spans.spans(id, range);
  }

  events(id: DeviceId, range: TimeRange) {
    return this.#deps.events.events(id, range, mostEvents);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** How the site and each device are, from incidents, answers and their age. */
export function createStatus(deps: StatusDeps): EngineStatus {
  return new StatusWatch(deps);
}
