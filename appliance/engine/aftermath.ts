import type { Alert, Incident } from "../model/alert.ts";
import { blindKey } from "./blind.ts";
import { type Answers, isAlive } from "./cause.ts";
import type { IncidentBook } from "./incident-book.ts";
import { isDown, isDownAlert, isFiring } from "./incident-edits.ts";

/** After a restart, an alert that nobody has raised again by then has ended: its rule may be gone. */
const forgottenMs = 30 * 60_000;
/** Behind a cause, but answering for this long all the same: not behind it. */
const notBehindMs = 60_000;

/** Alerts of before a restart that nobody has raised again yet. Times are monotonic. */
export class RestoredAlerts {
  readonly #book: IncidentBook;
  readonly #answers: Answers;
  readonly #forgetAtMs = new Map<string, number>();

  constructor(book: IncidentBook, answers: Answers) {
    this.#book = book;
    this.#answers = answers;
  }

  get size(): number {
    return this.#forgetAtMs.size;
  }

  take(incident: Incident, nowMs: number): void {
    for (const { key } of incident.alerts.filter(isFiring))
      if (key !== blindKey) this.#forgetAtMs.set(key, nowMs + forgottenMs);
  }

  /** A check has said something of it: it is in good hands. */
  confirm(key: string): void {
    this.#forgetAtMs.delete(key);
  }

  /** Takes out the alerts that have ended: the device answers, or nobody raised them again for long. */
  over(nowMs: number): Alert[] {
    const over: Alert[] = [];
    for (const [key, forgetAtMs] of [...this.#forgetAtMs]) {
      const alert = this.#book.carrier(key)?.alerts.find((own) => own.key === key);
      const answers =
        alert !== undefined && isDownAlert(alert) && isAlive(this.#answers(alert.device), alert.startedMs);
      if (alert && !answers && forgetAtMs > nowMs) continue;
      this.#forgetAtMs.delete(key);
      if (alert) over.push(alert);
    }
    return over;
  }
}

/** Takes devices out of an open incident that answer although what they seemed to hang on is down. */
export class AffectedWatch {
  readonly #book: IncidentBook;
  readonly #answers: Answers;
  /** By incident and device: since when it answers, monotonic. */
  readonly #aliveSinceMs = new Map<string, number>();

  constructor(book: IncidentBook, answers: Answers) {
    this.#book = book;
    this.#answers = answers;
  }

  check(nowMs: number): void {
    const seen = new Set<string>();
    for (const incident of this.#book.open()) {
      if (!isDown(incident)) continue;
      const stays = incident.affected.filter((device) => {
        if (!isAlive(this.#answers(device), incident.startedMs)) return true;
        const key = `${incident.id}/${device}`;
        seen.add(key);
        const sinceMs = this.#aliveSinceMs.get(key) ?? nowMs;
        this.#aliveSinceMs.set(key, sinceMs);
        return nowMs - sinceMs < notBehindMs;
      });
      if (stays.length < incident.affected.length) this.#book.put({ ...incident, affected: stays });
    }
    for (const key of this.#aliveSinceMs.keys()) if (!seen.has(key)) this.#aliveSinceMs.delete(key);
  }
}
