import type { SeriesTable } from "../model/contracts.ts";
import { metricKey, metricOf } from "../model/metric.ts";
import type { Series } from "../model/series.ts";
import { type DeviceId, type SeriesId, seriesId } from "../model/site.ts";

/** A metric as `metricKey` wrote it, unit in brackets: read back from a store, it must not be slugged again. */
const keyed = /^[a-z0-9_]{1,64}\[([^\]]{1,24})\]$/;

function describe(metric: string, unit: string | undefined) {
  const entry = metricOf(metric);
  if (entry) return { metric, unit: entry.unit, kind: entry.kind };
  const bracket = keyed.exec(metric);
  const key = bracket ? metric : metricKey(metric, unit);
  return {
    metric: key,
    unit: keyed.exec(key)?.[1] ?? "",
    kind: "gauge" as const,
  };
}

/** Hands out one object a series, numbered from 0 in the order of first use. */
export function createSeriesTable(): SeriesTable {
  const byId = new Map<SeriesId, Series>();
  const list: Series[] = [];

  function make(
    device: DeviceId,
    metric: string,
    channel: string | undefined,
    unit: string | undefined,
  ): Series {
    const described = describe(metric, unit);
    const id = seriesId(device, described.metric, channel);
    const known = byId.get(id);
    if (known) return known;
    const series: Series = {
      id,
      index: list.length,
      device,
      ...described,
      ...(channel === undefined ? {} : { channel }),
    };
    byId.set(id, series);
    list.push(series);
    return series;
  }

  return {
    of: (device, metric, channel, unit) =>
      (metricOf(metric) ? byId.get(seriesId(device, metric, channel)) : undefined) ??
      make(device, metric, channel, unit),
    find: (id) => byId.get(id),
    all: () => list,
  };
}
