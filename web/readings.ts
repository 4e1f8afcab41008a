import type { Device, Sensor, SensorSeverity } from "../appliance/model/site.ts";
import { seriesId } from "../appliance/model/site.ts";
import { measured, sensorText } from "./format.ts";
import type { Html } from "./html.ts";
import { cut, foreign, html } from "./html.ts";
import type { PageContext } from "./page.ts";
import { sensorKey, sensorsOf } from "./sensors.ts";
import { shape } from "./shapes.ts";

/** A sensor's newest value in words, and how good it is by the device's own words and limits. */
export interface Reading {
  readonly sensor: Sensor;
  readonly key: string;
  readonly text: string;
  readonly severity: SensorSeverity;
  readonly timeMs?: number;
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
  if (latest && Number.isFinite(latest.count ?? latest.value))
    return {
      sensor,
      key: sensorKey(sensor),
      text: sensorText(sensor, latest),
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

/** How a device answers, one line for each way it is asked. */
function answerLines(c: PageContext, { id }: Device): Html[] {
  const { answers, state } = c.view.status.device(id);
  return [...answers.by].map(([via, { online, sinceMs, detail }]) => {
    const shown = online ? "ok" : state === "unreachable" ? "unreachable" : "down";
    const known = c.t.plain(`via.${via}`);
    const way = known.startsWith("via.") ? cut(via, 20) : known;
    const word = c.t(online ? "answers.yes" : "answers.no", { since: c.words.since(sinceMs, c.nowMs) });
    const why = !online && detail !== undefined && html`<span class="why">${foreign(detail)}</span>`;
    return html`<div><dt>${way}</dt><dd><span class="state is-${shown}" data-state="${shown}">${shape(shown)}<span class="word">${word}</span></span></dd>${why}</div>`;
  });
}

/** What a device says now, at most fourteen lines: how it answers, then its numbers. */
export function nowList(c: PageContext, device: Device): Html {
  const sensors = sensorsOf(c, device).filter(({ metric }) => metric !== "uptime");
  const readings = sensors.map((sensor) => {
    const { text, severity } = readingOf(c, device, sensor);
    return html`<div><dt><bdi>${cut(sensor.description, 60)}</bdi></dt><dd>${text}${severity !== "ok" && severityMark(c, severity, severity === "unknown")}</dd></div>`;
  });
  const lines = [...answerLines(c, device), ...readings].slice(0, 14);
  if (lines.length === 0) return html`<p class="calm">${c.t("now.nothing")}</p>`;
  return html`<dl class="readings">${lines}</dl>`;
}
