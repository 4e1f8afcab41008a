import type { DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";

/** A device that says something new hundreds of times a second is judged by what it said last. */
const spaceMs = 100;

/**
 * Runs at once for a device that changed, and for one that changes again and again at most every 100 ms, the last time
 * after its last change.
 */
export function spaced(clock: Clock, run: (device: DeviceId) => void) {
  const lastMs = new Map<DeviceId, number>();
  const waiting = new Set<DeviceId>();
  let timer: Timer | undefined;
  const flush = () => {
    timer = undefined;
    const all = [...waiting];
    waiting.clear();
    const nowMs = clock.monotonicMs();
    for (const device of all) {
      lastMs.set(device, nowMs);
      run(device);
    }
  };
  return {
    changed(device: DeviceId): void {
      if (waiting.has(device)) return;
      const nowMs = clock.monotonicMs();
      const before = lastMs.get(device);
      if (before === undefined || nowMs - before >= spaceMs) {
        lastMs.set(device, nowMs);
        run(device);
        return;
      }
      waiting.add(device);
      timer ??= clock.timer(flush, spaceMs);
    },
    stop(): void {
      timer?.cancel();
      if (waiting.size > 0) flush();
    },
  };
}
