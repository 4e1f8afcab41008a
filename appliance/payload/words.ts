import type { DialectState } from "../model/contracts.ts";
import { slug } from "./output.ts";
import { canonicalUnit, isCanonical } from "./units.ts";

/** What a free-form key says about its reading. */
export interface Guess {
  readonly metric: string;
  readonly unit?: string;
  /** What stood before the known word: `office` of `office_temperature`. */
  readonly channel?: string;
}

const known = new Map<string, string>(
  Object.entries({
    temp: "temperature",
    temperature: "temperature",
    hum: "humidity",
    humidity: "humidity",
    rh: "humidity",
    press: "pressure",
    pressure: "pressure",
    baro: "pressure",
    bat: "battery",
    batt: "battery",
    battery: "battery",
    volt: "voltage",
    voltage: "voltage",
    curr: "current",
    current: "current",
    amps: "current",
    power: "power",
    watts: "power",
    energy: "energy",
    kwh: "energy",
    wh: "energy",
    co2: "co2",
    pm1: "pm1",
    pm10: "pm10",
    pm25: "pm25",
    lux: "illuminance",
    illuminance: "illuminance",
    rssi: "rssi",
    snr: "snr",
    uptime: "uptime",
  }),
);

const suffixUnits = new Map<string, string>(
  Object.entries({
    c: "°C",
    f: "°F",
    pct: "%",
    v: "V",
    mv: "mV",
    w: "W",
    kwh: "kWh",
    wh: "Wh",
    kw: "kW",
    ma: "mA",
    hpa: "hPa",
    kpa: "kPa",
    pa: "Pa",
  }),
);
// Two letters and more stand for nothing else; these may also be a name of their own (`total_kwh`).
const wordUnits = new Map([
  ["kwh", "kWh"],
  ["wh", "Wh"],
]);

const timeWords = new Set(["ts", "time", "timestamp"]);
const idWords = new Set(["id", "mac", "serial", "version", "crc", "seq", "counter"]);

/** Words of a key in lower case: `tempC`, `temp-c` and `TEMP_C` are `temp`, `c`; `pm2_5` is `pm25`. */
export function wordsOf(key: string): string[] {
  return slug(key)
    .replace(/(^|_)pm_?2_5(?=_|$)/, "$1pm25")
    .replace(/(^|_)pm_(1|10|25)(?=_|$)/, "$1pm$2")
    .replace(/(^|_)co_2(?=_|$)/, "$1co2")
    .split("_")
    .filter((word) => word !== "");
}

/** What a key says, whatever its value is. */
export interface KeyFacts {
  /** Holds the moment of the message and no reading. */
  readonly isTime: boolean;
  /** Names or numbers the sender or the message. */
  readonly isId: boolean;
  /** Undefined when the key has no word in it. */
  readonly reading?: Guess;
}

/** Reads keys, and remembers what it read: a device sends the same ones again and again. */
export type Words = (key: string) => KeyFacts;

const maxRemembered = 5_000;

export function createWords(): Words {
  const known = new Map<string, KeyFacts>();
  return (key) => {
    const before = known.get(key);
    if (before) return before;
    const facts = factsOf(key);
    if (known.size >= maxRemembered) known.clear();
    known.set(key, facts);
    return facts;
  };
}

/** The key reader of one broker. */
export function wordsIn(state: DialectState): Words {
  return state.of("words", createWords);
}

/**
 * Guesses metric and unit from a key: a canonical name, or one whose last word is known; a unit suffix such as `_c`
 * or `_mv` is cut. A key without a known word keeps its name.
 */
function factsOf(key: string): KeyFacts {
  const all = wordsOf(key);
  const isTime = timeWords.has(key.toLowerCase());
  const isId = idWords.has(all.at(-1) ?? "");
  if (all.length === 0) return { isTime, isId };
  const suffix = all.length > 1 ? suffixUnits.get(all.at(-1) ?? "") : undefined;
  const { metric, rest, unit } = named(suffix === undefined ? all : all.slice(0, -1), suffix);
  const channel = rest.length === 0 ? {} : { channel: rest.join("_") };
  // A battery's number tells by itself whether it is a charge or a voltage.
  const shown = unit ?? (metric === "battery" ? undefined : canonicalUnit(metric));
  return { isTime, isId, reading: { metric, ...(shown ? { unit: shown } : {}), ...channel } };
}

/** The reading of a key with this value; undefined when they say nothing usable together. */
export function guess({ reading }: KeyFacts, value: unknown): Guess | undefined {
  if (reading?.metric !== "battery") return reading;
  const battery = batteryOf(value, reading.unit);
  return battery && (reading.channel === undefined ? battery : { ...battery, channel: reading.channel });
}

function named(
  words: readonly string[],
  unit: string | undefined,
): { metric: string; rest: readonly string[]; unit?: string | undefined } {
  const whole = words.join("_");
  if (isCanonical(whole)) return { metric: whole, rest: [], unit };
  const numbered = /^([a-z]+)_?(\d{1,3})$/.exec(words.at(-1) ?? "");
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const metric = known.get(last);
  if (metric !== undefined) return { metric, rest: before, unit: unit ?? wordUnits.get(last) };
  const base = numbered?.[1] === undefined ? undefined : known.get(numbered[1]);
  if (base !== undefined && numbered?.[2] !== undefined)
    return { metric: base, rest: [...before, numbered[2]], unit };
  const separate = /^\d{1,3}$/.test(last) ? known.get(before.at(-1) ?? "") : undefined;
  if (separate !== undefined) return { metric: separate, rest: [...before.slice(0, -1), last], unit };
  return placed(words) ?? { metric: whole, rest: [], unit };
}

// Chips and places that stand behind what they measure: `TempC_SHT`, `humidity_outside`. Any other word there may turn
// it into something else (`temp_alarm`, `bat_status`).
const places =
  /^(?:sht|ds|bm[ep]|dht|aht|hdc|scd|tmp|ntc|pt)\d*[a-z]?\d*$|^(?:in|out|inside|outside|indoor|outdoor|internal|external|int|ext|probe|ambient|air|soil|water|room|left|right|top|bottom|l[1-3]|ch\d{1,2})$/;

/** A known word at the beginning, its unit perhaps, and a place. */
function placed(
  words: readonly string[],
): { metric: string; rest: readonly string[]; unit?: string | undefined } | undefined {
  const metric = known.get(words[0] ?? "");
  const unit = words.length > 2 ? suffixUnits.get(words[1] ?? "") : undefined;
  const rest = words.slice(unit === undefined ? 1 : 2);
  return metric !== undefined && rest.length === 1 && places.test(rest[0] ?? "")
    ? { metric, rest, unit }
    : undefined;
}

/**
 * Metric by the last word of a name, and the words before it as channel: `office_temperature` is temperature of
 * `office`. A whole name that is canonical keeps it. Undefined when no word is known.
 */
export function byLastWord(name: string): { metric: string; channel?: string } | undefined {
  const words = wordsOf(name);
  const whole = words.join("_");
  if (isCanonical(whole)) return { metric: whole };
  const last = words.at(-1) ?? "";
  const metric = isCanonical(last) ? last : known.get(last);
  if (metric === undefined) return undefined;
  const before = words.slice(0, -1);
  return before.length === 0 ? { metric } : { metric, channel: before.join("_") };
}

/** A battery's number without a unit: up to 5 are volts, up to 100 percent, above 1,000 millivolts. */
function batteryOf(value: unknown, unit: string | undefined): Guess | undefined {
  if (unit === "V" || unit === "mV") return { metric: "battery_voltage", unit };
  if (unit !== undefined) return { metric: "battery", unit };
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number") return undefined;
  if (number <= 5) return { metric: "battery_voltage", unit: "V" };
  if (number <= 100) return { metric: "battery", unit: "%" };
  return number > 1_000 ? { metric: "battery_voltage", unit: "mV" } : undefined;
}
