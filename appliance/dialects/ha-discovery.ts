import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { combined, type Presence, saidBy, watchesOf } from "../payload/availability.ts";
import { type Binding, bindingsOf, isOn, noteDocumentPrefix, wordOf } from "../payload/bindings.ts";
import {
  connectionOf,
  documentMetric,
  expand,
  payloadOf,
  silenceOf,
  textsOf,
} from "../payload/ha-document.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  member,
  parseObject,
  textMember,
  textOf,
} from "../payload/json.ts";
import { channelOf, createOutput, macOf, type Output } from "../payload/output.ts";
import { parseTemplate } from "../payload/template.ts";
import { toNumber } from "../payload/units.ts";

const config = z.strictObject({}).prefault({});

/**
 * Home Assistant discovery: documents, and the state topics they bind where no other dialect knows them.
 * Source: home-assistant.io source/_integrations/mqtt.markdown; home-assistant/core components/mqtt.
 */
export const dialect = {
  type: "ha-discovery",
  summary: "Devices that announce themselves to Home Assistant",
  config,
  create: () => haDiscovery,
} satisfies DialectPlugin<z.output<typeof config>>;

/** What a document made, so that its end can be told. */
interface Source {
  readonly device: string;
  readonly metrics: readonly string[];
}
interface Memory {
  /** By config topic, for a device document with the component's name behind `#`. */
  readonly sources: Map<string, Source>;
  readonly presence: Map<string, Presence>;
  /** How long each device may be silent, ms; infinite where one of its values has no limit. */
  readonly expiries: Map<string, number>;
  /** Devices by availability topic. */
  readonly watchers: Map<string, Set<string>>;
}

const maxDocuments = 20_000;
const maxComponents = 256;
const componentNames =
  "alarm_control_panel|binary_sensor|button|camera|climate|cover|device|device_automation|device_tracker|event|fan|humidifier|image|lawn_mower|light|lock|notify|number|scene|select|sensor|siren|switch|tag|text|update|vacuum|valve|water_heater";
const configTopic = new RegExp(`^([^/]+)/(${componentNames})/(?:([^/]+)/)?([^/]+)/config$`);
const self = "ha-discovery";
// One of these is in every document of a device.
const documentKeys = ["device", "components", "unique_id", "state_topic", "command_topic", "topic"];

const haDiscovery: Dialect = {
  rank: 30,
  claims(topic, state) {
    if (configTopic.test(topic)) return true;
    const isBound = bindingsOf(state).of(topic).length > 0 || memoryOf(state).watchers.has(topic);
    return isBound && state.owner?.(topic, self) === undefined;
  },
  device: (topic, state) => bindingsOf(state).of(topic)[0]?.device,
  decode(message, state) {
    const found = configTopic.exec(message.topic);
    if (!found) return decodeBound(message, state);
    const [, , component = "", , object = ""] = found;
    return decodeDocument(message, component, object, state);
  },
};

function memoryOf(state: DialectState): Memory {
  return state.of(self, () => ({
    sources: new Map(),
    presence: new Map(),
    expiries: new Map(),
    watchers: new Map(),
  }));
}

function decodeDocument(message: Message, component: string, object: string, state: DialectState): Decoded {
  const out = createOutput(message, self);
  const { topic } = message;
  if (message.payload.length === 0) return forgetDocument(out, topic, state);
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  if (member(parsed.value, "migrate_discovery") === true) return out.done("document is being migrated");
  const document = expand(parsed.value);
  if (!documentKeys.some((key) => Object.hasOwn(document, key)))
    return { records: [], reason: "not a discovery document", passOn: true };
  const isDevice = component === "device";
  const components = member(document, "components");
  if (isDevice && !(isObject(member(document, "device")) && isObject(member(document, "origin"))))
    return out.done("device document without device or origin");
  const parts: Part[] = isDevice
    ? Object.entries(isObject(components) ? components : {})
        .slice(0, maxComponents)
        .flatMap(([name, part]) => (isObject(part) ? [partOf(document, name, part)] : []))
    : [{ name: object, platform: component, document }];
  bindDocument(out, topic, document, parts, isDevice, state);
  noteDocumentPrefix(topic, state);
  state.learned?.();
  return out.done("document that says nothing of its device");
}

interface Part {
  readonly name: string;
  readonly platform: string;
  readonly document: JsonObject;
  /** Only `platform` is there: this component is no more. */
  readonly removed?: boolean;
}

/** A component with what the device document says for all of them. */
function partOf(document: JsonObject, name: string, part: JsonObject): Part {
  const platform = textMember(part, "platform") ?? "";
  const removed = Object.keys(part).every((key) => key === "platform");
  return { name, platform, document: { ...document, ...part }, removed };
}

function bindDocument(
  out: Output,
  topic: string,
  document: JsonObject,
  parts: readonly Part[],
  isDevice: boolean,
  state: DialectState,
): void {
  const facts = member(document, "device");
  const device = deviceKey(topic, facts, parts, state);
  const sourceOf = (part: Part) => (isDevice ? `${topic}#${part.name}` : topic);
  const gone = parts.filter(({ removed }) => removed).flatMap((part) => unbind(sourceOf(part), state));
  const metrics = parts
    .filter(({ removed }) => !removed)
    .flatMap((part) => bindPart(sourceOf(part), device, part, state));
  for (const metric of new Set(gone))
    if (bindingsOf(state).count(device, metric) === 0) out.forget(device, metric);
  const ids = textsOf(member(facts, "identifiers"));
  out.describe(device, {
    name: textMember(facts, "name") ?? (facts === undefined ? textMember(document, "name") : undefined),
    manufacturer: textMember(facts, "manufacturer"),
    model: textMember(facts, "model"),
    firmware: textMember(facts, "sw_version"),
    serial: textMember(facts, "serial_number"),
    room: textMember(facts, "suggested_area"),
    mac: macOf(connectionOf(facts, "mac")) ?? ids.map(macOf).find((mac) => mac?.length === 12),
    silentAfterMs: silenceOf(
      memoryOf(state).expiries,
      device,
      parts.filter(({ removed }) => !removed).map((part) => part.document),
    ),
    // A document of one component says nothing of the others.
    metrics: isDevice && metrics.length > 0 ? [...new Set(metrics)] : undefined,
  });
}

/** Takes away what a document said of one component. @returns its metrics */
function unbind(source: string, state: DialectState): readonly string[] {
  const { sources } = memoryOf(state);
  const metrics = sources.get(source)?.metrics ?? [];
  sources.delete(source);
  bindingsOf(state).removeSource(source);
  return metrics;
}

/** The native device where a state topic belongs to another dialect, else by the first identifier. */
function deviceKey(
  topic: string,
  facts: Json | undefined,
  parts: readonly Part[],
  state: DialectState,
): string {
  for (const { document } of parts) {
    const stateTopic = textMember(document, "state_topic");
    const owner = stateTopic === undefined ? undefined : state.owner?.(stateTopic, self);
    const isPlain = parseTemplate(textMember(document, "value_template"))?.source === "";
    if (owner?.device !== undefined && (owner.type !== "esphome" || isPlain)) return owner.device;
  }
  const first = textsOf(member(facts, "identifiers"))[0] ?? connectionOf(facts, "mac");
  const unique = textMember(parts[0]?.document ?? {}, "unique_id");
  return `ha:${first ?? unique ?? topic.split("/").slice(2, -1).join("/")}`;
}

/** Binds one component anew. @returns the metrics it gives */
function bindPart(source: string, device: string, part: Part, state: DialectState): readonly string[] {
  const memory = memoryOf(state);
  unbind(source, state);
  const topic = textMember(part.document, "state_topic");
  const binding = topic === undefined ? undefined : bindingOf(source, device, part);
  if (topic !== undefined && binding) bindingsOf(state).add(topic, binding);
  const metrics = binding && binding.kind !== "availability" ? [binding.metric] : [];
  if (memory.sources.size < maxDocuments) memory.sources.set(source, { device, metrics });
  watch(memory, device, part.document);
  return metrics;
}

function bindingOf(source: string, device: string, { name, platform, document }: Part): Binding | undefined {
  if (platform !== "sensor" && platform !== "binary_sensor") return undefined;
  const deviceClass = textMember(document, "device_class");
  const isBinary = platform === "binary_sensor";
  const unit = textMember(document, "unit_of_measurement");
  return {
    source,
    device,
    kind: !isBinary ? "number" : deviceClass === "connectivity" ? "availability" : "boolean",
    metric: documentMetric(name, document, deviceClass, isBinary),
    ...(unit === undefined || isBinary ? {} : { unit }),
    channel: channelOf(name) ?? "x",
    template: parseTemplate(textMember(document, "value_template")),
    payloadOn: payloadOf(document, "payload_on", "ON"),
    payloadOff: payloadOf(document, "payload_off", "OFF"),
  };
}

function watch(memory: Memory, device: string, document: JsonObject): void {
  const { mode, watches } = watchesOf(document);
  if (watches.length === 0 || memory.watchers.size >= maxDocuments) return;
  const before = memory.presence.get(device);
  const presence = { mode, watches: before?.watches ?? new Map(), said: before?.said ?? new Map() };
  for (const one of watches) {
    presence.watches.set(one.topic, one);
    memory.watchers.set(one.topic, (memory.watchers.get(one.topic) ?? new Set()).add(device));
  }
  memory.presence.set(device, presence);
}

/** An empty document: its component is gone, and the device with its last one. */
function forgetDocument(out: Output, topic: string, state: DialectState): Decoded {
  const memory = memoryOf(state);
  const gone = [...memory.sources].filter(([source]) => source === topic || source.startsWith(`${topic}#`));
  for (const [source] of gone) unbind(source, state);
  const left = new Set([...memory.sources.values()].map(({ device }) => device));
  for (const device of new Set(gone.map(([, { device }]) => device))) {
    // A native device is there without its documents.
    if (!left.has(device) && device.startsWith("ha:")) {
      memory.presence.delete(device);
      memory.expiries.delete(device);
      out.forget(device);
      continue;
    }
    for (const metric of new Set(gone.flatMap(([, { metrics }]) => metrics)))
      if (bindingsOf(state).count(device, metric) === 0) out.forget(device, metric);
  }
  state.learned?.();
  return out.done("nothing known to forget");
}

function decodeBound(message: Message, state: DialectState): Decoded {
  const out = createOutput(message, self);
  const text = textOf(message.payload);
  if (text === undefined) return out.done("payload is not UTF-8");
  const bindings = bindingsOf(state);
  const bound = bindings.of(message.topic);
  for (const binding of bound)
    readBinding(out, binding, text, bindings.count(binding.device, binding.metric) > 1);
  readPresence(out, message.topic, text, memoryOf(state));
  const isUnread = bound.length > 0 && bound.every(({ template }) => template === undefined);
  return out.done(isUnread ? "value template of a form that is not read" : "no value by its document");
}

function readBinding(out: Output, binding: Binding, payload: string, several: boolean): void {
  const { device, metric, kind, unit } = binding;
  const value = binding.template?.read(payload);
  if (value === undefined || value === null || typeof value === "object") return;
  const channel = several ? binding.channel : undefined;
  if (kind === "number") {
    const number = typeof value === "boolean" ? undefined : (toNumber(value) ?? wordOf(value, unit));
    out.sample(device, metric, number, { unit, channel });
    return;
  }
  const on = isOn(binding, value);
  if (on === undefined) return;
  if (kind === "boolean") out.sample(device, metric, on, { channel });
  else out.availability(device, on ? "online" : "offline");
}

function readPresence(out: Output, topic: string, payload: string, memory: Memory): void {
  for (const device of memory.watchers.get(topic) ?? []) {
    const presence = memory.presence.get(device);
    const watched = presence?.watches.get(topic);
    const said = watched && saidBy(watched, payload.trim());
    if (!presence || !said) continue;
    presence.said.set(topic, said);
    const state = combined(presence, topic);
    if (state) out.availability(device, state);
  }
}
