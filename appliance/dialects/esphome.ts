import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { type Binding, bindingsOf, isDocumentPrefix } from "../payload/bindings.ts";
import { isObject, member, parseJsonText, parseObject, textMember, textOf } from "../payload/json.ts";
import { createOutput, macOf, type Output, slug } from "../payload/output.ts";
import { isBooleanMetric, toNumber } from "../payload/units.ts";
import { byLastWord } from "../payload/words.ts";

const config = z.strictObject({}).prefault({});

/** ESPHome nodes. Source: esphome/esphome-docs components/mqtt.rst. */
export const dialect = {
  type: "esphome",
  summary: "ESPHome nodes",
  config,
  create: () => esphome,
} satisfies DialectPlugin<z.output<typeof config>>;

const components =
  "sensor|binary_sensor|text_sensor|switch|light|cover|climate|fan|number|select|lock|valve|alarm_control_panel";
const statePattern = new RegExp(`^(.+)/(${components})/([^/]+)/(?:([^/]+)/)?state$`);
const maxPrefixes = 1_000;

interface Place {
  readonly prefix: string;
  readonly component: string;
  readonly object: string;
  /** `current_temperature` of a climate, `position` of a cover. */
  readonly attribute?: string;
}

const esphome: Dialect = {
  rank: 70,
  claims(topic, state) {
    if (topic.startsWith("esphome/discover")) return true;
    return placeOf(topic, state) !== undefined || ownTopic(topic, state) !== undefined;
  },
  device(topic, state) {
    const prefix = placeOf(topic, state)?.prefix ?? ownTopic(topic, state);
    return prefix === undefined ? undefined : `esphome:${prefix}`;
  },
  decode(message, state) {
    if (message.topic.startsWith("esphome/discover")) return discovered(message, state);
    const place = placeOf(message.topic, state);
    if (!place) return decodeStatus(message, ownTopic(message.topic, state));
    // Only lights write documents.
    if (place.component !== "light" && /^[{[]/.test(textOf(message.payload)?.trim() ?? ""))
      return { records: [], reason: "no plain value", passOn: true };
    learn(place.prefix, state);
    return decodeState(message, place, bindingsOf(state).of(message.topic)[0]);
  },
};

function prefixesOf(state: DialectState): Set<string> {
  return state.of("esphome", () => new Set());
}

function learn(prefix: string, state: DialectState): void {
  const prefixes = prefixesOf(state);
  if (prefixes.has(prefix) || prefixes.size >= maxPrefixes) return;
  prefixes.add(prefix);
  state.learned?.();
}

function placeOf(topic: string, state: DialectState): Place | undefined {
  const match = statePattern.exec(topic);
  const [, prefix, component, object, attribute] = match ?? [];
  if (prefix === undefined || component === undefined || object === undefined) return undefined;
  // Home-made devices like to publish below the prefix of Home Assistant's documents.
  if (isDocumentPrefix(prefix, state)) return undefined;
  // ESPHome writes plain values: a document that needs a template is somebody else's.
  if (
    bindingsOf(state)
      .of(topic)
      .some((b) => b.template?.source !== "")
  )
    return undefined;
  return { prefix, component, object, ...(attribute === undefined ? {} : { attribute }) };
}

/** Prefix of `<prefix>/status` and `<prefix>/debug` of a node that is known by its values or documents. */
function ownTopic(topic: string, state: DialectState): string | undefined {
  const prefix = /^(.+)\/(?:status|debug)$/.exec(topic)?.[1];
  return prefix !== undefined && prefixesOf(state).has(prefix) ? prefix : undefined;
}

function decodeStatus(message: Message, prefix: string | undefined): Decoded {
  const out = createOutput(message, "esphome");
  const text = textOf(message.payload)?.trim();
  if (prefix === undefined || message.topic.endsWith("/debug")) return out.done("not about a device's state");
  if (text === "online" || text === "offline") out.availability(`esphome:${prefix}`, text);
  return out.done("unknown availability");
}

function discovered(message: Message, state: DialectState): Decoded {
  const out = createOutput(message, "esphome");
  const topicName = /^esphome\/discover\/(.+)$/.exec(message.topic)?.[1];
  if (topicName === undefined) return out.done("a question to all nodes");
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  const name = textMember(parsed.value, "name") ?? topicName;
  learn(name, state);
  const [maker, ...project] = textMember(parsed.value, "project_name")?.split(".") ?? [];
  out.describe(`esphome:${name}`, {
    name: textMember(parsed.value, "friendly_name") ?? name,
    manufacturer: project.length > 0 ? maker : undefined,
    model:
      project.join(".") ||
      textMember(parsed.value, "board") ||
      textMember(parsed.value, "platform") ||
      undefined,
    firmware: textMember(parsed.value, "version"),
    mac: macOf(textMember(parsed.value, "mac")),
    ip: textMember(parsed.value, "ip"),
  });
  return out.done();
}

function decodeState(message: Message, place: Place, binding: Binding | undefined): Decoded {
  const out = createOutput(message, "esphome");
  const text = textOf(message.payload)?.trim();
  if (text === undefined) return out.done("payload is not UTF-8");
  const device = `esphome:${place.prefix}`;
  if (binding) readBound(out, device, place, text, binding);
  else readUnbound(out, device, place, text);
  return out.done("no reading");
}

/** Class and unit as the discovery document says. */
function readBound(out: Output, device: string, place: Place, text: string, binding: Binding): void {
  const channel = binding.metric === slug(place.object) ? undefined : slug(place.object);
  if (binding.kind === "availability") {
    if (text === binding.payloadOn) out.availability(device, "online");
    else if (text === binding.payloadOff) out.availability(device, "offline");
  } else if (binding.kind === "boolean") {
    const on = text === binding.payloadOn ? true : text === binding.payloadOff ? false : undefined;
    out.sample(device, binding.metric, on, { channel });
  } else readNumber(out, device, binding.metric, text, { unit: binding.unit, channel });
}

function readNumber(
  out: Output,
  device: string,
  metric: string,
  text: string,
  options: { readonly unit?: string | undefined; readonly channel?: string | undefined },
): void {
  const number = toNumber(text);
  if (number !== undefined) out.sample(device, metric, number, options);
}

type ReadUnbound = (out: Output, device: string, object: string, text: string) => void;

/** The last word where it is known and of the right kind, else the whole name. */
function namedBy(object: string, isBoolean: boolean) {
  const known = byLastWord(object);
  return known && isBooleanMetric(known.metric) === isBoolean ? known : { metric: slug(object) };
}

const readUnboundNumber: ReadUnbound = (out, device, object, text) => {
  const named = namedBy(object, false);
  readNumber(out, device, named.metric, text, named);
};
const readText: ReadUnbound = (out, device, object, text) => {
  if (text.toLowerCase() !== "nan") out.sample(device, slug(object), text);
};
const readOnOff: ReadUnbound = (out, device, object, text) => {
  out.sample(device, "state", lightState(text), { channel: slug(object) });
};
const readOpening: ReadUnbound = (out, device, object, text) => {
  if (/^(?:open|closed)$/i.test(text)) out.sample(device, "open", text, { channel: slug(object) });
};

const byComponent = new Map<string, ReadUnbound>([
  ["sensor", readUnboundNumber],
  ["number", readUnboundNumber],
  [
    "binary_sensor",
    (out, device, object, text) => {
      const named = namedBy(object, true);
      if (text === "ON" || text === "OFF") out.sample(device, named.metric, text === "ON", named);
    },
  ],
  ["text_sensor", readText],
  ["select", readText],
  ["switch", readOnOff],
  ["fan", readOnOff],
  ["light", readOnOff],
  ["cover", readOpening],
  ["valve", readOpening],
  [
    "lock",
    (out, device, object, text) =>
      void out.sample(device, "lock", text.toLowerCase(), { channel: slug(object) }),
  ],
]);

/** Without a discovery document there is neither class nor unit: the name has to do. */
function readUnbound(
  out: Output,
  device: string,
  { component, object, attribute }: Place,
  text: string,
): void {
  if (attribute === undefined) byComponent.get(component)?.(out, device, object, text);
  else readAttribute(out, device, attribute, text, slug(object));
}

const attributes = new Map([
  ["current_temperature", "temperature"],
  ["target_temperature", "target_temperature"],
  ["current_humidity", "humidity"],
  ["position", "position"],
]);

function readAttribute(out: Output, device: string, attribute: string, text: string, channel: string): void {
  const metric = attributes.get(attribute);
  if (metric !== undefined) readNumber(out, device, metric, text, { channel });
}

/** Switches and fans write `ON`, lights a JSON object with `state`. */
function lightState(text: string): string | undefined {
  if (!text.startsWith("{")) return text;
  const parsed = parseJsonText(text);
  return parsed.ok && isObject(parsed.value) && typeof member(parsed.value, "state") === "string"
    ? textMember(parsed.value, "state")
    : undefined;
}
