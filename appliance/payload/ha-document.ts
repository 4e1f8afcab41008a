import { isObject, type Json, type JsonObject, member, textMember } from "./json.ts";

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
export function sensorMetric(deviceClass: string): string {
  return sensorClasses.get(deviceClass) ?? deviceClass;
}

/** Metric of a binary sensor's device class. */
export function binaryMetric(deviceClass: string): string {
  return binaryClasses.get(deviceClass) ?? deviceClass;
}

/** A payload that stands for a state; JSON booleans as their words. */
export function payloadOf(document: JsonObject, key: string, otherwise: string): string {
  const value = member(document, key);
  return typeof value === "boolean" ? `${value}` : (textMember(document, key) ?? otherwise);
}
