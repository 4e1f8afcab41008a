import { isObject, type Json, type JsonObject, member, textMember } from "./json.ts";
import { channelOf, type Output, slug } from "./output.ts";
import { toNumber } from "./units.ts";

// What Tasmota calls things, and what we do. Source: tasmota/docs docs/{MQTT,ADC,Zigbee}.md; hatasmota sensor.py.
const names = new Map(
  Object.entries({
    Temperature: "temperature",
    Humidity: "humidity",
    DewPoint: "dew_point",
    Pressure: "pressure",
    SeaPressure: "sea_pressure",
    Illuminance: "illuminance",
    CarbonDioxide: "co2",
    CO2: "co2",
    eCO2: "eco2",
    TVOC: "voc",
    Noise: "noise",
    Moisture: "soil_moisture",
    Gas: "gas_resistance",
    "PM1.0": "pm1",
    PM1: "pm1",
    "PM2.5": "pm25",
    PM10: "pm10",
    Total: "energy",
    Today: "energy_today",
    Yesterday: "energy_yesterday",
    ExportActive: "energy_returned",
    Power: "power",
    ApparentPower: "apparent_power",
    ReactivePower: "reactive_power",
    Factor: "power_factor",
    Voltage: "voltage",
    Current: "current",
    Frequency: "frequency",
    Battery: "battery",
    BatteryVoltage: "battery_voltage",
    BatteryPercentage: "battery",
    Speed: "speed",
    Dir: "direction",
    Distance: "distance",
    Occupancy: "motion",
    LinkQuality: "link_quality",
    RMSVoltage: "voltage",
    RMSCurrent: "current",
    ActivePower: "power",
    Water: "leak",
    Fire: "smoke",
    CO: "gas",
    Contact: "open",
    Vibration: "vibration",
    Tamper: "tamper",
  }),
);
const unread = new Set([
  "Time",
  "Epoch",
  "Id",
  "Address",
  "Heap",
  "LoadAvg",
  "TotalStartTime",
  "Name",
  "Device",
  "Endpoint",
  "Group",
  "IEEEAddr",
  "ModelId",
  "Manufacturer",
  "ZoneStatus",
  "ZoneType",
  "Sleep",
  "SleepMode",
  "MqttCount",
]);
/** tasmota/docs ADC.md: what a current transformer at the analog input gives. */
const innerNames = new Map([
  ["Energy", "energy"],
  ["Power", "power"],
  ["Voltage", "voltage"],
  ["Current", "current"],
]);
const degrees = new Set(["Temperature", "DewPoint"]);

/** Units that ride beside the sensors. */
interface Units {
  readonly temperature: string | undefined;
  readonly pressure: string | undefined;
  readonly speed: string | undefined;
}

function unitsOf(document: JsonObject): Units {
  return {
    temperature: textMember(document, "TempUnit"),
    pressure: textMember(document, "PressureUnit"),
    speed: textMember(document, "SpeedUnit"),
  };
}

function unitOf(key: string, sensor: string, units: Units): string | undefined {
  if (degrees.has(key)) return units.temperature;
  if (key === "Pressure" || key === "SeaPressure") return units.pressure ?? "hPa";
  if (key === "Speed") return units.speed;
  // VL53L0X and its kin give millimetres, ultrasonic sensors centimetres.
  if (key === "Distance") return /^vl53/i.test(sensor) ? "mm" : "cm";
  return undefined;
}

function isUnread(key: string): boolean {
  return unread.has(key) || key.endsWith("Unit");
}

function metricOf(key: string): string {
  return names.get(key) ?? slug(key);
}

/** Reads a SENSOR document: each nested object is a sensor. */
export function readSensors(out: Output, device: string, document: JsonObject): void {
  const units = unitsOf(document);
  for (const [key, value] of Object.entries(document)) {
    if (isUnread(key) || key === "ZbReceived") continue;
    const contact = /^Switch(\d+)$/.exec(key)?.[1];
    if (contact !== undefined) out.sample(device, "input", value, { channel: contact });
    else if (isObject(value)) readSensor(out, device, key, value, units);
    else readFlat(out, device, key, value, units);
  }
}

/** Old firmware (Sonoff SC) writes readings without a sensor around them. */
function readFlat(out: Output, device: string, key: string, value: Json, units: Units): void {
  if (typeof value === "number") out.sample(device, metricOf(key), value, { unit: unitOf(key, "", units) });
}

function readSensor(out: Output, device: string, sensor: string, readings: JsonObject, units: Units): void {
  for (const [key, value] of Object.entries(readings)) {
    if (isUnread(key)) continue;
    const unit = unitOf(key, sensor, units);
    if (isObject(value)) readInner(out, device, { sensor, key, unit }, value);
    else if (Array.isArray(value))
      for (const [index, one] of value.entries())
        readNumber(out, device, metricOf(key), one, unit, `${index}`);
    else readReading(out, device, { sensor, key, units }, value);
  }
}

/** One reading of a sensor; `Temperature2` of ANALOG is the second of its kind. */
function readReading(
  out: Output,
  device: string,
  { sensor, key, units }: { readonly sensor: string; readonly key: string; readonly units: Units },
  value: Json,
): void {
  const [, base = "", number] = /^([A-Za-z]+)(\d+)$/.exec(key) ?? [];
  const numbered = names.has(key) ? undefined : names.get(base);
  const channel = channelOf(sensor);
  if (numbered === undefined)
    readNumber(out, device, metricOf(key), value, unitOf(key, sensor, units), channel);
  else readNumber(out, device, numbered, value, unitOf(base, sensor, units), `${channel}_${number}`);
}

/** `ENERGY.Power` by phase, or one level deeper as `TX23.Speed.Act`. */
function readInner(
  out: Output,
  device: string,
  { sensor, key, unit }: { readonly sensor: string; readonly key: string; readonly unit: string | undefined },
  inner: JsonObject,
): void {
  for (const [part, value] of Object.entries(inner)) {
    // `ANALOG.CTEnergy1.Power`: the middle key names the part, the last one what is measured.
    const metric = names.has(key) ? undefined : innerNames.get(part);
    if (metric !== undefined)
      readNumber(out, device, metric, value, undefined, channelOf(`${sensor}_${key}`));
    else {
      const channel = channelOf(sensor === "ENERGY" ? part : `${sensor}_${part}`);
      readNumber(out, device, metricOf(key), value, unit, channel);
    }
  }
}

function readNumber(
  out: Output,
  device: string,
  metric: string,
  value: Json,
  unit: string | undefined,
  channel: string | undefined,
): void {
  if (typeof value === "number") out.sample(device, metric, value, { unit, channel });
}

/** Words for on and off, which a device can rename. */
export interface Words {
  readonly off: string;
  readonly on: string;
}
export const plainWords: Words = { off: "OFF", on: "ON" };

/** Reads a STATE document, or the part of a RESULT that has its shape. */
export function readState(out: Output, device: string, document: JsonObject, words: Words): void {
  const uptime = member(document, "UptimeSec") ?? secondsOf(textMember(document, "Uptime"));
  out.sample(device, "uptime", uptime);
  out.sample(device, "supply_voltage", toNumber(member(document, "Vcc")), { unit: "V" });
  const wifi = member(document, "Wifi");
  out.sample(device, "rssi", member(wifi, "Signal"));
  out.sample(device, "wifi_quality", toNumber(member(wifi, "RSSI")));
  for (const [key, value] of Object.entries(document)) {
    const relay = /^POWER(\d*)$/.exec(key);
    if (relay) readPower(out, device, relay[1] ?? "", value, words);
    const button = /^(?:Button|Switch)\d+$/.test(key) ? textMember(value, "Action") : undefined;
    if (button !== undefined) out.event(device, "action", button, { channel: channelOf(key) });
  }
}

/** One relay: `POWER` is the only one, `POWER2` the second. */
export function readPower(out: Output, device: string, relay: string, value: Json, words: Words): void {
  const text = typeof value === "string" ? value.trim() : value;
  const state = text === words.on ? true : text === words.off ? false : text;
  out.sample(device, "state", state, { channel: relay === "" ? undefined : relay });
}

/** `3T04:12:09`: days and clock. */
function secondsOf(uptime: string | undefined): number | undefined {
  const match = /^(\d+)T(\d\d):(\d\d):(\d\d)$/.exec(uptime ?? "");
  if (!match) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(Number);
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** Reads what a Zigbee bridge received: one entry a device, named by short address or by a name. */
export function readZigbee(out: Output, bridge: string, received: JsonObject): void {
  for (const [key, values] of Object.entries(received)) {
    if (!isObject(values)) continue;
    const address = /^0x[0-9a-f]{4}$/i.test(key) ? key : (textMember(values, "Device") ?? key);
    const device = `tasmota-zb:${bridge}/${address}`;
    const before = out.done().records.length;
    const units = unitsOf(values);
    const hasBattery = Object.hasOwn(values, "Battery") || Object.hasOwn(values, "BatteryPercentage");
    for (const [name, value] of Object.entries(values))
      readZigbeeValue(out, device, name, value, { units, hasBattery });
    const name = textMember(values, "Name") ?? (address === key ? undefined : key);
    const facts = {
      name,
      manufacturer: textMember(values, "Manufacturer"),
      model: textMember(values, "ModelId"),
      behind: `tasmota:${bridge}`,
    };
    if (out.done().records.length > before || facts.model !== undefined) out.describe(device, facts);
  }
}

function readZigbeeValue(
  out: Output,
  device: string,
  name: string,
  value: Json,
  { units, hasBattery }: { readonly units: Units; readonly hasBattery: boolean },
): void {
  // Attributes without a name are written as cluster and number: `0006/4001`, `0500<00`.
  if (isUnread(name) || /^[0-9A-Fa-f]{4}[^0-9A-Za-z]/.test(name)) return;
  if (name === "Power") {
    // 2 is "toggle": no state.
    out.sample(device, "state", value);
    return;
  }
  const metric = name === "Voltage" && hasBattery ? "battery_voltage" : metricOf(name);
  if (typeof value === "number" || typeof value === "boolean")
    out.sample(device, metric, value, { unit: unitOf(name, "", units) });
}
