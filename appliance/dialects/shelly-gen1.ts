import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { member, parseObject, textMember, textOf } from "../payload/json.ts";
import { channelOf, createOutput, macOf, type Output } from "../payload/output.ts";
import { isReading, readInfo, readOther, readSensor, readStatusDocument } from "../payload/shelly-gen1.ts";
import { toNumber } from "../payload/units.ts";

const config = z.strictObject({}).prefault({});

/**
 * Shelly of the first generation. Source: shelly-api-docs.shelly.cloud/gen1 (MQTT); bieniu/ha-shellies-discovery;
 * ioBroker.shelly src/lib/devices/gen1.
 */
export const dialect = {
  type: "shelly-gen1",
  summary: "Shelly devices of the first generation",
  config,
  create: () => shelly,
} satisfies DialectPlugin<z.output<typeof config>>;

const maxKnown = 1_000;
// The first level behind the device's prefix; the prefix may hold slashes.
const parts = new Set([
  "announce",
  "online",
  "info",
  "relay",
  "roller",
  "light",
  "white",
  "color",
  "dimmer",
  "input",
  "input_event",
  "longpush",
  "emeter",
  "meter",
  "sensor",
  "temperature",
  "temperature_f",
  "temperature_status",
  "overtemperature",
  "overload",
  "loaderror",
  "voltage",
  "ext_temperature",
  "ext_temperatures",
  "ext_humidity",
  "ext_humidities",
  "ext_switch",
  "ext_switches",
  "adc",
  "thermostat",
  "settings",
  "status",
  "command",
]);
const sleepers = /^shelly(?:ht|flood|dw2?|smoke|button1)(?:-|$)/i;

const shelly: Dialect = {
  rank: 50,
  claims: (topic) => topic.startsWith("shellies/"),
  device(topic, state) {
    const place = placeOf(topic);
    return place && `shelly:${idsOf(state).get(place.prefix) ?? place.prefix}`;
  },
  decode(message, state) {
    const place = placeOf(message.topic);
    const isAnnounce = message.topic === "shellies/announce";
    if (isAnnounce || place?.part === "announce") return announce(message, place?.prefix, idsOf(state));
    if (!place) return { records: [], reason: "not about a device's state" };
    const id = idsOf(state).get(place.prefix) ?? place.prefix;
    return decodePart(message, id, place);
  },
};

interface Place {
  readonly prefix: string;
  readonly part: string;
  readonly rest: readonly string[];
}

/** Device ids by prefix, where a user changed the prefix and an announcement told. */
function idsOf(state: DialectState): Map<string, string> {
  return state.of("shelly-gen1", () => new Map());
}

function placeOf(topic: string): Place | undefined {
  const [, ...levels] = topic.split("/");
  const at = levels.findIndex((level, i) => i > 0 && parts.has(level));
  const part = levels[at];
  if (at < 1 || part === undefined) return undefined;
  return { prefix: levels.slice(0, at).join("/"), part, rest: levels.slice(at + 1) };
}

function announce(message: Message, prefix: string | undefined, ids: Map<string, string>): Decoded {
  const out = createOutput(message, "shelly-gen1");
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  const id = textMember(parsed.value, "id");
  if (id === undefined) return out.done("announcement without an id");
  if (prefix !== undefined && prefix !== id && ids.size < maxKnown) ids.set(prefix, id);
  out.describe(`shelly:${id}`, {
    model: textMember(parsed.value, "model"),
    mac: macOf(textMember(parsed.value, "mac")),
    ip: textMember(parsed.value, "ip"),
    firmware: textMember(parsed.value, "fw_ver"),
  });
  return out.done();
}

function decodePart(message: Message, id: string, { part, rest }: Place): Decoded {
  const out = createOutput(message, "shelly-gen1");
  const device = `shelly:${id}`;
  const text = textOf(message.payload)?.trim();
  if (text === undefined) return out.done("payload is not UTF-8");
  if (rest.at(-1) === "command" || part === "command" || rest.at(-1) === "set") return out.done("command");
  const [index, quantity] = rest;
  if (part === "online") online(out, device, id, text);
  else if (part === "info" || part === "status") return decodeInfo(out, device, part, message);
  else if (part === "input_event") return inputEvent(out, device, message, index);
  else if (part === "ext_temperatures" || part === "ext_humidities")
    return external(out, device, message, part);
  else if (part === "sensor") readSensor(out, device, index ?? "", text);
  else if (part === "emeter") readMeter(out, device, index, quantity ?? "", text);
  else if (switches.has(part)) readSwitch(out, device, part, rest, text);
  else readOther(out, device, part, text, index);
  return out.done("no reading");
}

function online(out: Output, device: string, id: string, text: string): void {
  if (text === "true") out.availability(device, "online");
  if (text === "false") out.availability(device, sleepers.test(id) ? "sleeping" : "offline");
}

const switches = new Set(["relay", "roller", "light", "white", "color", "dimmer", "meter"]);

/** `relay/0`, `relay/0/power`; `relay/power` where the device has one meter for all. */
function readSwitch(out: Output, device: string, part: string, rest: readonly string[], text: string): void {
  const isNumbered = /^\d+$/.test(rest[0] ?? "");
  const channel = isNumbered ? rest[0] : undefined;
  const quantity = isNumbered ? rest[1] : rest[0];
  if (quantity === undefined) {
    if (text === "overpower") out.sample(device, "problem", true, { channel });
    else if (part !== "roller" && (text === "on" || text === "off"))
      out.sample(device, "state", text, { channel });
  } else if (quantity === "power") out.sample(device, "power", text, { channel });
  else if (quantity === "energy") out.sample(device, "energy", text, { unit: "Wmin", channel });
  else if (quantity === "pos") {
    // -1: the roller is not calibrated.
    if (text !== "-1") out.sample(device, "position", text, { channel });
  }
}

const meterMetrics = new Map([
  ["power", { metric: "power", unit: "W" }],
  ["reactive_power", { metric: "reactive_power", unit: "var" }],
  ["pf", { metric: "power_factor", unit: "" }],
  ["current", { metric: "current", unit: "A" }],
  ["voltage", { metric: "voltage", unit: "V" }],
  ["total", { metric: "energy", unit: "Wh" }],
  ["total_returned", { metric: "energy_returned", unit: "Wh" }],
]);

/** `energy` and `returned_energy` count watt-minutes since the last round: the totals say it better. */
function readMeter(
  out: Output,
  device: string,
  channel: string | undefined,
  quantity: string,
  text: string,
): void {
  const found = meterMetrics.get(quantity);
  if (found) out.sample(device, found.metric, text, { unit: found.unit, channel });
}

function inputEvent(out: Output, device: string, message: Message, channel: string | undefined): Decoded {
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  out.event(device, "input_event", textMember(parsed.value, "event"), { channel });
  return out.done(message.retained ? "an event of the past" : "no event in it");
}

/** `{"0":{"hwID":"…","tC":21.2,"tF":70.2}}` */
function external(out: Output, device: string, message: Message, part: string): Decoded {
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  for (const [index, entry] of Object.entries(parsed.value)) {
    const number = toNumber(member(entry, part === "ext_temperatures" ? "tC" : "hum"));
    if (isReading(number))
      out.sample(device, part === "ext_temperatures" ? "temperature" : "humidity", number, {
        channel: channelOf(index),
      });
  }
  return out.done("no reading");
}

function decodeInfo(out: Output, device: string, part: "info" | "status", message: Message): Decoded {
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  if (part === "info") readInfo(out, device, parsed.value);
  else readStatusDocument(out, device, parsed.value);
  return out.done("no reading in it");
}
