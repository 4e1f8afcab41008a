import type { Change, Incident, TimelineEntry } from "../model/alert.ts";
import type { IncidentFilter, IncidentKeeper, Log } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { cleanText } from "../model/words.ts";
import * as edit from "./incident-edits.ts";

/** Called in the transaction that saves the incident: whether anybody is told is recorded with it. */
export type Decide = (incident: Incident, change: Change) => void;

export interface BookDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly keeper: IncidentKeeper;
  /** Joins what is saved and what is decided about it; as state.db does. */
  readonly transaction?: <T>(run: () => T) => T;
}

/** Incidents, the open ones in memory: what cannot be saved now (a full disk) is kept and saved later. */
export class IncidentBook {
  readonly #deps: BookDeps;
  readonly #open = new Map<number, Incident>();
  readonly #unsaved = new Map<number, Incident>();
  readonly #listeners = new Set<(id: number) => void>();
  #closed: Incident[] = [];
  #lastId = 0;
  #revision = 0;
  #isLoaded = false;
  #decide: Decide = () => undefined;

  constructor(deps: BookDeps) {
    this.#deps = deps;
  }

  decideBy(decide: Decide): void {
    this.#decide = decide;
  }

  revision(): number {
    return this.#revision;
  }

  /** Reads what is kept; once. */
  load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    for (const incident of this.#deps.keeper.load()) {
      this.#lastId = Math.max(this.#lastId, incident.id);
      if (incident.state === "open") this.#open.set(incident.id, incident);
      else this.#closed.push(incident);
    }
    if (this.#closed.length === 0) this.#closed = [...this.#deps.keeper.list({ state: "closed", limit: 1 })];
    this.#closed.sort((a, b) => (b.endedMs ?? 0) - (a.endedMs ?? 0));
    this.#revision++;
  }

  /** Worst first: not answering before warnings, then by severity, by how many are affected, by age. */
  open(): Incident[] {
    return [...this.#open.values()].sort(
      (a, b) =>
        Number(b.deviceState === "down") - Number(a.deviceState === "down") ||
        edit.bySeverity(a.severity, b.severity) ||
        b.affected.length - a.affected.length ||
        a.startedMs - b.startedMs ||
        a.id - b.id,
    );
  }

  /** The device's own, else one that it has a part in. */
  openOf(device: DeviceId): Incident | undefined {
    const all = [...this.#open.values()];
    return (
      all.find((incident) => incident.device === device) ??
      all.find(({ alerts }) => alerts.some((alert) => alert.device === device && edit.isFiring(alert)))
    );
  }

  /** The open incident that holds the alert. */
  carrier(alertKey: string): Incident | undefined {
    for (const incident of this.#open.values())
      if (incident.alerts.some(({ key }) => key === alertKey)) return incident;
    return undefined;
  }

  lastClosed(): Incident | undefined {
    return this.#closed[0];
  }

  /** The newest closed incident of the device that ended at `sinceMs` or later. */
  recent(device: DeviceId, sinceMs: number): Incident | undefined {
    return this.#closed.find((incident) => incident.device === device && (incident.endedMs ?? 0) >= sinceMs);
  }

  /** Saves the incident and, in the same transaction, lets it be decided whether the change is told. */
  put(incident: Incident, change?: Change): Incident {
    const { keeper, log, transaction = (run) => run() } = this.#deps;
    let saved = incident;
    try {
      saved = transaction(() => {
        for (const waiting of this.#unsaved.values()) keeper.save(waiting);
        return this.#keep(keeper.save(incident), change);
      });
      this.#unsaved.clear();
    } catch (error) {
      log.error("incident not saved", { error, incident: incident.id });
      saved = this.#keep({ ...incident, id: incident.id || this.#lastId + 1 }, change);
      this.#unsaved.set(saved.id, saved);
    }
    for (const listener of this.#listeners) listener(saved.id);
    return saved;
  }

  #keep(incident: Incident, change: Change | undefined): Incident {
    this.#lastId = Math.max(this.#lastId, incident.id);
    this.#closed = this.#closed.filter(({ id }) => id !== incident.id);
    if (incident.state === "open") this.#open.set(incident.id, incident);
    else {
      this.#open.delete(incident.id);
      const dayAgoMs = this.#deps.clock.nowMs() - 86_400_000;
      this.#closed = [incident, ...this.#closed.filter(({ endedMs = 0 }) => endedMs >= dayAgoMs)];
    }
    this.#revision++;
    if (change) this.#decide(incident, change);
    return incident;
  }

  get(id: number): Incident | undefined {
    return this.#open.get(id) ?? this.#unsaved.get(id) ?? this.#deps.keeper.get(id);
  }

  list(filter: IncidentFilter): readonly Incident[] {
    const limit = Math.max(0, Math.min(1_000, Math.floor(filter.limit)));
    return this.#deps.keeper.list({ ...filter, limit });
  }

  acknowledge(id: number, by: string, note?: string): Incident {
    const incident = this.#required(id);
    if (incident.state === "closed")
      throw new ApplianceError("CONFLICT", `Incident ${id} is closed; there is nothing left to acknowledge.`);
    const atMs = this.#deps.clock.nowMs();
    const who = cleanText(by, 100);
    const text = note === undefined ? "" : cleanText(note, 2_000);
    const acknowledged = text ? { by: who, atMs, note: text } : { by: who, atMs };
    return this.put(
      edit.withEntries({ ...incident, acknowledged }, { atMs, kind: "acknowledged", text, by: who }),
    );
  }

  note(id: number, by: string, text: string): Incident {
    const incident = this.#required(id);
    const atMs = this.#deps.clock.nowMs();
    const entry = { atMs, kind: "note", text: cleanText(text, 2_000), by: cleanText(by, 100) } as const;
    return this.put(edit.withEntries(incident, entry));
  }

  record(id: number, entry: TimelineEntry): void {
    const incident = this.get(id);
    if (incident) this.put(edit.withEntries(incident, entry));
  }

  #required(id: number): Incident {
    const incident = this.get(id);
    if (!incident) throw new ApplianceError("NOT_FOUND", `There is no incident ${id}.`);
    return incident;
  }

  onChange(listener: (id: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
