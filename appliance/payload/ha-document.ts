import { isObject, type Json, type JsonObject, member, textMember } from "./json.ts";
import { slug } from "./output.ts";
import { isBooleanMetric, toNumber } from "./units.ts";
import { byLastWord } from "./words.ts";

// Source: home-assistant/core homeassistant/components/mqtt/abbreviations.py.
const abbreviations = new Map(
  Object.entries({
    stat_t: "state_topic",
    val_tpl: "value_template",
    dev_cla: "device_class",
    unit_of_meas: "unit_of_measurement",
    uniq_id: "unique_id",
    obj_id: "object_id",
    def_ent_id: "default_entity_id",
    avty: "availability",
    avty_t: "availability_topic",
    avty_mode: "availability_mode",
    avty_tpl: "availability_template",
    pl_avail: "payload_available",
    pl_not_avail: "payload_not_available",
    exp_aft: "expire_after",
    stat_cla: "state_class",
    pl_on: "payload_on",
    pl_off: "payload_off",
    dev: "device",
    o: "origin",
    cmps: "components",
    p: "platform",
    cmd_t: "command_topic",
    json_attr_t: "json_attributes_topic",
    ent_cat: "entity_category",
    t: "topic",
    e: "encoding",
  }),
);
const deviceAbbreviations = new Map(
  Object.entries({
    ids: "identifiers",
    cns: "connections",
    mf: "manufacturer",
    mdl: "model",
    mdl_id: "model_id",
    sw: "sw_version",
    hw: "hw_version",
    sn: "serial_number",
    sa: "suggested_area",
    cu: "configuration_url",
  }),
);

/** Writes abbreviated keys out and puts the base `~` into topics. */
export function expand(document: JsonObject, base?: string): JsonObject {
  const tilde = textMember(document, "~") ?? base;
  const result: Record<string, Json> = Object.create(null);
  for (const [key, value] of Object.entries(document)) {
    const name = abbreviations.get(key) ?? key;
    result[name] = expandValue(name, value, tilde);
  }
  return result;
}

function expandValue(name: string, value: Json, tilde: string | undefined): Json {
  if (name === "device" && isObject(value)) return renamed(value);
  if (name === "components" && isObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== "__proto__")
        .map(([key, inner]) => [key, isObject(inner) ? expand(inner, tilde) : inner]),
    );
  if (name === "availability" && Array.isArray(value))
    return value.map((one) => (isObject(one) ? expand(one, tilde) : one));
  if (tilde !== undefined && typeof value === "string" && (name === "topic" || name.endsWith("_topic")))
    return value.replace(/^~/, tilde).replace(/~$/, tilde);
  return value;
}

function renamed(device: JsonObject): JsonObject {
  const result: Record<string, Json> = Object.create(null);
  for (const [key, value] of Object.entries(device)) result[deviceAbbreviations.get(key) ?? key] = value;
  return result;
}

/** Texts of a member that is one text or a list of them. */
export function textsOf(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((one) =>
    typeof one === "string" || typeof one === "number" ? [`${one}`.slice(0, 200)] : [],
  );
}

/** `[["mac","a1:b2:…"]]`: the value of one kind of connection. */
export function connectionOf(device: Json | undefined, kind: string): string | undefined {
  const connections = member(device, "connections");
  if (!Array.isArray(connections)) return undefined;
  for (const pair of connections)
    if (Array.isArray(pair) && pair[0] === kind && typeof pair[1] === "string") return pair[1];
  return undefined;
}

const sensorClasses = new Map(
  Object.entries({
    carbon_dioxide: "co2",
    atmospheric_pressure: "pressure",
    signal_strength: "rssi",
    sound_pressure: "noise",
    // A volume in m³; our `gas` says whether some was detected.
    gas: "gas_volume",
    volatile_organic_compounds_parts: "voc",
  }),
);
const binaryClasses = new Map(
  Object.entries({
    door: "open",
    window: "open",
    garage_door: "open",
    opening: "open",
    moisture: "leak",
    occupancy: "motion",
    presence: "motion",
    battery: "battery_low",
  }),
);

/** Metric of a sensor's device class. */
function sensorMetric(deviceClass: string): string {
  return sensorClasses.get(deviceClass) ?? deviceClass;
}

/** Metric of a binary sensor's device class. */
function binaryMetric(deviceClass: string): string {
  return binaryClasses.get(deviceClass) ?? deviceClass;
}

/** A payload that stands for a state; JSON booleans as their words. */
export function payloadOf(document: JsonObject, key: string, otherwise: string): string {
  const value = member(document, key);
  return typeof value === "boolean" ? `${value}` : (textMember(document, key) ?? otherwise);
}

/** Metric by the device class, else by the component's name. */
export function documentMetric(
  name: string,
  document: JsonObject,
  deviceClass: string | undefined,
  isBinary: boolean,
): string {
  if (deviceClass !== undefined && deviceClass !== "None" && deviceClass !== "enum")
    return slug(isBinary ? binaryMetric(deviceClass) : sensorMetric(deviceClass));
  const label = textMember(document, "name") ?? name;
  const known = byLastWord(label);
  const fits =
    known !== undefined && known.channel === undefined && isBooleanMetric(known.metric) === isBinary;
  return fits ? known.metric : slug(label) || slug(name) || "value";
}

const mostExpiries = 20_000;

/**
 * How long a device may be silent by `expire_after`, seconds, of its components: the longest, and only where each of
 * them has one.
 *
 * @param known - by device, over all its documents, ms; infinite where one of its values has no limit
 */
export function silenceOf(
  known: Map<string, number>,
  device: string,
  documents: readonly JsonObject[],
): number | undefined {
  for (const document of documents) {
    if (member(document, "state_topic") === undefined) continue;
    const seconds = toNumber(member(document, "expire_after")) ?? 0;
    const limitMs = seconds > 0 ? seconds * 1_000 : Number.POSITIVE_INFINITY;
    if (known.has(device) || known.size < mostExpiries)
      known.set(device, Math.max(known.get(device) ?? 0, limitMs));
  }
  const longestMs = known.get(device);
  return longestMs !== undefined && Number.isFinite(longestMs) ? longestMs : undefined;
}
