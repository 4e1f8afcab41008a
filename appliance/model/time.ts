/** Now and waiting, handed in so that tests can turn the hands. */
export interface Clock {
  /** Unix milliseconds, UTC; may jump when the system's clock is set. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never jumps. Intervals are measured on it. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs` on the monotonic clock. */
  timer(run: () => void, delayMs: number): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason when aborted. */
  sleep(delayMs: number, options: { readonly signal: AbortSignal }): Promise<void>;
}

export interface Timer {
  /** May be called twice, and after the timer has run. */
  cancel(): void;
}

/** From (included) to (excluded), Unix milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const unitMs = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;
type DurationUnit = keyof typeof unitMs;

/**
 * Reads a duration with its unit, as configuration writes it: `"500ms"`, `"30s"`, `"5m"`, `"12h"`, `"90d"`.
 *
 * @returns milliseconds; undefined for anything else, a bare number included
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * unitMs[match[2] as DurationUnit];
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
