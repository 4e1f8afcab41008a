import { type Answers, isAlive } from "./cause.ts";
import type { IncidentBook } from "./incident-book.ts";
import { isDown } from "./incident-edits.ts";

/** Behind a cause, but answering for this long all the same: not behind it. */
const notBehindMs = 60_000;

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
