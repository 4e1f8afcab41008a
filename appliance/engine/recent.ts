import type { CheckInput } from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import type { DeviceId } from "../model/site.ts";
import type { LatestTable } from "./latest.ts";

/** Most samples kept of one watched series, whatever its window. */
const most = 256;

interface Kept {
  readonly series: Series;
  windowMs: number;
  readonly timesMs: number[];
  readonly values: number[];
}

/** The last samples of series whose checks look back; of all others only the last value counts. */
export interface Recent {
  watch(series: Series, windowMs: number): void;
  /** Takes the new last values of a device's watched series. */
  note(device: DeviceId, latest: LatestTable): void;
  columns(series: Series, latest: LatestTable): CheckInput["columns"];
}

class RecentSamples implements Recent {
  readonly #kept = new Map<number, Kept>();
  readonly #byDevice = new Map<DeviceId, Kept[]>();

  #add(one: Kept, timeMs: number, value: number): void {
    const lastMs = one.timesMs.at(-1);
    if (lastMs === timeMs) return;
    // The clock was set back: what came before it cannot be compared.
    if (lastMs !== undefined && timeMs < lastMs) {
      one.timesMs.length = 0;
      one.values.length = 0;
    }
    const count = one.values.length;
    // Of a state that stays only its beginning and its newest sample are kept.
    const stays =
      one.series.kind === "state" && one.values[count - 1] === value && one.values[count - 2] === value;
    if (stays) one.timesMs[count - 1] = timeMs;
    else {
      one.timesMs.push(timeMs);
      one.values.push(value);
    }
    const from = one.timesMs.findIndex((at) => at >= timeMs - one.windowMs);
    const cut = Math.max(from, one.timesMs.length - most);
    if (cut > 0) {
      one.timesMs.splice(0, cut);
      one.values.splice(0, cut);
    }
  }

  watch(series: Series, windowMs: number): void {
    const known = this.#kept.get(series.index);
    if (known) {
      known.windowMs = Math.max(known.windowMs, windowMs);
      return;
    }
    const one: Kept = { series, windowMs, timesMs: [], values: [] };
    this.#kept.set(series.index, one);
    const ofDevice = this.#byDevice.get(series.device);
    if (ofDevice) ofDevice.push(one);
    else this.#byDevice.set(series.device, [one]);
  }

  note(device: DeviceId, latest: LatestTable): void {
    for (const one of this.#byDevice.get(device) ?? []) {
      const value = latest.value(one.series.id);
      if (value && Number.isFinite(value.value)) this.#add(one, value.timeMs, value.value);
    }
  }

  columns(series: Series, latest: LatestTable): CheckInput["columns"] {
    const one = this.#kept.get(series.index);
    if (one && one.timesMs.length > 0) return one;
    const value = latest.value(series.id);
    return value && Number.isFinite(value.value)
      ? { timesMs: [value.timeMs], values: [value.value] }
      : { timesMs: [], values: [] };
  }
}

export function createRecent(): Recent {
  return new RecentSamples();
}
