import type { Clock } from "../appliance/model/time.ts";

/** Keeps what is dear to make for a while. */
export interface Memo {
  /** The value made for `key`, at most `ttlMs` old. */
  <T>(key: string, ttlMs: number, make: () => T): T;
}

const most = 2_000;

/** Forgets everything when it holds 2,000 keys. */
export function createMemo(clock: Clock): Memo {
  const kept = new Map<string, { untilMs: number; value: unknown }>();
  return <T>(key: string, ttlMs: number, make: () => T): T => {
    const nowMs = clock.monotonicMs();
    const found = kept.get(key);
    if (found && found.untilMs > nowMs) return found.value as T;
    if (kept.size >= most) kept.clear();
    const value = make();
    kept.set(key, { untilMs: nowMs + ttlMs, value });
    return value;
  };
}
