import type { Alert, Incident, TimelineEntry } from "../model/alert.ts";
import type { Incidents } from "../model/contracts.ts";
import type { DeviceId } from "../model/site.ts";
import { blindKey } from "./blind.ts";
import { channelRule } from "./channels.ts";
import { Grouping, type GroupingDeps } from "./grouping.ts";
import { type BookDeps, type Decide, IncidentBook } from "./incident-book.ts";
import { isFiring } from "./incident-edits.ts";

export type IncidentsDeps = GroupingDeps & BookDeps;

export interface EngineIncidents extends Incidents {
  /** A change of one alert. Pending ones are left out; a key that fires already is brought up to date. */
  alert(alert: Alert): void;
  /** Open incidents, worst first. */
  open(): readonly Incident[];
  openOf(device: DeviceId): Incident | undefined;
  /** Alerts of open incidents that fire by a rule: after a restart evaluate must be told of them to see their end. Before `start` too. */
  firing(): readonly Alert[];
  /** The incident that closed last. */
  lastClosed(): Incident | undefined;
  /** The cause that keeps the device from being reached, while it does. */
  causeFor(device: DeviceId): Incident | undefined;
  /** Grows with every change. */
  revision(): number;
  /** Adds a line to the timeline: what was told, or failed to be. Nothing happens for an unknown number. */
  record(id: number, entry: TimelineEntry): void;
  /** Sets who decides whether to speak; before `start`. */
  decideBy(decide: Decide): void;
  /** Takes up the incidents that were open; before the first alert. */
  start(): void;
  stop(): void;
}

/**
 * Alerts to incidents. Alerts of one device join; what hangs on a device that is down raises none of its own; an alert
 * that may have its cause in front waits up to 20 s for word of it; the same device again within 5 minutes is the same
 * incident.
 */
export function createIncidents(deps: IncidentsDeps): EngineIncidents {
  const book = new IncidentBook(deps);
  const grouping = new Grouping(book, deps);
  return {
    alert(alert) {
      if (alert.key !== blindKey) grouping.alert(alert);
    },
    open: () => book.open(),
    openOf: (device) => book.openOf(device),
    firing() {
      book.load();
      return book
        .open()
        .flatMap(({ alerts }) => alerts)
        .filter((alert) => isFiring(alert) && !isOwnAlert(alert));
    },
    lastClosed: () => book.lastClosed(),
    causeFor: (device) => grouping.causeFor(device),
    revision: () => book.revision(),
    record: (id, entry) => book.record(id, entry),
    decideBy: (decide) => book.decideBy(decide),
    start() {
      book.load();
      grouping.start();
    },
    stop: () => grouping.stop(),
    list: (filter) => book.list(filter),
    get: (id) => book.get(id),
    acknowledge: (id, by, note) => book.acknowledge(id, by, note),
    note: (id, by, text) => book.note(id, by, text),
    onChange: (listener) => book.onChange(listener),
  };
}

/** Raised by no rule: the box is cut off, a channel is dead. Who raises them ends them. */
function isOwnAlert({ key, rule }: Alert): boolean {
  return key === blindKey || rule === channelRule;
}
