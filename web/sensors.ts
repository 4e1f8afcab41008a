import { metricOf } from "../appliance/model/metric.ts";
import type { Series } from "../appliance/model/series.ts";
import type { Device, Sensor, SeriesId } from "../appliance/model/site.ts";
import { parseSeriesId } from "../appliance/model/site.ts";
import type { PageContext } from "./page.ts";

/** What is shown elsewhere on a device's pages, or only belongs to a percentage. */
const elsewhere = /^(?:if_|poll_|ping_rtt_|ping_jitter|uptime$|memory_total$|disk_total$)/;
/** What says how a device answers comes first. */
const first = [
  "ping_rtt",
  "ping_loss",
  "http_time",
  "http_status",
  "tcp_time",
  "dns_time",
  "certificate_days",
];

/** `metric[:channel]`: what names a sensor within its device. */
export function sensorKey({ metric, channel }: Pick<Sensor, "metric" | "channel">): string {
  return channel === undefined ? metric : `${metric}:${channel}`;
}

/** A measurement without a description of its own, named by the catalogue. */
function implied({ metric, channel, unit }: Pick<Series, "metric" | "channel" | "unit">): Sensor {
  const title = metricOf(metric)?.title ?? metric.replace(/\[.*$/, "").replaceAll("_", " ");
  return channel === undefined
    ? { metric, unit, description: title }
    : { metric, unit, channel, description: `${title} ${channel}` };
}

/** Every number of a device but its ports': those it describes and those that are measured of it. */
export function sensorsOf(c: PageContext, device: Device): readonly Sensor[] {
  const described = new Set(device.sensors.map(sensorKey));
  const rest = c.view.latest
    .ofDevice(device.id)
    .filter(({ series }) => !elsewhere.test(series.metric) && !described.has(sensorKey(series)))
    .map(({ series }) => implied(series));
  const rank = ({ metric }: Sensor) => (first.includes(metric) ? first.indexOf(metric) : first.length);
  const leading = rest.filter(({ metric }) => first.includes(metric)).sort((a, b) => rank(a) - rank(b));
  return toldApart([...leading, ...device.sensors, ...rest.filter(({ metric }) => !first.includes(metric))]);
}

/** "Output 1" of which there are three says what it measures: "Output 1: power". */
function toldApart(sensors: readonly Sensor[]): readonly Sensor[] {
  const times = new Map<string, number>();
  for (const { description } of sensors) times.set(description, (times.get(description) ?? 0) + 1);
  return sensors.map((sensor) => {
    const title = metricOf(sensor.metric)?.title;
    if (times.get(sensor.description) === 1 || title === undefined) return sensor;
    return {
      ...sensor,
      description: `${sensor.description}: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
    };
  });
}

/** The series that there are of a device, kept ones included: after a restart a dead device has no newest values. */
export function storedOf(c: PageContext, { id }: Device): Promise<ReadonlySet<SeriesId>> {
  return c.memo(`stored/${id}`, 60_000, async () => {
    const kept = await c.view.store.series(`${id}:*`).catch(() => []);
    const known = c.view.latest.ofDevice(id).map(({ series }) => series.id);
    return new Set([...kept, ...known]);
  });
}

/** The channels of a metric among series; `undefined` stands for the series without one. */
export function channelsOf(ids: Iterable<SeriesId>, metric: string): (string | undefined)[] {
  return [...ids].flatMap((id) => {
    const parsed = parseSeriesId(id);
    return parsed?.metric === metric ? [parsed.channel] : [];
  });
}
