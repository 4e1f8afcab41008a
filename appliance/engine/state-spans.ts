import type { Incident } from "../model/alert.ts";
import type { Inventory, Log, SpanKeeper } from "../model/contracts.ts";
import type { DeviceId, State } from "../model/site.ts";
import type { Clock } from "../model/time.ts";

/** Down for longer than this, the box does not know what its devices did meanwhile. */
const gapMs = 120_000;

export interface StateSpansDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly inventory: Pick<Inventory, "devices">;
  readonly incidents: { lastClosed(): Incident | undefined };
  readonly spans: SpanKeeper;
  /** Joins many changed spans into one commit; as state.db does. */
  readonly transaction?: <T>(run: () => T) => T;
  /** When the box was last known to run before this start. */
  readonly lastAliveMs?: number | undefined;
}

interface Span {
  readonly state: State;
  readonly sinceMs: number;
}

type Change = readonly [device: DeviceId, state: State, sinceMs: number];

/** Since when each device is as it is; kept at each change. */
export interface StateSpans {
  /** While the box was off nobody knows how things were. */
  closeGap(): void;
  /** Keeps the span of the device's state when it changed. */
  note(device: DeviceId, now: { readonly state: State; readonly atMs: number }): void;
  of(device: DeviceId): Span | undefined;
  all(): ReadonlyMap<DeviceId, Span>;
  /** What `run` notes is written together; a full disk loses these spans and nothing else. */
  inOneCommit(run: () => void): void;
}

class Spans implements StateSpans {
  readonly #deps: StateSpansDeps;
  readonly #known = new Map<DeviceId, Span>();
  /** Noted and not written yet. */
  #changes: Change[] = [];

  constructor(deps: StateSpansDeps) {
    this.#deps = deps;
  }

  closeGap(): void {
    const { lastAliveMs, clock, inventory, spans } = this.#deps;
    if (lastAliveMs === undefined || clock.nowMs() - lastAliveMs < gapMs) return;
    this.inOneCommit(() => {
      for (const { id } of inventory.devices()) {
        const open = spans.open(id);
        if (open && open.state !== "unknown")
          this.#changes.push([id, "unknown", Math.max(lastAliveMs, open.fromMs)]);
      }
    });
  }

  note(device: DeviceId, now: { readonly state: State; readonly atMs: number }): void {
    const known = this.#knownOf(device);
    if (known?.state === now.state) return;
    const sinceMs = Math.round(this.#changeTime(device, known, now));
    this.#known.set(device, { state: now.state, sinceMs });
    this.#changes.push([device, now.state, sinceMs]);
  }

  /** A problem ends when it ended, not when we looked; no state begins before the one before it. */
  #changeTime(
    id: DeviceId,
    known: Span | undefined,
    now: { readonly state: State; readonly atMs: number },
  ): number {
    const closed = this.#deps.incidents.lastClosed();
    const endedMs = closed?.device === id || closed?.affected.includes(id) ? closed.endedMs : undefined;
    const atMs = now.state === "ok" && known && endedMs !== undefined ? endedMs : now.atMs;
    const earliestMs = known?.state === "ok" && now.state === "down" ? 0 : (known?.sinceMs ?? 0);
    return Math.min(Math.max(atMs, earliestMs), this.#deps.clock.nowMs());
  }

  #knownOf(id: DeviceId): Span | undefined {
    const known = this.#known.get(id);
    if (known) return known;
    const open = this.#deps.spans.open(id);
    if (!open) return undefined;
    const restored = { state: open.state, sinceMs: open.fromMs };
    this.#known.set(id, restored);
    return restored;
  }

  of(device: DeviceId): Span | undefined {
    return this.#known.get(device);
  }

  all(): ReadonlyMap<DeviceId, Span> {
    return this.#known;
  }

  inOneCommit(run: () => void): void {
    try {
      run();
      this.#write();
    } catch (error) {
      this.#deps.log.error("state spans not kept", { error });
    }
  }

  /** After all was looked at: what cannot be written keeps nobody from being looked at. */
  #write(): void {
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length === 0) return;
    const { spans, transaction = (run) => run() } = this.#deps;
    transaction(() => {
      for (const change of changes) spans.change(...change);
    });
  }
}

export function createStateSpans(deps: StateSpansDeps): StateSpans {
  return new Spans(deps);
}
