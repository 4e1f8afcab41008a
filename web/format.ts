import type { LatestValue } from "../appliance/model/contracts.ts";
import { metricOf } from "../appliance/model/metric.ts";
import type { Port, Sensor } from "../appliance/model/site.ts";
import { agoWords, durationWords } from "../appliance/model/words.ts";
import type { Html, Part } from "./html.ts";
import { cut, html } from "./html.ts";
import type { PageContext } from "./page.ts";

const noBreak = "\u00A0";

/** "12", "1.2", "0.04": as many digits as the size asks for, at most `digits` after the point. */
export function number(value: number, digits = 1): string {
  if (!Number.isFinite(value)) return "–";
  return new Intl.NumberFormat("en", {
    maximumFractionDigits: digits,
  }).format(value);
}

const steps = ["", "k", "M", "G", "T"] as const;

/** "940 kbit/s" from 940,000 bit/s; three figures at most. */
export function scaled(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "–";
  let step = 0;
  let rest = Math.abs(value);
  while (rest >= 999.5 && step < steps.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  const text = number(rest, rest < 9.95 && step > 0 ? 1 : 0);
  return `${value < 0 ? "−" : ""}${text}${noBreak}${steps[step]}${unit}`;
}

/** A value with its unit as people read it: "41 °C", "1.2 Gbit/s", "23 minutes". */
export function measured(metric: string, value: number, unit: string): string {
  if (!Number.isFinite(value)) return "–";
  const entry = metricOf(metric);
  if (unit === "bit/s") return scaled(value, unit);
  if (unit === "B") return scaled(value, entry?.kind === "counter" ? "B/s" : "B");
  if (unit === "s") return durationWords(value * 1_000);
  const usual = entry?.digits ?? (Math.abs(value) < 10 ? 2 : 1);
  // What is not zero must not read as zero: two figures of it.
  const tiny = value !== 0 && Math.abs(value) < 10 ** -usual;
  const digits = tiny ? Math.min(6, 1 - Math.floor(Math.log10(Math.abs(value)))) : usual;
  const rate = entry?.kind === "counter" ? `${unit || ""}/s` : unit;
  return rate ? `${number(value, digits)}${noBreak}${cut(rate, 16)}` : number(value, digits);
}

/** A sensor's value in words: its own word for the number where it has one, yes or no for booleans. */
export function sensorValue(sensor: Sensor, value: number): string {
  const word = sensor.words?.[String(value)];
  if (word) return cut(word.text, 60);
  const entry = metricOf(sensor.metric);
  if (entry?.kind === "state" && sensor.metric !== "sensor_state" && (value === 0 || value === 1))
    return value === 1 ? "yes" : "no";
  return measured(sensor.metric, value, sensor.unit);
}

/** The last value of a sensor; of a plain count, such as pages printed, the count itself says more than its rate. */
export function sensorText(sensor: Sensor, latest: Pick<LatestValue, "value" | "count">): string {
  const isCount = metricOf(sensor.metric)?.kind === "counter" && sensor.unit === "" && !sensor.words;
  if (isCount && latest.count !== undefined) return number(latest.count, 0);
  return sensorValue(sensor, latest.value);
}

/** What a port is called: its name, and what people wrote on it. */
export function portName(port: Port): string {
  return cut(port.ifName ?? port.ifDescr ?? `${port.ifIndex}`, 60);
}

/** A moment in words with the exact time behind it. */
export function moment(c: PageContext, atMs: number, text?: Part): Html {
  return html`<time datetime="${new Date(atMs).toISOString()}" title="${c.words.exact(atMs)}">${text ?? c.words.moment(atMs, c.nowMs)}</time>`;
}

/** "since 10:42". */
export function since(c: PageContext, atMs: number): Html {
  return moment(c, atMs, c.words.since(atMs, c.nowMs));
}

/** "12 minutes ago", in steps of a minute so that a page at rest stays the same. */
export function ago(c: PageContext, atMs: number): Html {
  return moment(c, atMs, agoWords(atMs, c.nowMs));
}

/** "18 min", "3 h", "2 d": for narrow places; the words are the title. */
export function shortDuration(durationMs: number): Html {
  const minutes = Math.max(0, Math.floor(durationMs / 60_000));
  const hours = Math.floor(minutes / 60);
  const text =
    minutes < 1
      ? "<1 min"
      : minutes < 60
        ? `${minutes} min`
        : hours < 48
          ? `${hours} h`
          : `${Math.floor(hours / 24)} d`;
  return html`<span title="${durationWords(durationMs)}">${text.replace(" ", noBreak)}</span>`;
}
