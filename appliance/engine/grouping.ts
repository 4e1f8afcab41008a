import type { Alert, Incident } from "../model/alert.ts";
import type { DeviceAnswers, Inventory } from "../model/contracts.ts";
import { pathDevices } from "../model/path.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import { cleanText } from "../model/words.ts";
import { AffectedWatch } from "./aftermath.ts";
import { blindAlert, blindKey, cutOffSince, isAnyAlive } from "./blind.ts";
import { chainOf, isAlive, isAnySuspect, presumedLost } from "./cause.ts";
import type { IncidentBook } from "./incident-book.ts";
import * as edit from "./incident-edits.ts";
import { causeOf, effectsOf, powerCutOf } from "./relations.ts";

/** How long an alert waits for word of what its device hangs on. */
const graceMs = 20_000;
/** The same device again within this time is the same incident; one that came again must be well for as long. */
const reopenMs = 5 * 60_000;
/** After the cause is mended, what was behind it has this long to answer before it is a problem of its own. */
const releaseMs = 90_000;
const tickMs = 1_000;

export interface GroupingDeps {
  readonly clock: Clock;
  readonly inventory: Pick<Inventory, "device" | "devices">;
  readonly answers: (device: DeviceId) => DeviceAnswers | undefined;
  /** Whether the box's own network link is up; undefined when the system does not say. */
  readonly link?: () => boolean | undefined;
}

interface Held {
  readonly alert: Alert;
  readonly untilMs: number;
}

/** Which alerts make which incident: one cause, one incident. Times in its maps are monotonic. */
export class Grouping {
  readonly #deps: GroupingDeps;
  readonly #book: IncidentBook;
  /** Alerts that wait for word of what is in front of them. */
  readonly #held = new Map<string, Held>();
  /** Alerts of devices behind something that is down, and since when that is mended. */
  readonly #inhibited = new Map<string, { alert: Alert; incident: number; releaseAtMs?: number }>();
  /** Incidents all of whose alerts have ended, that came again before: they close later. */
  readonly #closing = new Map<number, number>();
  readonly #affected: AffectedWatch;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(book: IncidentBook, deps: GroupingDeps) {
    this.#book = book;
    this.#deps = deps;
    this.#affected = new AffectedWatch(book, deps.answers);
  }

  /** Takes up the open incidents of the book. */
  start(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const incident of this.#book.open()) {
      if (!incident.alerts.some(edit.isFiring)) this.#closing.set(incident.id, nowMs + reopenMs);
    }
    this.#arm();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  alert(alert: Alert): void {
    if (alert.state === "firing") this.#fire(alert);
    else if (alert.state === "resolved") this.#resolve(alert);
    this.#arm();
  }

  #fire(alert: Alert): void {
    const carrier = this.#book.carrier(alert.key);
    const inhibited = this.#inhibited.get(alert.key);
    if (carrier) this.#join(carrier, alert);
    else if (inhibited) this.#inhibited.set(alert.key, { ...inhibited, alert });
    else this.#place(alert);
  }

  /** Finds the place of an alert that is nowhere yet. */
  #place(alert: Alert): void {
    const cause = causeOf(alert, this.#book, this.#deps.inventory);
    const own = this.#sharedBy(alert);
    const waits = this.#mayBeBehind(alert) && (own === undefined || edit.isDownAlert(alert));
    if (cause) this.#inhibit(alert, cause);
    else if (waits) this.#hold(alert);
    else if (own) this.#join(own, alert);
    else this.#begin(alert);
  }

  /** The open incident that the alert is a part of. A device that dies is no part of another one's problem. */
  #sharedBy(alert: Alert): Incident | undefined {
    const own = this.#book.openOf(alert.device);
    if (own?.device === alert.device) return own;
    return edit.isDownAlert(alert) ? undefined : (own ?? powerCutOf(alert, this.#book));
  }

  #mayBeBehind(alert: Alert): boolean {
    const { inventory, answers } = this.#deps;
    if (alert.check !== "down" && alert.check !== "silent") return false;
    return (
      isAnySuspect(chainOf(alert.device, inventory), alert.startedMs, answers) ||
      this.#cutOff(alert.startedMs).isPossible
    );
  }

  #cutOff(sinceMs: number) {
    const { inventory, answers, link } = this.#deps;
    return cutOffSince(sinceMs, link?.(), inventory, answers);
  }

  #hold(alert: Alert): void {
    const untilMs = this.#held.get(alert.key)?.untilMs ?? this.#deps.clock.monotonicMs() + graceMs;
    this.#held.set(alert.key, { alert, untilMs });
    if (this.#deps.link?.() === false) this.#settleHeld(this.#deps.clock.monotonicMs());
  }

  #inhibit(alert: Alert, cause: Incident): void {
    this.#held.delete(alert.key);
    this.#inhibited.set(alert.key, { alert, incident: cause.id });
    if (cause.affected.includes(alert.device)) return;
    this.#book.put({ ...cause, affected: [...cause.affected, alert.device] });
  }

  #join(incident: Incident, alert: Alert): void {
    this.#held.delete(alert.key);
    this.#closing.delete(incident.id);
    const known = incident.alerts.find(({ key }) => key === alert.key);
    let next = edit.withAlert(incident, alert);
    if (!known || !edit.isFiring(known)) {
      const kind = known ? "worse" : "joined";
      next = edit.withEntries(next, { atMs: this.#deps.clock.nowMs(), kind, text: alert.summary });
    }
    const turnsDown = edit.isDown(next) && !edit.isDown(incident);
    if (turnsDown) next = { ...next, affected: edit.union(next.affected, this.#presumed(alert)) };
    const saved = this.#book.put(next, edit.isWorse(incident, next) ? "worse" : undefined);
    if (turnsDown) this.#absorb(saved);
  }

  /** Opens an incident, or the same one again; or names the cause of one that is open already. */
  #begin(alert: Alert): void {
    const nowMs = this.#deps.clock.nowMs();
    this.#held.delete(alert.key);
    const affected = edit.isDownAlert(alert) ? this.#presumed(alert) : [];
    const effect = edit.isDownAlert(alert)
      ? effectsOf(alert, this.#book, this.#deps.inventory)[0]
      : undefined;
    const before = this.#book.recent(alert.device, nowMs - reopenMs);
    let saved: Incident;
    if (effect) {
      saved = this.#book.put(edit.rerooted(effect, alert, affected, nowMs), "worse");
      for (const own of effect.alerts.filter(edit.isFiring)) this.#inhibit(own, saved);
    } else if (before) saved = this.#book.put({ ...edit.reopened(before, alert, nowMs), affected }, "worse");
    else saved = this.#book.put(edit.opened(alert, affected, nowMs), "opened");
    if (edit.isDown(saved)) this.#absorb(saved);
  }

  #presumed(alert: Alert): DeviceId[] {
    const held = new Set([...this.#held.values()].map(({ alert: waiting }) => waiting.device));
    const { inventory, answers } = this.#deps;
    return presumedLost(alert, inventory, answers, (device) => held.has(device));
  }

  /** What waits or was opened for the same cause becomes part of it. */
  #absorb(cause: Incident): void {
    const alert = cause.alerts.find((own) => edit.isDownAlert(own) && edit.isFiring(own));
    if (!alert) return;
    const nowMs = this.#deps.clock.nowMs();
    for (const effect of effectsOf(alert, this.#book, this.#deps.inventory)) {
      this.#book.put(
        edit.closed(effect, nowMs, nowMs, `Belongs to the problem of ${this.#name(cause.device)}.`),
        "closed",
      );
      for (const own of effect.alerts.filter(edit.isFiring))
        this.#inhibit(own, this.#book.get(cause.id) ?? cause);
    }
    for (const { alert: waiting } of [...this.#held.values()])
      if (causeOf(waiting, this.#book, this.#deps.inventory)?.id === cause.id)
        this.#inhibit(waiting, this.#book.get(cause.id) ?? cause);
  }

  #name(device: DeviceId): string {
    return cleanText(this.#deps.inventory.device(device)?.name ?? device, 80);
  }

  #resolve(alert: Alert): void {
    this.#held.delete(alert.key);
    this.#inhibited.delete(alert.key);
    const incident = this.#book.carrier(alert.key);
    if (!incident) return;
    const nowMs = this.#deps.clock.nowMs();
    const endedMs = alert.endedMs ?? nowMs;
    const known = incident.alerts.find(({ key }) => key === alert.key);
    if (!known || !edit.isFiring(known)) return;
    const wasDown = edit.isDown(incident);
    const next = edit.withEntries(edit.withAlert(incident, { ...known, state: "resolved", endedMs }), {
      atMs: endedMs,
      kind: "recovered",
      text: edit.recoveredText(alert, this.#name(alert.device)),
    });
    if (wasDown && !edit.isDown(next)) this.#release(next.id);
    if (next.alerts.some(edit.isFiring)) this.#book.put(next);
    else if (edit.hasComeAgain(next))
      this.#closing.set(this.#book.put(next).id, this.#deps.clock.monotonicMs() + reopenMs);
    else this.#close(next);
  }

  #close(incident: Incident): void {
    const nowMs = this.#deps.clock.nowMs();
    this.#closing.delete(incident.id);
    this.#book.put(
      edit.closed(incident, edit.lastEndMs(incident) ?? nowMs, nowMs, "Everything is as before."),
      "closed",
    );
  }

  #release(incident: number): void {
    const releaseAtMs = this.#deps.clock.monotonicMs() + releaseMs;
    for (const [key, entry] of this.#inhibited)
      if (entry.incident === incident) this.#inhibited.set(key, { ...entry, releaseAtMs });
  }

  /** The cause that keeps the device from being reached, while it does. */
  causeFor(device: DeviceId): Incident | undefined {
    for (const { alert, incident } of this.#inhibited.values())
      if (alert.device === device) return this.#book.get(incident);
    return this.#book
      .open()
      .find(
        (incident) =>
          edit.isDown(incident) && incident.affected.includes(device) && !this.#isBack(incident, device),
      );
  }

  #isBack({ startedMs }: Incident, device: DeviceId): boolean {
    return isAlive(this.#deps.answers(device), startedMs);
  }

  #arm(): void {
    if (this.#timer || this.#isStopped) return;
    const waits = [this.#held, this.#inhibited, this.#closing].some(({ size }) => size > 0);
    const isBehind = () =>
      this.#book.open().some(({ device, affected }) => affected.length > 0 || device === pathDevices.box);
    if (!waits && !isBehind()) return;
    this.#timer = this.#deps.clock.timer(() => {
      this.#timer = undefined;
      this.#tick();
      this.#arm();
    }, tickMs);
  }

  #tick(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#settleBlind();
    this.#settleHeld(nowMs);
    for (const [key, { alert, releaseAtMs = Infinity }] of [...this.#inhibited]) {
      if (releaseAtMs > nowMs) continue;
      this.#inhibited.delete(key);
      this.#fire(alert);
    }
    for (const [id, closeAtMs] of [...this.#closing]) {
      const incident = this.#book.get(id);
      if (closeAtMs <= nowMs && incident) this.#close(incident);
    }
    this.#affected.check(nowMs);
  }

  #settleHeld(nowMs: number): void {
    if (this.#held.size === 0) return;
    const oldestMs = Math.min(...[...this.#held.values()].map(({ alert }) => alert.startedMs));
    const isDue = [...this.#held.values()].some(({ untilMs }) => untilMs <= nowMs);
    const isUnlinked = this.#deps.link?.() === false;
    if ((isDue || isUnlinked) && this.#cutOff(oldestMs).isCertain)
      this.#begin(blindAlert(oldestMs, this.#deps.clock.nowMs(), this.#held.size));
    for (const { alert, untilMs } of [...this.#held.values()]) {
      if (!this.#held.has(alert.key)) continue;
      if (untilMs > nowMs && this.#mayBeBehind(alert)) continue;
      this.#held.delete(alert.key);
      const own = this.#sharedBy(alert);
      if (own) this.#join(own, alert);
      else this.#begin(alert);
    }
  }

  /** The box is back when anything else answers. */
  #settleBlind(): void {
    const blind = this.#book.carrier(blindKey);
    const alert = blind?.alerts.find(({ key, state }) => key === blindKey && state === "firing");
    const { inventory, answers, clock } = this.#deps;
    if (blind && alert && isAnyAlive(blind.openedMs, inventory, answers))
      this.#resolve({ ...alert, state: "resolved", endedMs: clock.nowMs() });
  }
}
