import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { type Exposed, exposedProperties } from "../payload/exposes.ts";
import { isObject, type Json, member, parseJson, parseObject, textMember, textOf } from "../payload/json.ts";
import { createOutput, macOf, type Output } from "../payload/output.ts";
import { exposedMetrics, readZigbeeState } from "../payload/zigbee.ts";

const config = z.strictObject({}).prefault({});

/**
 * Zigbee2MQTT 1.x and 2.x. Source: zigbee2mqtt.io docs/guide/usage/mqtt_topics_and_messages.md, exposes.md,
 * configuration/device-availability.md.
 */
export const dialect = {
  type: "zigbee2mqtt",
  summary: "Zigbee2MQTT bridges and their devices",
  config,
  create: () => zigbee2mqtt,
} satisfies DialectPlugin<z.output<typeof config>>;

interface Known {
  /** Lower-case hex digits. */
  readonly ieee?: string;
  readonly exposes: ReadonlyMap<string, Exposed>;
}
interface Bridge {
  /** By friendly name: what the bridge listed. */
  listed: ReadonlyMap<string, Known>;
  /** Friendly names that were heard. */
  readonly heard: Set<string>;
  /** What each device last said of itself, for when the bridge comes back. */
  readonly said: Map<string, "online" | "offline">;
  offline: boolean;
}

const maxBases = 64;
const maxHeard = 1_000;

const zigbee2mqtt: Dialect = {
  rank: 40,
  claims: (topic, state) => baseOf(topic, bridgesOf(state)) !== undefined || isBridgeTopic(topic),
  device(topic, state) {
    const base = baseOf(topic, bridgesOf(state));
    if (base === undefined) return undefined;
    const rest = topic.slice(base.length + 1);
    return `z2m:${base}/${rest.startsWith("bridge/") ? "bridge" : rest.replace(/\/(availability|set|get)$/, "")}`;
  },
  decode(message, state) {
    const bridges = bridgesOf(state);
    const base = baseOf(message.topic, bridges) ?? message.topic.replace(/\/bridge\/[^/]+$/, "");
    const rest = message.topic.slice(base.length + 1);
    const bridge = bridges.get(base) ?? createBridge();
    const decoded = rest.startsWith("bridge/")
      ? decodeBridge(message, base, rest.slice("bridge/".length), bridge)
      : decodeDevice(message, base, rest, bridge);
    // A base is learned from a message of the bridge that could be read, never from its topic alone.
    if (decoded.records.length > 0 && !bridges.has(base) && bridges.size < maxBases) {
      bridges.set(base, bridge);
      state.learned?.();
    }
    return decoded;
  },
};

function createBridge(): Bridge {
  return { listed: new Map(), heard: new Set(), said: new Map(), offline: false };
}

function bridgesOf(state: DialectState): Map<string, Bridge> {
  return state.of("zigbee2mqtt", () => new Map([["zigbee2mqtt", createBridge()]]));
}

/** The longest known base that the topic is below. */
function baseOf(topic: string, bridges: ReadonlyMap<string, Bridge>): string | undefined {
  let best: string | undefined;
  for (const base of bridges.keys())
    if (topic.startsWith(`${base}/`) && base.length > (best?.length ?? 0)) best = base;
  return best;
}

function isBridgeTopic(topic: string): boolean {
  return /^.+\/bridge\/(?:state|devices|info|health)$/.test(topic);
}

function decodeDevice(message: Message, base: string, rest: string, bridge: Bridge): Decoded {
  const out = createOutput(message, "zigbee2mqtt");
  const isListed = bridge.listed.has(rest);
  if (!isListed && rest.endsWith("/availability"))
    return availability(out, message, base, rest.slice(0, -"/availability".length), bridge);
  if (!isListed && /\/(?:set|get)(?:\/|$)/.test(rest)) return out.done("command");
  const device = `z2m:${base}/${rest}`;
  if (message.payload.length === 0) {
    bridge.heard.delete(rest);
    out.forget(device);
    return out.done();
  }
  const parsed = parseJson(message.payload);
  if (parsed.ok && isObject(parsed.value)) {
    if (bridge.heard.size < maxHeard) bridge.heard.add(rest);
    readZigbeeState(out, device, parsed.value, bridge.listed.get(rest)?.exposes ?? new Map());
    return out.done("no reading in it");
  }
  return attribute(
    out,
    message,
    base,
    rest,
    bridge,
    parsed.ok ? "payload is not a JSON object" : parsed.reason,
  );
}

/** Output mode `attribute`: one topic a property, below the name of a listed device. */
function attribute(
  out: Output,
  message: Message,
  base: string,
  rest: string,
  bridge: Bridge,
  reason: string,
): Decoded {
  const cut = rest.lastIndexOf("/");
  const known = bridge.listed.get(rest.slice(0, cut));
  if (cut < 0 || !known) return out.done(reason);
  const property = rest.slice(cut + 1);
  const text = textOf(message.payload);
  if (text === undefined) return out.done(reason);
  readZigbeeState(out, `z2m:${base}/${rest.slice(0, cut)}`, { [property]: text }, known.exposes);
  return out.done("no reading in it");
}

/** 2.x writes `{"state":"online"}`, 1.x the bare word. */
function stateWord(message: Message): "online" | "offline" | undefined {
  const text = textOf(message.payload)?.trim();
  const parsed = text?.startsWith("{") ? parseObject(message.payload) : undefined;
  const word = parsed?.ok ? textMember(parsed.value, "state") : text;
  return word === "online" || word === "offline" ? word : undefined;
}

function availability(out: Output, message: Message, base: string, name: string, bridge: Bridge): Decoded {
  const device = `z2m:${base}/${name}`;
  if (message.payload.length === 0) return out.done("availability taken away");
  const word = stateWord(message);
  if (!word) return out.done("unknown availability");
  if (bridge.said.size < maxHeard || bridge.said.has(name)) bridge.said.set(name, word);
  out.availability(device, word);
  return out.done();
}

function decodeBridge(message: Message, base: string, what: string, bridge: Bridge): Decoded {
  const out = createOutput(message, "zigbee2mqtt");
  const device = `z2m:${base}/bridge`;
  if (what === "state") return bridgeState(out, message, base, bridge);
  if (!["devices", "info", "health", "event"].includes(what)) return out.done("not about a device's state");
  const parsed = parseJson(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  const document = parsed.value;
  if (what === "devices") bridgeDevices(out, base, document, bridge);
  else if (what === "info") bridgeInfo(out, device, document);
  else if (what === "health") bridgeHealth(out, base, document, bridge);
  else bridgeEvent(out, base, document);
  return out.done("nothing known in it");
}

function bridgeState(out: Output, message: Message, base: string, bridge: Bridge): Decoded {
  const word = stateWord(message);
  if (!word) return out.done("unknown availability");
  out.availability(`z2m:${base}/bridge`, word);
  const names = new Set([...bridge.listed.keys(), ...bridge.heard]);
  if (word === "offline")
    for (const name of names)
      out.availability(`z2m:${base}/${name}`, "offline", { detail: "its Zigbee bridge is offline" });
  else if (bridge.offline)
    for (const name of names)
      if (bridge.said.get(name) !== "offline") out.availability(`z2m:${base}/${name}`, "online");
  bridge.offline = word === "offline";
  return out.done();
}

function bridgeDevices(out: Output, base: string, document: Json, bridge: Bridge): void {
  if (!Array.isArray(document)) return;
  const listed = new Map<string, Known>();
  for (const entry of document.slice(0, maxHeard)) {
    const name = textMember(entry, "friendly_name");
    if (textMember(entry, "type") === "Coordinator")
      out.describe(`z2m:${base}/bridge`, { mac: macOf(textMember(entry, "ieee_address")) });
    else if (name !== undefined) listed.set(name, describeDevice(out, base, name, entry));
  }
  const stillThere = new Set([...listed.values()].map(({ ieee }) => ieee));
  for (const [name, { ieee }] of bridge.listed) {
    // A new name for the same radio is no loss: the inventory joins them by it.
    if (listed.has(name) || (ieee !== undefined && stillThere.has(ieee))) continue;
    bridge.heard.delete(name);
    out.forget(`z2m:${base}/${name}`);
  }
  bridge.listed = listed;
}

function describeDevice(out: Output, base: string, name: string, entry: Json): Known {
  const ieee = macOf(textMember(entry, "ieee_address"));
  const definition = member(entry, "definition");
  const exposes = exposedProperties(member(definition, "exposes"));
  const metrics = exposedMetrics(exposes);
  out.describe(`z2m:${base}/${name}`, {
    name,
    manufacturer: textMember(definition, "vendor") ?? textMember(entry, "manufacturer"),
    model: textMember(definition, "model") ?? textMember(entry, "model_id"),
    firmware: textMember(entry, "software_build_id"),
    mac: ieee,
    behind: `z2m:${base}/bridge`,
    metrics: metrics.length > 0 ? metrics : undefined,
  });
  return ieee === undefined ? { exposes } : { ieee, exposes };
}

function bridgeInfo(out: Output, device: string, document: Json): void {
  const version = textMember(document, "version");
  if (version === undefined) return;
  const coordinator = member(document, "coordinator");
  out.describe(device, {
    name: "Zigbee2MQTT",
    firmware: version,
    model: textMember(coordinator, "type"),
    mac: macOf(textMember(coordinator, "ieee_address")),
  });
}

function bridgeHealth(out: Output, base: string, document: Json, bridge: Bridge): void {
  out.sample(`z2m:${base}/bridge`, "uptime", member(member(document, "process"), "uptime_sec"));
  const devices = member(document, "devices");
  const byIeee = new Map([...bridge.listed].flatMap(([name, { ieee }]) => (ieee ? [[ieee, name]] : [])));
  for (const [address, counts] of Object.entries(isObject(devices) ? devices : {})) {
    const name = byIeee.get(macOf(address) ?? "");
    if (name === undefined) continue;
    for (const count of ["messages", "messages_per_sec", "leave_count", "network_address_changes"])
      out.sample(`z2m:${base}/${name}`, count, member(counts, count));
  }
}

function bridgeEvent(out: Output, base: string, document: Json): void {
  const type = textMember(document, "type");
  const name = textMember(member(document, "data"), "friendly_name");
  if (type === undefined || name === undefined) return;
  out.event(`z2m:${base}/${name}`, type, textMember(member(document, "data"), "status") ?? true);
}
