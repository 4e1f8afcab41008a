import type { Latest, LatestValue } from "../model/contracts.ts";
import type { SampleBatch, Series } from "../model/series.ts";
import type { DeviceId, SeriesId } from "../model/site.ts";

export interface LatestText {
  readonly text: string;
  readonly timeMs: number;
}

/** The last value of every series and the last text of every text sample. */
export interface LatestTable extends Latest {
  /**
   * Takes entries `from..length` of a batch. Older times than the known ones are left out, unless the known one lies
   * ahead of `nowMs`: the clock was set back, and what arrives now counts.
   */
  take(batch: SampleBatch, from: number, nowMs: number): void;
  /** When the series had its last value; NaN without one. */
  timeMs(series: Series): number;
  /** @returns the text before, if there was one */
  setText(
    device: DeviceId,
    metric: string,
    channel: string | undefined,
    text: string,
    timeMs: number,
  ): string | undefined;
  /** By `metric[:channel]`. */
  textsOf(device: DeviceId): ReadonlyMap<string, LatestText>;
  forget(device: DeviceId, metric?: string): void;
}

const textKey = (metric: string, channel?: string) =>
  channel === undefined ? metric : `${metric}:${channel}`;

/** Columns by `Series.index`, so that a poll of 625 values costs no objects. */
class Table implements LatestTable {
  readonly #series: (Series | undefined)[] = [];
  #times = new Float64Array(1_024).fill(Number.NaN);
  #values = new Float64Array(1_024);
  #counts = new Float64Array(1_024);
  readonly #byDevice = new Map<DeviceId, Set<Series>>();
  readonly #byId = new Map<SeriesId, Series>();
  readonly #texts = new Map<DeviceId, Map<string, LatestText>>();

  #room(index: number): void {
    if (index < this.#times.length) return;
    const capacity = Math.max(index + 1, this.#times.length * 2);
    const wider = (column: Float64Array) => {
      const columnOf = new Float64Array(capacity).fill(Number.NaN);
      columnOf.set(column);
      return columnOf;
    };
    this.#times = wider(this.#times);
    this.#values = wider(this.#values);
    this.#counts = wider(this.#counts);
  }

  #know(one: Series): void {
    this.#series[one.index] = one;
    this.#byId.set(one.id, one);
    const ofDevice = this.#byDevice.get(one.device);
    if (ofDevice) ofDevice.add(one);
    else this.#byDevice.set(one.device, new Set([one]));
  }

  #set(one: Series, timeMs: number, value: number, count: number, nowMs: number): void {
    const { index } = one;
    this.#room(index);
    if (this.#series[index] === undefined) this.#know(one);
    else {
      const knownMs = this.#times[index] as number;
      if (knownMs > timeMs && knownMs <= nowMs) return;
    }
    this.#times[index] = timeMs;
    this.#values[index] = value;
    this.#counts[index] = count;
  }

  #valueOf(one: Series): LatestValue {
    const count = this.#counts[one.index] as number;
    return {
      series: one,
      timeMs: this.#times[one.index] as number,
      value: this.#values[one.index] as number,
      ...(Number.isNaN(count) ? {} : { count }),
    };
  }

  #drop(one: Series): void {
    this.#series[one.index] = undefined;
    this.#times[one.index] = Number.NaN;
    this.#byId.delete(one.id);
    this.#byDevice.get(one.device)?.delete(one);
  }

  take(batch: SampleBatch, from: number, nowMs: number): void {
    for (let at = from; at < batch.length; at++)
      this.#set(
        batch.series[at] as Series,
        batch.timesMs[at] as number,
        batch.values[at] as number,
        batch.counts[at] as number,
        nowMs,
      );
  }

  timeMs(series: Series): number {
    return this.#series[series.index] === series ? (this.#times[series.index] as number) : Number.NaN;
  }

  setText(
    device: DeviceId,
    metric: string,
    channel: string | undefined,
    text: string,
    timeMs: number,
  ): string | undefined {
    let ofDevice = this.#texts.get(device);
    if (!ofDevice) {
      ofDevice = new Map();
      this.#texts.set(device, ofDevice);
    }
    const key = textKey(metric, channel);
    const before = ofDevice.get(key);
    if (before && before.timeMs > timeMs) return before.text;
    ofDevice.set(key, { text, timeMs });
    return before?.text;
  }

  textsOf(device: DeviceId): ReadonlyMap<string, LatestText> {
    return this.#texts.get(device) ?? new Map();
  }

  forget(device: DeviceId, metric?: string): void {
    for (const one of [...(this.#byDevice.get(device) ?? [])])
      if (metric === undefined || one.metric === metric) this.#drop(one);
    if (metric === undefined) this.#texts.delete(device);
    else
      for (const key of this.#texts.get(device)?.keys() ?? [])
        if (key === metric || key.startsWith(`${metric}:`)) this.#texts.get(device)?.delete(key);
  }

  value(id: SeriesId): LatestValue | undefined {
    const one = this.#byId.get(id);
    return one && this.#valueOf(one);
  }

  text(device: DeviceId, metric: string, channel?: string): LatestText | undefined {
    return this.#texts.get(device)?.get(textKey(metric, channel));
  }

  ofDevice(device: DeviceId): readonly LatestValue[] {
    return [...(this.#byDevice.get(device) ?? [])].map((one) => this.#valueOf(one));
  }

  *all(): Iterable<LatestValue> {
    for (const one of this.#byId.values()) yield this.#valueOf(one);
  }
}

export function createLatest(): LatestTable {
  return new Table();
}
