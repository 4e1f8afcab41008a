import { createDispatch, type Dispatch } from "../../appliance/engine/dispatch.ts";
import { createIncidents, type EngineIncidents } from "../../appliance/engine/incidents.ts";
import { createStatus, type EngineStatus } from "../../appliance/engine/status.ts";
import type { Alert } from "../../appliance/model/alert.ts";
import type { DeviceAnswers, Notifier, OutMessage } from "../../appliance/model/contracts.ts";
import { headline } from "../../appliance/model/headline.ts";
import type { PathObservation } from "../../appliance/model/path.ts";
import {
  type Device,
  type DeviceId,
  type DeviceKind,
  deviceId,
  type Site,
} from "../../appliance/model/site.ts";
import { timeWords } from "../../appliance/model/words.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { keptLog, openKeepers } from "./state.ts";

export const site: Site = {
  id: "office",
  name: "Office",
  timezone: "Europe/Berlin",
  url: "http://box.example",
};

/** A device by id, name, kind and what it hangs on. */
export type Plan = readonly [id: string, name?: string, kind?: DeviceKind, behind?: string];

/** A switch with two devices behind it, and a device beside it. */
export const smallOffice: readonly Plan[] = [
  ["switch-2", "Switch 2", "switch"],
  ["printer", "Printer 2nd floor", "printer", "switch-2"],
  ["ap", "AP 2nd floor", "ap", "switch-2"],
  ["nas", "NAS", "nas"],
];

const stations: readonly Plan[] = [
  ["box", "Porchlight", "box"],
  ["gateway", "Router", "router"],
  ["internet", "Internet", "service"],
  ["names", "Names", "service"],
];

function deviceOf([id, name = id, kind = "other", behind]: Plan): Device {
  return {
    id: deviceId(id),
    name,
    kind,
    group: kind,
    address: "10.0.0.1",
    ...(behind === undefined ? {} : { behind: deviceId(behind) }),
    identity: {},
    ports: [],
    sensors: [],
    collectors: [id === "box" ? "host" : "ping"],
    source: "file",
    approved: true,
    firstSeenMs: 0,
  };
}

/** How a device answers: by ping every 10 s while it lives. */
interface Life {
  online: boolean;
  sinceMs: number;
  atMs: number;
  lastSeenMs: number;
  misses: number;
}

export interface Told {
  readonly to: string;
  readonly change: string;
  readonly summary: string;
  readonly message: OutMessage;
}

/** The second half of the pipeline over a real state.db, with devices that die and live as a test says. */
export interface Office {
  readonly clock: FakeClock;
  readonly incidents: EngineIncidents;
  readonly status: EngineStatus;
  readonly dispatch: Dispatch;
  readonly told: Told[];
  readonly log: ReturnType<typeof keptLog>;
  readonly path: PathObservation[];
  readonly keepers: ReturnType<typeof openKeepers>;
  link: boolean | undefined;
  /** The device answers no more; nothing is judged yet. */
  dies(...ids: string[]): void;
  lives(...ids: string[]): void;
  /** Polls every living device and counts a miss of every dead one. */
  poll(...ids: string[]): void;
  /** What the rule "down" says after enough misses. */
  down(id: string): void;
  up(id: string): void;
  alert(alert: Partial<Alert> & { readonly device: DeviceId }): void;
  /** Passes time in steps of 10 s with a poll at each. */
  pass(ms: number): Promise<void>;
  /** "10:42 text" of what was told since the last call. */
  news(): string[];
  stop(): Promise<void>;
}

export interface OfficeOptions {
  readonly dir: string;
  readonly plans: readonly Plan[];
  readonly clock?: FakeClock;
  readonly notifiers?: ReadonlyMap<string, Notifier>;
  /** Ids of dead devices at the start. */
  readonly dead?: readonly string[];
  readonly lastAliveMs?: number;
}

export function office(options: OfficeOptions): Office {
  const { dir, plans, clock = fakeClock() } = options;
  const log = keptLog();
  const keepers = openKeepers(dir, clock, log);
  const all = new Map<DeviceId, Device>();
  for (const plan of [...stations, ...plans]) all.set(deviceId(plan[0]), deviceOf(plan));
  const lives = new Map<DeviceId, Life>();
  const told: Told[] = [];
  const path: PathObservation[] = [];
  let read = 0;
  const inventory = { devices: () => [...all.values()], device: (id: DeviceId) => all.get(id) };
  const answers = (id: DeviceId): DeviceAnswers => {
    const life = lives.get(id);
    if (!life) return { by: new Map() };
    const { lastSeenMs, ...answer } = life;
    return { by: new Map([[id === "box" ? "host" : "ping", answer]]), lastSeenMs };
  };
  const record = (to: string): Notifier => ({
    async send(message) {
      told.push({ to, change: message.change, summary: message.incident.summary, message });
    },
  });
  const self: { link: boolean | undefined } = { link: undefined };
  const incidents = createIncidents({
    clock,
    log,
    keeper: keepers.incidents,
    transaction: keepers.state.transaction,
    inventory,
    answers,
    link: () => self.link,
  });
  const status = createStatus({
    clock,
    log,
    inventory,
    incidents,
    answers,
    latest: { ofDevice: () => [] },
    path: () => path,
    spans: keepers.spans,
    events: { events: () => [] },
    transaction: keepers.state.transaction,
    ...(options.lastAliveMs === undefined ? {} : { lastAliveMs: options.lastAliveMs }),
  });
  const words = timeWords(site.timezone);
  const dispatch = createDispatch({
    clock,
    log,
    counters: { add: () => undefined, all: () => new Map() },
    outbox: keepers.outbox,
    notifiers: options.notifiers ?? new Map([["mail", record("mail")]]),
    incidents,
    inventory,
    site,
    headline: () => headline(status.verdict(), { words }).text,
  });
  const born = (id: DeviceId, online: boolean) => {
    const nowMs = clock.nowMs();
    lives.set(id, { online, sinceMs: nowMs, atMs: nowMs, lastSeenMs: nowMs, misses: online ? 0 : 1 });
  };
  for (const id of all.keys()) born(id, !(options.dead ?? []).includes(id));
  const dead = new Set<DeviceId>([...(options.dead ?? [])].map(deviceId));
  const alertOf = (alert: Partial<Alert> & { readonly device: DeviceId }): Alert => ({
    key: `${alert.rule ?? "down"}/${alert.device}`,
    rule: "down",
    check: "down",
    severity: "critical",
    state: "firing",
    startedMs: lives.get(alert.device)?.sinceMs ?? clock.nowMs(),
    firedMs: clock.nowMs(),
    summary: `${all.get(alert.device)?.name} does not answer.`,
    evidence: ["ping: no answer to 3 requests (3 in a row)"],
    tell: [],
    ...alert,
  });
  const poll = (ids: Iterable<DeviceId>) => {
    const nowMs = clock.nowMs();
    for (const id of ids) {
      const life = lives.get(id);
      if (!life) continue;
      const online = !dead.has(id);
      if (online !== life.online) life.sinceMs = nowMs;
      life.online = online;
      life.atMs = nowMs;
      life.misses = online ? 0 : life.misses + 1;
      if (online) life.lastSeenMs = nowMs;
    }
  };
  incidents.start();
  dispatch.start();
  status.start();
  return Object.assign(self, {
    clock,
    incidents,
    status,
    dispatch,
    told,
    log,
    path,
    keepers,
    dies(...ids: string[]) {
      for (const id of ids) dead.add(deviceId(id));
    },
    lives(...ids: string[]) {
      for (const id of ids) dead.delete(deviceId(id));
    },
    poll: (...ids: string[]) => poll(ids.length > 0 ? ids.map(deviceId) : all.keys()),
    down: (id: string) => incidents.alert(alertOf({ device: deviceId(id) })),
    up: (id: string) =>
      incidents.alert(alertOf({ device: deviceId(id), state: "resolved", endedMs: clock.nowMs() })),
    alert: (alert: Partial<Alert> & { readonly device: DeviceId }) => incidents.alert(alertOf(alert)),
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 10_000) {
        await clock.advance(Math.min(left, 10_000));
        poll(all.keys());
      }
    },
    news() {
      const fresh = told.slice(read);
      read = told.length;
      return fresh.map(({ change, summary }) => `${change}: ${summary}`);
    },
    async stop() {
      status.stop();
      incidents.stop();
      const stopping = dispatch.stop();
      await clock.advance(5_000);
      await stopping;
      keepers.close();
    },
  }) as Office;
}
