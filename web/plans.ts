import { metricOf } from "../appliance/model/metric.ts";
import type { Device, Port, Sensor } from "../appliance/model/site.ts";
import { seriesId } from "../appliance/model/site.ts";
import type { TimeRange } from "../appliance/model/time.ts";
import type { ChartPlan } from "./charts.ts";
import { measured, number, portName, scaled } from "./format.ts";
import { cut } from "./html.ts";
import type { PageContext } from "./page.ts";
import { shownRange } from "./ranges.ts";
import { sensorKey } from "./sensors.ts";

/** A name for an element, from a key of letters, digits and whatever devices call their channels. */
function elementId(key: string): string {
  return `chart-${key.replace(/[^A-Za-z0-9]+/g, "-")}`;
}

export interface PingPlace {
  readonly range?: TimeRange;
  readonly path?: string;
  /** Where a device has several addresses: which one. */
  readonly channel?: string | undefined;
}

/** Reply time as smoke: percentiles around the median, loss on the floor. */
export function pingPlan(c: PageContext, device: Device, place: PingPlace = {}): ChartPlan {
  const { range = shownRange(c), path = `/devices/${device.id}`, channel } = place;
  const series = (metric: string, label: string) => ({ id: seriesId(device.id, metric, channel), label });
  const title =
    channel === undefined
      ? c.t.plain("chart.ping")
      : c.t.plain("chart.pingof", { channel: cut(channel, 60) });
  return {
    id: channel === undefined ? "chart-ping" : elementId(`ping-${channel}`),
    kind: "smoke",
    title,
    series: [
      series("ping_rtt_p10", "10 %"),
      series("ping_rtt_p25", "25 %"),
      series("ping_rtt_p50", c.t.plain("chart.median")),
      series("ping_rtt_p75", "75 %"),
      series("ping_rtt_p90", "90 %"),
      series("ping_loss", c.t.plain("chart.losses")),
    ],
    unit: "ms",
    range,
    say: (value) => measured("ping_rtt", value, "ms"),
    about: c.t.plain("chart.about", { what: title, name: cut(device.name, 60) }),
    path,
  };
}

/** Traffic of a port, in above and out below. */
export function trafficPlan(
  c: PageContext,
  device: Device,
  port: Port,
  title = c.t.plain("chart.traffic"),
  path = `/devices/${device.id}`,
): ChartPlan {
  return {
    id: "chart-traffic",
    kind: "mirror",
    title,
    series: [
      { id: seriesId(device.id, "if_in_octets", port.id), label: c.t.plain("chart.in") },
      { id: seriesId(device.id, "if_out_octets", port.id), label: c.t.plain("chart.out") },
    ],
    unit: "bit/s",
    factor: 8,
    range: shownRange(c),
    say: (value) => scaled(value, "bit/s"),
    about: c.t.plain("chart.about", { what: title, name: cut(device.name, 60) }),
    path,
  };
}

/** Errors and thrown away packets of a port, a second. */
export function lossPlan(c: PageContext, device: Device, port: Port, path: string): ChartPlan {
  return {
    id: "chart-loss",
    kind: "lines",
    title: c.t.plain("chart.portloss"),
    series: (["if_in_errors", "if_out_errors", "if_in_discards", "if_out_discards"] as const).map(
      (metric) => ({
        id: seriesId(device.id, metric, port.id),
        label: metricOf(metric)?.title ?? metric,
      }),
    ),
    unit: "/s",
    range: shownRange(c),
    say: (value) => `${number(value, 2)}/s`,
    about: c.t.plain("chart.about", { what: c.t.plain("chart.portloss"), name: portName(port) }),
    path,
  };
}

/** Any one number of a device, with the limits the device itself gives. */
export function sensorPlan(
  c: PageContext,
  device: Device,
  sensor: Pick<Sensor, "metric" | "channel" | "description" | "unit" | "limits">,
  path = `/devices/${device.id}`,
): ChartPlan {
  const { metric, channel, unit, limits = {} } = sensor;
  const title = cut(sensor.description, 60);
  const kind = metricOf(metric)?.title.toLowerCase() ?? "";
  // A short name such as "Chassis" does not say what is measured.
  const named = title.length < 12 && !title.toLowerCase().includes(kind) ? `${title}: ${kind}` : title;
  const lines = [limits.lowWarn ?? limits.low, limits.highWarn ?? limits.high]
    .filter((value) => value !== undefined)
    .map((value) => ({ value, text: measured(metric, value, unit) }));
  return {
    id: elementId(sensorKey(sensor)),
    kind: "band",
    title: named,
    series: [{ id: seriesId(device.id, metric, channel), label: title }],
    unit,
    range: shownRange(c),
    ...(lines.length > 0 ? { limits: lines } : {}),
    say: (value) => measured(metric, value, unit),
    about: c.t.plain("chart.about", { what: title, name: cut(device.name, 60) }),
    path,
  };
}
