import { z } from "zod";
import type { CheckPlugin, Judgement } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import { quantityText } from "../model/quantity.ts";
import type { Series } from "../model/series.ts";
import type { Device, Sensor, SensorLimits } from "../model/site.ts";

const config = z.strictObject({});
type Settings = z.infer<typeof config>;

const sensorOf = (device: Device, series: Series): Sensor | undefined =>
  device.sensors.find(({ metric, channel }) => metric === series.metric && channel === series.channel);

const breaks = {
  low: { severity: "critical", words: "too low" },
  high: { severity: "critical", words: "too high" },
  lowWarn: { severity: "warning", words: "low" },
  highWarn: { severity: "warning", words: "high" },
} as const;

/**
 * Which of the device's own limits a value breaks, the worst first. Limits that make no sense together
 * (low not under high, all zero) are none.
 */
function broken(limits: SensorLimits, value: number): keyof SensorLimits | undefined {
  const { low, high, lowWarn, highWarn } = limits;
  if (low !== undefined && high !== undefined && low >= high) return undefined;
  if (low !== undefined && value < low) return "low";
  if (high !== undefined && value > high) return "high";
  if (lowWarn !== undefined && value < lowWarn) return "lowWarn";
  if (highWarn !== undefined && value > highWarn) return "highWarn";
  return undefined;
}

function byWords(sensor: Sensor, value: number): Judgement | undefined {
  const word = sensor.words?.[String(value)];
  if (!word) return undefined;
  const { text, severity } = word;
  const isBad = severity === "warning" || severity === "critical";
  return {
    broken: isBad,
    ...(severity === "unknown" ? { unknown: true } : {}),
    ...(isBad ? { severity } : {}),
    summary: `${sensor.description} of {name}: ${text}.`,
    evidence: [`${sensor.description} = ${value} (${text})`],
    value,
  };
}

function byLimits(sensor: Sensor, limits: SensorLimits, value: number): Judgement {
  const which = broken(limits, value);
  const text = quantityText(value, sensor.unit, metricOf(sensor.metric)?.digits);
  if (!which)
    return {
      broken: false,
      summary: `${sensor.description} of {name} is at ${text}.`,
      evidence: [],
      value,
    };
  const { severity, words } = breaks[which];
  return {
    broken: true,
    severity,
    summary: `${sensor.description} of {name} is ${words}: ${text}.`,
    evidence: [`limit of the device itself: ${which} ${limits[which]}`],
    value,
  };
}

/** The device's own judgement: a state that it calls bad, or a value beyond a limit that it reports. */
export const check = {
  type: "sensor",
  summary: "A sensor is in a state, or beyond a limit, that its device calls bad.",
  config,
  about: "series",
  windowMs: 0,
  wants(device, series) {
    const sensor = sensorOf(device, series);
    return sensor?.words !== undefined || sensor?.limits !== undefined;
  },
  create: () => ({
    judge({ device, series, columns }): Judgement {
      const value = columns.values.at(-1);
      const sensor = series && sensorOf(device, series);
      const unknown = {
        broken: false,
        unknown: true,
        summary: "",
        evidence: [],
      };
      if (!sensor || value === undefined) return unknown;
      const judged = byWords(sensor, value);
      if (judged) return judged;
      return sensor.limits ? byLimits(sensor, sensor.limits, value) : { ...unknown, unknown: false };
    },
  }),
} satisfies CheckPlugin<Settings>;
