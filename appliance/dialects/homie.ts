import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import {
  createHomieDevice,
  type HomieDevice,
  learnAttribute,
  learnDescription,
  readProperty,
  readStatistics,
} from "../payload/homie.ts";
import { parseObject, textMember, textOf } from "../payload/json.ts";
import { createOutput, macOf, type Output } from "../payload/output.ts";

const config = z.strictObject({}).prefault({});

/** Homie 3, 4 and 5. Source: homieiot/convention. */
export const dialect = {
  type: "homie",
  summary: "Homie devices, versions 3 to 5",
  config,
  create: () => homie,
} satisfies DialectPlugin<z.output<typeof config>>;

interface Place {
  readonly key: string;
  readonly domain: string;
  readonly version: 4 | 5;
  readonly id: string;
  readonly rest: readonly string[];
}

const maxDevices = 1_000;
const attributes =
  /^\$(?:homie|state|name|nodes|description|alert|log|extensions|implementation|localip|mac|fw|stats|target|properties|type|datatype|unit|format|settable|retained|array)$/;

const homie: Dialect = {
  rank: 20,
  claims(topic, state) {
    const place = placeOf(topic);
    if (!place) return false;
    return place.domain === "homie" || devicesOf(state).has(place.key) || isAttribute(place);
  },
  device: (topic) => placeOf(topic)?.key,
  decode(message, state) {
    const out = createOutput(message, "homie");
    const place = placeOf(message.topic);
    if (!place) return out.done("not about a device");
    const devices = devicesOf(state);
    const known = devices.get(place.key);
    const device = known ?? createHomieDevice(place.version);
    const decoded = decodePlace(out, message, place, device, devices);
    if (!known && device.isKnown && devices.size < maxDevices) {
      devices.set(place.key, device);
      state.learned?.();
    }
    return decoded;
  },
};

function devicesOf(state: DialectState): Map<string, HomieDevice> {
  return state.of("homie", () => new Map());
}

/** Version 5 has its number as second level; before, the device's id stands there. */
function placeOf(topic: string): Place | undefined {
  const [domain, second, ...more] = topic.split("/");
  if (!domain || !second || domain.startsWith("$")) return undefined;
  const version = second === "5" ? 5 : 4;
  const id = version === 5 ? more[0] : second;
  const rest = version === 5 ? more.slice(1) : more;
  if (!id || rest.length === 0) return undefined;
  return { key: `homie:${domain}/${id}`, domain, version, id, rest };
}

/** Names that begin with `$` are Homie's, wherever its base lies. */
function isAttribute({ rest }: Place): boolean {
  return rest.some((level) => attributes.test(level));
}

function decodePlace(
  out: Output,
  message: Message,
  place: Place,
  device: HomieDevice,
  devices: ReadonlyMap<string, HomieDevice>,
): Decoded {
  const { id, rest, key } = place;
  const text = textOf(message.payload);
  if (id.startsWith("$")) return out.done("broadcast");
  if (text === undefined) return out.done("payload is not UTF-8");
  const [first = "", second, third] = rest;
  if (first === "$state") return decodeState(out, text, place, device, devices);
  if (first === "$description") return decodeDescription(out, message, key, device);
  if (first === "$alert") {
    out.sample(key, "problem", message.payload.length > 0, { channel: second });
    return out.done();
  }
  if (first.startsWith("$")) {
    decodeAttribute(out, key, rest, text, device);
    return out.done("nothing about the device's state");
  }
  if (second === undefined || second.startsWith("$") || third?.startsWith("$")) {
    if (third !== "$target") learnAttribute(device, rest, text);
    return out.done("description of a property");
  }
  if (third !== undefined) return out.done("command");
  // Version 5: one zero byte stands for an empty text.
  if (text === "" || text === "\0") return out.done("empty value");
  readProperty(out, key, device, first, second, text);
  return out.done("no reading");
}

const words = new Map([
  ["init", "online"],
  ["ready", "online"],
  ["alert", "online"],
  ["sleeping", "sleeping"],
  ["disconnected", "offline"],
  ["lost", "offline"],
] as const);

function decodeState(
  out: Output,
  text: string,
  { key, id, domain }: Place,
  device: HomieDevice,
  devices: ReadonlyMap<string, HomieDevice>,
): Decoded {
  if (text === "") {
    out.forget(key);
    return out.done();
  }
  const word = text.trim();
  const state = (words as ReadonlyMap<string, "online" | "offline" | "sleeping">).get(word);
  if (!state) return out.done("unknown state");
  device.isKnown = true;
  out.availability(key, state);
  if (word === "alert" || device.isAlerting) out.sample(key, "problem", word === "alert");
  device.isAlerting = word === "alert";
  if (word === "lost")
    for (const [child, { root, parent }] of devices)
      if (child.startsWith(`homie:${domain}/`) && child !== key && (root === id || parent === id))
        out.availability(child, "offline", { detail: "its root device is lost" });
  return out.done();
}

function decodeDescription(out: Output, message: Message, key: string, device: HomieDevice): Decoded {
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  const metrics = learnDescription(device, parsed.value);
  out.describe(key, {
    name: textMember(parsed.value, "name"),
    firmware: undefined,
    metrics: metrics.length > 0 ? metrics : undefined,
  });
  return out.done("description without a name");
}

/** Attributes of a device before version 5. */
function decodeAttribute(
  out: Output,
  key: string,
  rest: readonly string[],
  text: string,
  device: HomieDevice,
): void {
  const name = rest.join("/");
  learnAttribute(device, rest, text);
  if (text === "") return;
  if (name === "$name") out.describe(key, { name: text });
  else if (name === "$localip") out.describe(key, { ip: text });
  else if (name === "$mac") out.describe(key, { mac: macOf(text) });
  else if (name === "$fw/version") out.describe(key, { firmware: text });
  else if (name === "$implementation") out.describe(key, { model: text });
  else readStatistics(out, key, name, text);
}
