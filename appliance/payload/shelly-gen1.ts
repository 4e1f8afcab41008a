import { isObject, type Json, type JsonObject, member, textMember } from "./json.ts";
import { macOf, type Output } from "./output.ts";
import { secondsMs } from "./times.ts";
import { toBoolean, toNumber } from "./units.ts";

const sensorMetrics = new Map([
  ["battery", "battery"],
  ["lux", "illuminance"],
  ["flood", "leak"],
  ["motion", "motion"],
  ["smoke", "smoke"],
  ["vibration", "vibration"],
  ["ext_power", "external_power"],
  ["charger", "external_power"],
]);

/** 999, or anything below -100, stands for no reading. */
export function isReading(number: number | undefined): number is number {
  return number !== undefined && number !== 999 && number >= -100;
}

type ReadText = (out: Output, device: string, text: string, index: string | undefined) => void;

const gasLevels = new Map([
  ["none", false],
  ["mild", true],
  ["heavy", true],
]);

/** A temperature or humidity, unless its number stands for none. */
function reading(metric: string): ReadText {
  return (out, device, text, channel) => {
    const number = toNumber(text);
    if (isReading(number)) out.sample(device, metric, number, { channel });
  };
}

const sensors = new Map<string, ReadText>([
  ["temperature", reading("temperature")],
  ["humidity", reading("humidity")],
  [
    "tilt",
    (out, device, text) => {
      const number = toNumber(text);
      // -1: no reading.
      if (number !== undefined && number >= 0) out.sample(device, "tilt", number, { unit: "°" });
    },
  ],
  [
    "state",
    (out, device, text) => {
      if (text === "open" || text === "close") out.sample(device, "open", text === "open");
    },
  ],
  ["gas", (out, device, text) => void out.sample(device, "gas", gasLevels.get(text))],
  [
    "concentration",
    (out, device, text) => void out.sample(device, "gas_concentration", toNumber(text), { unit: "ppm" }),
  ],
]);

/** `sensor/<name>`. */
export function readSensor(out: Output, device: string, name: string, text: string): void {
  const metric = sensorMetrics.get(name);
  if (metric === undefined) sensors.get(name)?.(out, device, text, undefined);
  // A negative charge stands for an unknown one.
  else if (name !== "battery" || !text.startsWith("-")) out.sample(device, metric, text);
}

const others = new Map<string, ReadText>([
  ["temperature", reading("device_temperature")],
  ["ext_temperature", reading("temperature")],
  ["ext_humidity", reading("humidity")],
  ["overtemperature", (out, device, text) => void out.sample(device, "problem", text)],
  ["overload", (out, device, text) => void out.sample(device, "problem", text, { channel: "overload" })],
  ["loaderror", (out, device, text) => void out.sample(device, "problem", text, { channel: "loaderror" })],
  ["voltage", (out, device, text, channel) => void out.sample(device, "voltage", text, { channel })],
  ["adc", (out, device, text, n = "0") => void out.sample(device, "voltage", text, { channel: `adc_${n}` })],
  ["input", (out, device, text, channel) => void out.sample(device, "input", text, { channel })],
  [
    "ext_switch",
    (out, device, text, n = "0") => void out.sample(device, "input", text, { channel: `ext_${n}` }),
  ],
  [
    "longpush",
    (out, device, text, channel) => {
      if (toBoolean(text)) out.event(device, "input_event", "long", { channel });
    },
  ],
]);

/** What stands directly below the device: `temperature`, `input/0`, `ext_temperature/1`. */
export function readOther(
  out: Output,
  device: string,
  part: string,
  text: string,
  index: string | undefined,
): void {
  others.get(part)?.(out, device, text, index);
}

/** The device's HTTP status document. */
export function readInfo(out: Output, device: string, info: JsonObject): void {
  const wifi = member(info, "wifi_sta");
  out.describe(device, {
    mac: macOf(textMember(info, "mac")),
    ip: textMember(wifi, "ip"),
    firmware: textMember(member(info, "update"), "old_version"),
  });
  const rssi = toNumber(member(wifi, "rssi"));
  // 0 is written while it is not connected.
  if (rssi !== 0) out.sample(device, "rssi", rssi);
  out.sample(device, "uptime", member(info, "uptime"));
  const battery = member(info, "bat");
  out.sample(device, "battery", member(battery, "value"));
  out.sample(device, "battery_voltage", member(battery, "voltage"));
  readClimate(out, device, info);
}

function readClimate(out: Output, device: string, info: JsonObject): void {
  const valid = (part: Json | undefined, key: string) => {
    const number = toNumber(member(part, key));
    return member(part, "is_valid") !== false && isReading(number) ? number : undefined;
  };
  const temperature = member(info, "tmp");
  if (isObject(temperature)) out.sample(device, "temperature", valid(temperature, "tC"));
  out.sample(device, "humidity", valid(member(info, "hum"), "value"));
  out.sample(device, "illuminance", valid(member(info, "lux"), "value"));
  const thermostats = member(info, "thermostats");
  if (!Array.isArray(thermostats)) return;
  for (const [index, entry] of thermostats.entries()) {
    const channel = `${index}`;
    out.sample(device, "position", valid(entry, "pos"), { channel });
    out.sample(device, "target_temperature", member(member(entry, "target_t"), "value"), { channel });
    out.sample(device, "temperature", valid(member(entry, "tmp"), "value"), { channel });
  }
}

/** `status` of Shelly Motion and TRV, which put everything into one document. Source: shelly-api-docs gen1, MQTT. */
export function readStatusDocument(out: Output, device: string, status: JsonObject): void {
  const timeMs = secondsMs(member(status, "timestamp"));
  for (const metric of ["motion", "vibration", "tamper"])
    if (typeof member(status, metric) === "boolean")
      out.sample(device, metric, member(status, metric), { timeMs });
  const battery = toNumber(member(status, "bat"));
  if (battery !== undefined && battery >= 0) out.sample(device, "battery", battery);
  out.sample(device, "illuminance", toNumber(member(status, "lux")));
  const measured = member(status, "tmp");
  const temperature = toNumber(member(measured, "value"));
  if (isReading(temperature)) {
    const unit = textMember(measured, "units");
    out.sample(device, "temperature", temperature, unit === undefined ? {} : { unit });
  }
  out.sample(device, "target_temperature", member(member(status, "target_t"), "value"));
  out.sample(device, "position", member(status, "pos"));
}
