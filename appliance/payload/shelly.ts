import { isObject, type Json, type JsonObject, member, textMember } from "./json.ts";
import { macOf, type Output } from "./output.ts";
import { toNumber } from "./units.ts";

/** A reading of a component: where it stands, what it is, in which unit the device gives it. */
type Reading = readonly [path: string, metric: string, unit?: string];

const switchLike: readonly Reading[] = [
  ["output", "state"],
  ["apower", "power"],
  ["voltage", "voltage"],
  ["current", "current"],
  ["freq", "frequency"],
  ["pf", "power_factor"],
  ["aenergy.total", "energy", "Wh"],
  ["ret_aenergy.total", "energy_returned", "Wh"],
  ["temperature.tC", "device_temperature"],
  ["current_pos", "position"],
  ["brightness", "brightness", "%"],
];

// Components with a number: their readings have it as channel.
const numbered = new Map<string, readonly Reading[]>([
  ["switch", switchLike],
  ["pm1", switchLike],
  ["cover", switchLike],
  ["light", switchLike],
  ["rgb", switchLike],
  ["rgbw", switchLike],
  ["rgbcct", switchLike],
  ["cct", switchLike],
  ["dimmer", switchLike],
  [
    "em1",
    [
      ["voltage", "voltage"],
      ["current", "current"],
      ["act_power", "power"],
      ["aprt_power", "apparent_power"],
      ["pf", "power_factor"],
      ["freq", "frequency"],
    ],
  ],
  [
    "em1data",
    [
      ["total_act_energy", "energy", "Wh"],
      ["total_act_ret_energy", "energy_returned", "Wh"],
    ],
  ],
  ["temperature", [["tC", "temperature"]]],
  ["humidity", [["rh", "humidity"]]],
  ["illuminance", [["lux", "illuminance"]]],
  [
    "input",
    [
      ["state", "input"],
      ["percent", "input_percent", "%"],
      ["counts.total", "input_count"],
      ["freq", "frequency"],
    ],
  ],
  ["smoke", [["alarm", "smoke"]]],
  ["flood", [["alarm", "leak"]]],
  ["gas", [["alarm", "gas"]]],
  ["presence", [["state", "motion"]]],
  ["presencezone", [["state", "motion"]]],
  [
    "devicepower",
    [
      ["battery.percent", "battery"],
      ["battery.V", "battery_voltage"],
      ["external.present", "external_power"],
    ],
  ],
  ["voltmeter", [["voltage", "voltage"]]],
  [
    "thermostat",
    [
      ["current_C", "temperature"],
      ["target_C", "target_temperature"],
      ["current_humidity", "humidity"],
      ["output", "state"],
      ["pos", "position"],
    ],
  ],
  [
    "blutrv",
    [
      ["current_C", "temperature"],
      ["target_C", "target_temperature"],
      ["pos", "position"],
      ["battery", "battery"],
      ["rssi", "rssi"],
    ],
  ],
  [
    "bthomedevice",
    [
      ["battery", "battery"],
      ["rssi", "rssi"],
    ],
  ],
  ["bthomesensor", [["value", "value"]]],
  ["number", [["value", "value"]]],
  ["boolean", [["value", "value"]]],
  ["enum", [["value", "value"]]],
  ["text", [["value", "value"]]],
]);
const shared = new Set(["value"]);
const whole = new Set([
  "sys",
  "wifi",
  "eth",
  "cloud",
  "mqtt",
  "ble",
  "ws",
  "script",
  "knx",
  "matter",
  "bthome",
  "ht_ui",
]);
const phased = new Set(["em", "emdata"]);

/** Whether `switch:0`, `em:0`, `sys` and so on is a component we know of. */
export function isComponent(name: string): boolean {
  const [type = "", number] = name.split(":");
  if (number === undefined) return whole.has(type);
  return /^\d+$/.test(number) && (numbered.has(type) || phased.has(type) || whole.has(type));
}

/** What is known beside a status document. */
export interface StatusFacts {
  readonly timeMs?: number | undefined;
  /** Device and component of those that told of errors. */
  readonly troubled: Set<string>;
  /** What is not in it is not so. */
  readonly isWhole: boolean;
}

/**
 * Reads one component's status, whole or in part: only keys that are there give samples.
 *
 * Source: shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices; aioshelly fixtures.
 */
export function readComponent(
  out: Output,
  device: string,
  name: string,
  status: JsonObject,
  about: StatusFacts,
): void {
  const { timeMs } = about;
  const [type = "", number] = name.split(":");
  if (type === "wifi" || type === "eth") readNetwork(out, device, type, status, timeMs);
  else if (type === "sys") readSystem(out, device, status, timeMs);
  else if (type === "em") readPhases(out, device, status, timeMs);
  else if (type === "emdata") readPhaseCounts(out, device, status, timeMs);
  else
    for (const [path, metric, unit] of numbered.get(type) ?? []) {
      const channel = shared.has(metric) ? `${type}_${number}` : number;
      out.sample(device, metric, at(status, path), { unit, channel, timeMs });
    }
  if (number !== undefined) readErrors(out, device, name, status, about);
}

const mostTroubled = 1_000;

/** `errors` is there while there is one: a whole status without it says that an earlier one is over. */
function readErrors(
  out: Output,
  device: string,
  name: string,
  status: JsonObject,
  { timeMs, troubled, isWhole }: StatusFacts,
): void {
  const errors = member(status, "errors");
  const key = `${device} ${name}`;
  const channel = name.split(":")[1];
  if (Array.isArray(errors) && errors.length > 0) {
    out.sample(device, "problem", true, { channel, timeMs });
    if (troubled.size < mostTroubled) troubled.add(key);
  } else if (troubled.has(key) && (isWhole || Array.isArray(errors))) {
    out.sample(device, "problem", false, { channel, timeMs });
    troubled.delete(key);
  }
}

function at(status: JsonObject, path: string): Json | undefined {
  return path.split(".").reduce<Json | undefined>((value, key) => member(value, key), status);
}

function readNetwork(
  out: Output,
  device: string,
  type: string,
  status: JsonObject,
  timeMs: number | undefined,
): void {
  const rssi = toNumber(member(status, "rssi"));
  if (rssi !== 0) out.sample(device, "rssi", rssi, { timeMs });
  out.describe(device, { ip: textMember(status, type === "wifi" ? "sta_ip" : "ip") });
}

function readSystem(out: Output, device: string, status: JsonObject, timeMs: number | undefined): void {
  out.sample(device, "uptime", member(status, "uptime"), { timeMs });
  out.describe(device, { mac: macOf(textMember(status, "mac")) });
}

const phaseReadings: readonly Reading[] = [
  ["voltage", "voltage"],
  ["current", "current"],
  ["act_power", "power"],
  ["aprt_power", "apparent_power"],
  ["pf", "power_factor"],
  ["freq", "frequency"],
];

/** Three phases a, b, c, the neutral wire n and the total. */
function readPhases(out: Output, device: string, status: JsonObject, timeMs: number | undefined): void {
  for (const channel of ["a", "b", "c", "n"]) {
    const errors = member(status, `${channel}_errors`);
    if (Array.isArray(errors) && errors.length > 0) out.sample(device, "problem", true, { channel, timeMs });
  }
  for (const channel of ["a", "b", "c", "n", "total"])
    for (const [key, metric] of phaseReadings)
      out.sample(device, metric, member(status, `${channel}_${key}`), { channel, timeMs });
}

function readPhaseCounts(out: Output, device: string, status: JsonObject, timeMs: number | undefined): void {
  for (const channel of ["a", "b", "c"]) {
    const total = `${channel}_total_act`;
    out.sample(device, "energy", member(status, `${total}_energy`), { unit: "Wh", channel, timeMs });
    out.sample(device, "energy_returned", member(status, `${total}_ret_energy`), {
      unit: "Wh",
      channel,
      timeMs,
    });
  }
  const channel = "total";
  out.sample(device, "energy", member(status, "total_act"), { unit: "Wh", channel, timeMs });
  out.sample(device, "energy_returned", member(status, "total_act_ret"), { unit: "Wh", channel, timeMs });
}

/** Reads every component of a status, as a notification carries it. */
export function readStatus(out: Output, device: string, status: JsonObject, about: StatusFacts): void {
  for (const [name, component] of Object.entries(status))
    if (isObject(component) && isComponent(name)) readComponent(out, device, name, component, about);
}
