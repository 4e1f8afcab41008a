import { metricOf } from "../appliance/model/metric.ts";
import type { Device, Sensor, SensorSeverity } from "../appliance/model/site.ts";
import { seriesId } from "../appliance/model/site.ts";
import { measured, sensorValue } from "./format.ts";
import type { Html } from "./html.ts";
import { cut, html } from "./html.ts";
import type { PageContext } from "./page.ts";
import { shape } from "./shapes.ts";

/** A sensor's newest value in words, and how good it is by the device's own words and limits. */
export interface Reading {
  readonly sensor: Sensor;
  readonly key: string;
  readonly text: string;
  readonly severity: SensorSeverity;
  readonly timeMs?: number;
}

/** `metric[:channel]`: what names a sensor within its device. */
export function sensorKey({ metric, channel }: Pick<Sensor, "metric" | "channel">): string {
  return channel === undefined ? metric : `${metric}:${channel}`;
}

function severityOf(sensor: Sensor, value: number): SensorSeverity {
  const word = sensor.words?.[String(value)];
  if (word) return word.severity;
  const { low = -Infinity, lowWarn = -Infinity, highWarn = Infinity, high = Infinity } = sensor.limits ?? {};
  if (value <= low || value >= high) return "critical";
  return value <= lowWarn || value >= highWarn ? "warning" : "ok";
}

/** Readings keep their last value when the device stops answering, but not its colour. */
export function readingOf(c: PageContext, device: Device, sensor: Sensor): Reading {
  const { state } = c.view.status.device(device.id);
  const latest = c.view.latest.value(seriesId(device.id, sensor.metric, sensor.channel));
  const text = c.view.latest.text(device.id, sensor.metric, sensor.channel);
  const isOld = state === "down" || state === "unreachable" || state === "unknown";
  if (latest && Number.isFinite(latest.value))
    return {
      sensor,
      key: sensorKey(sensor),
      text: sensorValue(sensor, latest.value),
      severity: isOld ? "unknown" : severityOf(sensor, latest.value),
      timeMs: latest.timeMs,
    };
  if (text)
    return {
      sensor,
      key: sensorKey(sensor),
      text: cut(text.text, 60),
      severity: isOld ? "unknown" : "ok",
      timeMs: text.timeMs,
    };
  return { sensor, key: sensorKey(sensor), text: "–", severity: "unknown" };
}

const shapes = { ok: "ok", warning: "warning", critical: "down", unknown: "unknown" } as const;

/** Shape and word of a reading. */
export function severityMark(c: PageContext, severity: SensorSeverity, isWordHidden = false): Html {
  const state = shapes[severity];
  return html`<span class="state is-${state}" data-state="${state}">${shape(state)}<span class="word${isWordHidden && " hidden"}">${c.t(`severity.${severity}`)}</span></span>`;
}

/** The device's own limits in words: "10 … 60 °C", "below 60 °C". */
export function limitWords(c: PageContext, { limits, metric, unit }: Sensor): string {
  if (!limits) return "–";
  const low = limits.lowWarn ?? limits.low;
  const high = limits.highWarn ?? limits.high;
  const say = (value: number) => measured(metric, value, unit);
  if (low !== undefined && high !== undefined) return `${low} … ${say(high)}`;
  if (high !== undefined) return c.t.plain("limit.below", { value: say(high) });
  return low === undefined ? "–" : c.t.plain("limit.above", { value: say(low) });
}

/** Numbers of a device that stand for themselves: answers, lookups, uptime. */
const ownMetrics = [
  "ping_rtt",
  "ping_loss",
  "http_time",
  "http_status",
  "certificate_days",
  "tcp_time",
  "dns_time",
  "cpu_used",
  "memory_used",
] as const;

/** What a device says now, at most twelve lines: its answers first, then its sensors. */
export function nowList(c: PageContext, device: Device): Html {
  const known = new Set(device.sensors.map(({ metric }) => metric));
  const own = ownMetrics
    .filter((metric) => !known.has(metric))
    .flatMap((metric) => {
      const latest = c.view.latest.value(seriesId(device.id, metric));
      const entry = metricOf(metric);
      if (!latest || !entry || !Number.isFinite(latest.value)) return [];
      return html`<div><dt>${entry.title}</dt><dd>${measured(metric, latest.value, latest.series.unit)}</dd></div>`;
    });
  const sensors = device.sensors.map((sensor) => {
    const { text, severity } = readingOf(c, device, sensor);
    return html`<div><dt><bdi>${cut(sensor.description, 60)}</bdi></dt><dd>${text}${severity !== "ok" && severityMark(c, severity, severity === "unknown")}</dd></div>`;
  });
  const lines = [...own, ...sensors].slice(0, 12);
  if (lines.length === 0) return html`<p class="calm">${c.t("now.nothing")}</p>`;
  return html`<dl class="readings">${lines}</dl>`;
}
