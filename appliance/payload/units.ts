/** Canonical units of the numeric metrics; empty for plain numbers. */
const numericUnits: Readonly<Record<string, string>> = {
  temperature: "°C",
  target_temperature: "°C",
  device_temperature: "°C",
  dew_point: "°C",
  humidity: "%",
  soil_moisture: "%",
  battery: "%",
  position: "%",
  pressure: "hPa",
  voltage: "V",
  battery_voltage: "V",
  current: "A",
  power: "W",
  apparent_power: "VA",
  reactive_power: "var",
  power_factor: "",
  frequency: "Hz",
  uptime: "s",
  energy: "kWh",
  energy_returned: "kWh",
  energy_today: "kWh",
  energy_yesterday: "kWh",
  illuminance: "lx",
  co2: "ppm",
  voc: "ppb",
  pm1: "µg/m³",
  pm25: "µg/m³",
  pm10: "µg/m³",
  noise: "dB",
  rssi: "dBm",
  snr: "dB",
  link_quality: "",
  speed: "m/s",
  direction: "°",
  distance: "m",
  duration: "s",
};
const units = new Map(Object.entries(numericUnits));

const booleans = new Set([
  "state",
  "open",
  "leak",
  "smoke",
  "gas",
  "motion",
  "vibration",
  "tamper",
  "battery_low",
  "problem",
  "input",
  "external_power",
]);

export function isBooleanMetric(metric: string): boolean {
  return booleans.has(metric);
}

/** The unit of a numeric canonical metric; undefined for any other metric. */
export function canonicalUnit(metric: string): string | undefined {
  return units.get(metric);
}

export function isCanonical(metric: string): boolean {
  return units.has(metric) || booleans.has(metric);
}

type Convert = (value: number) => number;
const times =
  (factor: number): Convert =>
  (value) =>
    value * factor;
const over =
  (divisor: number): Convert =>
  (value) =>
    value / divisor;
const same: Convert = (value) => value;

// Keys are `from>to`, both as `plainUnit` writes them.
const conversions = new Map<string, Convert>([
  ["°F>°C", (value) => (value - 32) / 1.8],
  ["K>°C", (value) => value - 273.15],
  ["Wh>kWh", over(1_000)],
  ["Wmin>kWh", over(60_000)],
  ["MWh>kWh", times(1_000)],
  ["GWh>kWh", times(1_000_000)],
  ["J>kWh", over(3_600_000)],
  ["kJ>kWh", over(3_600)],
  ["MJ>kWh", over(3.6)],
  ["kW>W", times(1_000)],
  ["MW>W", times(1_000_000)],
  ["mW>W", over(1_000)],
  ["mV>V", over(1_000)],
  ["kV>V", times(1_000)],
  ["mA>A", over(1_000)],
  ["kVA>VA", times(1_000)],
  ["kvar>var", times(1_000)],
  ["kPa>hPa", times(10)],
  ["Pa>hPa", over(100)],
  ["mbar>hPa", same],
  ["bar>hPa", times(1_000)],
  ["psi>hPa", times(68.947573)],
  ["mmHg>hPa", times(1.33322)],
  ["inHg>hPa", times(33.8639)],
  ["km/h>m/s", over(3.6)],
  ["mph>m/s", times(0.44704)],
  ["kn>m/s", times(0.514444)],
  ["ft/s>m/s", times(0.3048)],
  ["cm>m", over(100)],
  ["mm>m", over(1_000)],
  ["km>m", times(1_000)],
  ["in>m", times(0.0254)],
  ["ft>m", times(0.3048)],
  ["kHz>Hz", times(1_000)],
  ["MHz>Hz", times(1_000_000)],
  ["ms>s", over(1_000)],
  ["min>s", times(60)],
  ["h>s", times(3_600)],
  ["d>s", times(86_400)],
  ["ppm>ppb", times(1_000)],
  ["ppb>ppm", over(1_000)],
  ["mg/m³>µg/m³", times(1_000)],
  ["klx>lx", times(1_000)],
  ["%>", over(100)],
]);

const spellings = new Map<string, string>([
  ["C", "°C"],
  ["degC", "°C"],
  ["Celsius", "°C"],
  ["celsius", "°C"],
  ["℃", "°C"],
  ["ºC", "°C"],
  ["F", "°F"],
  ["degF", "°F"],
  ["Fahrenheit", "°F"],
  ["fahrenheit", "°F"],
  ["℉", "°F"],
  ["ºF", "°F"],
  ["Kelvin", "K"],
  ["kelvin", "K"],
  ["°K", "K"],
  ["lux", "lx"],
  ["Lux", "lx"],
  ["pct", "%"],
  ["percent", "%"],
  ["%RH", "%"],
  ["%rH", "%"],
  ["VAr", "var"],
  ["VAR", "var"],
  ["kVAr", "kvar"],
  ["kVAR", "kvar"],
  ["Watt", "W"],
  ["Watts", "W"],
  ["watts", "W"],
  ["Volt", "V"],
  ["Volts", "V"],
  ["volts", "V"],
  ["Amp", "A"],
  ["amps", "A"],
  ["Ampere", "A"],
  ["kwh", "kWh"],
  ["KWh", "kWh"],
  ["wh", "Wh"],
  ["hpa", "hPa"],
  ["pa", "Pa"],
  ["kpa", "kPa"],
  ["mb", "mbar"],
  ["kmh", "km/h"],
  ["kph", "km/h"],
  ["knots", "kn"],
  ["kt", "kn"],
  ["kts", "kn"],
  ["mi/h", "mph"],
  ["ug/m3", "µg/m³"],
  ["ug/m³", "µg/m³"],
  ["µg/m3", "µg/m³"],
  ["mg/m3", "mg/m³"],
  ["dBA", "dB"],
  ["dB(A)", "dB"],
  ["dbm", "dBm"],
  ["deg", "°"],
  ["sec", "s"],
  ["seconds", "s"],
  ["secs", "s"],
  ["hours", "h"],
  ["days", "d"],
  ["minutes", "min"],
]);

/** One spelling for each unit: Greek mu becomes the micro sign, `lux` becomes `lx`. */
export function plainUnit(unit: string): string {
  const plain = unit
    .trim()
    .replace(/\u03bc/g, "µ")
    .replace(/^° (?=[CF])/, "°");
  return spellings.get(plain) ?? plain;
}

/**
 * Brings a value of a canonical metric into its unit.
 *
 * @param unit - as the device says it; absent: it is taken to be canonical
 * @returns the value with its unit; a unit that has no conversion is kept as it is
 */
export function toCanonical(
  metric: string,
  value: number,
  unit: string | undefined,
): { value: number; unit: string } {
  const wanted = units.get(metric);
  if (wanted !== undefined && (unit === undefined || unit === wanted)) return { value, unit: wanted };
  const plain = unit === undefined ? undefined : plainUnit(unit);
  if (wanted === undefined) return { value, unit: plain ?? "" };
  if (plain === undefined || plain === "" || plain === wanted) return { value, unit: wanted };
  const convert = conversions.get(`${plain}>${wanted}`);
  if (convert) return { value: convert(value), unit: wanted };
  // A plain number has no unit, whatever a device writes behind it (`lqi`).
  return { value, unit: wanted === "" ? "" : plain };
}

const words = new Map<string, boolean>(
  Object.entries({
    true: true,
    on: true,
    yes: true,
    "1": true,
    open: true,
    opened: true,
    detected: true,
    online: true,
    active: true,
    wet: true,
    false: false,
    off: false,
    no: false,
    "0": false,
    close: false,
    closed: false,
    clear: false,
    offline: false,
    inactive: false,
    dry: false,
  }),
);

/** `ON`, `true`, `1`, `open` are true; undefined for what is neither true nor false. */
export function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === 1) return true;
  if (value === 0) return false;
  return typeof value === "string" ? words.get(value.trim().toLowerCase()) : undefined;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A finite number, or the number that a text is; undefined for anything else. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || value.length > 64) return undefined;
  const text = value.trim();
  if (!numberPattern.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}
