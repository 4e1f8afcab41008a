import type { Exposed } from "./exposes.ts";
import { type Json, type JsonObject, member } from "./json.ts";
import { channelOf, type Output, slug } from "./output.ts";
import { momentMs } from "./times.ts";
import { isBooleanMetric, toBoolean, toNumber } from "./units.ts";

const metricNames = new Map(
  Object.entries({
    occupancy: "motion",
    presence: "motion",
    water_leak: "leak",
    linkquality: "link_quality",
    illuminance_lux: "illuminance",
    local_temperature: "temperature",
    occupied_heating_setpoint: "target_temperature",
    current_heating_setpoint: "target_temperature",
    power_apparent: "apparent_power",
    power_reactive: "reactive_power",
    ac_frequency: "frequency",
    produced_energy: "energy_returned",
    pm2_5: "pm25",
  }),
);

// Nested, settings or momentary: no state of the world.
const skipped = new Set(["update", "color", "effect", "last_seen", "update_available", "device", "elapsed"]);
const endpoints =
  /^(.+)_(l\d{1,2}|\d{1,2}|left|right|center|top|bottom|top_left|top_right|bottom_left|bottom_right|phase_[abc])$/;
const splittable = new Set([
  "state",
  "power",
  "energy",
  "current",
  "voltage",
  "temperature",
  "humidity",
  "position",
  "power_factor",
  "soil_moisture",
]);

/** Metric names that a device with these properties gives. */
export function exposedMetrics(exposes: ReadonlyMap<string, Exposed>): string[] {
  const names = [...exposes.values()]
    .map((exposed) => {
      const { metric } = metricOf(exposed.property, exposed);
      if (exposed.property === "contact") return "open";
      return metric === "voltage" && exposed.unit === "mV" ? "battery_voltage" : metric;
    })
    .filter((name) => name !== "action" && name !== "");
  return [...new Set(names)].slice(0, 64);
}

/**
 * Reads the state of one Zigbee2MQTT device.
 *
 * @param exposes - properties of its definition by name; empty when unknown
 */
export function readZigbeeState(
  out: Output,
  device: string,
  state: JsonObject,
  exposes: ReadonlyMap<string, Exposed>,
): void {
  const timeMs = momentMs(member(state, "last_seen"));
  const hasBattery = Object.hasOwn(state, "battery") || exposes.has("battery");
  for (const [key, value] of Object.entries(state)) {
    if (skipped.has(key) || (typeof value === "object" && value !== null)) continue;
    // 1.x gives the raw value beside the one in lux.
    if (key === "illuminance" && Object.hasOwn(state, "illuminance_lux")) continue;
    if (key === "action" || key === "click") out.event(device, "action", value, { timeMs });
    else readProperty(out, device, key, value, { exposed: exposes.get(key), hasBattery, timeMs });
  }
}

function readProperty(
  out: Output,
  device: string,
  key: string,
  value: Json,
  about: { exposed: Exposed | undefined; hasBattery: boolean; timeMs: number | undefined },
): void {
  const { exposed, hasBattery, timeMs } = about;
  if (key.startsWith("action_")) return;
  if (key === "contact") {
    // `contact: true` says that the contact is closed.
    const closed = toBoolean(value);
    if (closed !== undefined) out.sample(device, "open", !closed, { timeMs });
    return;
  }
  const { metric, channel } = metricOf(key, exposed);
  if (metric === "voltage") {
    const isMilli = exposed?.unit === undefined ? hasBattery && Number(value) > 1_000 : exposed.unit === "mV";
    if (isMilli) {
      out.sample(device, "battery_voltage", value, { unit: "mV", channel, timeMs });
      return;
    }
  }
  const plain = plainOf(metric, value, exposed);
  if (plain !== undefined) out.sample(device, metric, plain, { unit: exposed?.unit, channel, timeMs });
}

/** Numbers and booleans as they are; text only where it stands for one, or where the definition exposes it. */
function plainOf(metric: string, value: Json, exposed: Exposed | undefined): Json | undefined {
  if (exposed?.valueOn !== undefined && value === exposed.valueOn) return true;
  if (exposed?.valueOff !== undefined && value === exposed.valueOff) return false;
  if (typeof value !== "string" || isBooleanMetric(metric)) return value;
  return toNumber(value) ?? (exposed && exposed.type !== "numeric" ? value : undefined);
}

function metricOf(property: string, exposed: Exposed | undefined): { metric: string; channel?: string } {
  const endpoint = exposed?.endpoint;
  if (exposed && endpoint !== undefined) {
    const tail = `_${endpoint}`;
    const name = exposed.name.endsWith(tail) ? exposed.name.slice(0, -tail.length) : exposed.name;
    const channel = channelOf(endpoint);
    return { metric: metricNames.get(name) ?? slug(name), ...(channel === undefined ? {} : { channel }) };
  }
  const known = metricNames.get(property);
  if (known !== undefined) return { metric: known };
  const [, base, channel] = endpoints.exec(property) ?? [];
  if (base !== undefined && channel !== undefined && splittable.has(base)) return { metric: base, channel };
  return { metric: slug(property) };
}
