import type { Clock } from "../model/time.ts";

/** Stored sessions of one device; those that are connected may be more. */
export const maxSessions = 20;
/** A session that nobody used for so long is dropped. */
export const maxUnusedMs = 7 * 24 * 3_600_000;
/** How far off the written time of use may be. */
const toleranceMs = 3_600_000;

interface Stored {
  /** On the monotonic clock; before this start it is negative. */
  usedMs: number;
  /** Unix milliseconds as it is written down; undefined when it is not. */
  writtenMs: number | undefined;
}

/** Sessions are named `<device>/<client id>`. */
export const deviceOf = (id: string) => id.slice(0, id.indexOf("/"));

/** Which sessions are kept, which are connected, and when each was used last. Ages do not follow jumps of the clock. */
export class StoredSessions {
  readonly #clock: Clock;
  readonly #write: (id: string, usedAtMs: number) => void;
  readonly #stored = new Map<string, Stored>();
  readonly #byDevice = new Map<string, Set<string>>();
  /** Connections by session: there are two while one takes over from the other. */
  readonly #connected = new Map<string, number>();

  constructor(clock: Clock, write: (id: string, usedAtMs: number) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Something of the session is kept. @returns whether nothing of it was before */
  add(id: string): boolean {
    if (!this.#keep(id)) return false;
    this.#touch(id);
    return true;
  }

  /** As an earlier run left it; without a time it counts as used now. */
  restore(id: string, usedAtMs?: number): void {
    this.#keep(id);
    const stored = this.#stored.get(id);
    if (!stored || usedAtMs === undefined) return;
    const ageMs = Math.max(0, this.#clock.nowMs() - usedAtMs);
    stored.usedMs = this.#clock.monotonicMs() - ageMs;
    stored.writtenMs = usedAtMs;
  }

  /** @returns whether it was kept */
  remove(id: string): boolean {
    const ids = this.#byDevice.get(deviceOf(id));
    ids?.delete(id);
    if (ids?.size === 0) this.#byDevice.delete(deviceOf(id));
    return this.#stored.delete(id);
  }

  begin(id: string): void {
    this.#connected.set(id, (this.#connected.get(id) ?? 0) + 1);
    this.#touch(id);
  }

  end(id: string): void {
    const left = (this.#connected.get(id) ?? 0) - 1;
    if (left > 0) this.#connected.set(id, left);
    else this.#connected.delete(id);
    this.#touch(id);
  }

  devices(): readonly string[] {
    return [...this.#byDevice.keys()];
  }

  ofDevice(device: string): readonly string[] {
    return [...(this.#byDevice.get(device) ?? [])];
  }

  /** What a device has too much of: the longest unused ones, never one that is connected. */
  excess(device: string): readonly string[] {
    const ids = this.ofDevice(device);
    if (ids.length <= maxSessions) return [];
    const used = (id: string) => this.#stored.get(id)?.usedMs ?? 0;
    return ids
      .filter((id) => !this.#connected.has(id))
      .sort((a, b) => used(a) - used(b))
      .slice(0, ids.length - maxSessions);
  }

  expired(): readonly string[] {
    const beforeMs = this.#clock.monotonicMs() - maxUnusedMs;
    return [...this.#stored]
      .filter(([id, { usedMs }]) => usedMs <= beforeMs && !this.#connected.has(id))
      .map(([id]) => id);
  }

  /** Writes down again what is off: sessions in use, and all after the clock was set. */
  refresh(): void {
    for (const [id, stored] of this.#stored) {
      if (this.#connected.has(id)) stored.usedMs = this.#clock.monotonicMs();
      const usedAtMs = this.#clock.nowMs() - (this.#clock.monotonicMs() - stored.usedMs);
      if (Math.abs(usedAtMs - (stored.writtenMs ?? 0)) >= toleranceMs) this.#note(id, stored, usedAtMs);
    }
  }

  #keep(id: string): boolean {
    if (this.#stored.has(id)) return false;
    this.#stored.set(id, { usedMs: this.#clock.monotonicMs(), writtenMs: undefined });
    const ids = this.#byDevice.get(deviceOf(id)) ?? new Set();
    this.#byDevice.set(deviceOf(id), ids.add(id));
    return true;
  }

  #touch(id: string): void {
    const stored = this.#stored.get(id);
    if (!stored) return;
    stored.usedMs = this.#clock.monotonicMs();
    this.#note(id, stored, this.#clock.nowMs());
  }

  #note(id: string, stored: Stored, usedAtMs: number): void {
    stored.writtenMs = usedAtMs;
    this.#write(id, Math.round(usedAtMs));
  }
}
