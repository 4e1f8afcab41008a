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

export function createLatest(): LatestTable {
  const series: (Series | undefined)[] = [];
  let times = new Float64Array(1_024).fill(Number.NaN);
  let values = new Float64Array(1_024);
  let counts = new Float64Array(1_024);
  const byDevice = new Map<DeviceId, Set<Series>>();
  const byId = new Map<SeriesId, Series>();
  const texts = new Map<DeviceId, Map<string, LatestText>>();

  function room(index: number): void {
    if (index < times.length) return;
    const capacity = Math.max(index + 1, times.length * 2);
    const wider = (column: Float64Array) => {
      const columnOf = new Float64Array(capacity).fill(Number.NaN);
      columnOf.set(column);
      return columnOf;
    };
    times = wider(times);
    values = wider(values);
    counts = wider(counts);
  }

  function know(one: Series): void {
    series[one.index] = one;
    byId.set(one.id, one);
    const ofDevice = byDevice.get(one.device);
    if (ofDevice) ofDevice.add(one);
    else byDevice.set(one.device, new Set([one]));
  }

  function set(one: Series, timeMs: number, value: number, count: number, nowMs: number): void {
    const { index } = one;
    room(index);
    if (series[index] === undefined) know(one);
    else {
      const knownMs = times[index] as number;
      if (knownMs > timeMs && knownMs <= nowMs) return;
    }
    times[index] = timeMs;
    values[index] = value;
    counts[index] = count;
  }

  function valueOf(one: Series): LatestValue {
    const count = counts[one.index] as number;
    return {
      series: one,
      timeMs: times[one.index] as number,
      value: values[one.index] as number,
      ...(Number.isNaN(count) ? {} : { count }),
    };
  }

  function drop(one: Series): void {
    series[one.index] = undefined;
    times[one.index] = Number.NaN;
    byId.delete(one.id);
    byDevice.get(one.device)?.delete(one);
  }

  return {
    take(batch, from, nowMs) {
      for (let at = from; at < batch.length; at++)
        set(
          batch.series[at] as Series,
          batch.timesMs[at] as number,
          batch.values[at] as number,
          batch.counts[at] as number,
          nowMs,
        );
    },
    setText(device, metric, channel, text, timeMs) {
      let ofDevice = texts.get(device);
      if (!ofDevice) {
        ofDevice = new Map();
        texts.set(device, ofDevice);
      }
      const key = textKey(metric, channel);
      const before = ofDevice.get(key);
      if (before && before.timeMs > timeMs) return before.text;
      ofDevice.set(key, { text, timeMs });
      return before?.text;
    },
    textsOf: (device) => texts.get(device) ?? new Map(),
    forget(device, metric) {
      for (const one of [...(byDevice.get(device) ?? [])])
        if (metric === undefined || one.metric === metric) drop(one);
      if (metric === undefined) texts.delete(device);
      else
        for (const key of texts.get(device)?.keys() ?? [])
          if (key === metric || key.startsWith(`${metric}:`)) texts.get(device)?.delete(key);
    },
    value(id) {
      const one = byId.get(id);
      return one && valueOf(one);
    },
    text: (device, metric, channel) => texts.get(device)?.get(textKey(metric, channel)),
    ofDevice: (device) => [...(byDevice.get(device) ?? [])].map(valueOf),
    *all() {
      for (const one of byId.values()) yield valueOf(one);
    },
  };
}
