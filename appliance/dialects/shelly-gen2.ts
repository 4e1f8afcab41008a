import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { isObject, type JsonObject, member, parseObject, textMember, textOf } from "../payload/json.ts";
import { channelOf, createOutput, macOf, type Output } from "../payload/output.ts";
import { isComponent, readComponent, readStatus } from "../payload/shelly.ts";
import { secondsMs } from "../payload/times.ts";

const config = z.strictObject({}).prefault({});

/** Shelly Plus, Pro, Gen3 and Gen4. Source: shelly-api-docs.shelly.cloud/gen2 (MQTT, Notifications). */
export const dialect = {
  type: "shelly-gen2",
  summary: "Shelly devices from the second generation on",
  config,
  create: () => shelly,
} satisfies DialectPlugin<z.output<typeof config>>;

interface Memory {
  /** Device ids by topic prefix. */
  readonly ids: Map<string, string>;
  /** Devices whose MAC was said, which stands in the id. */
  readonly described: Set<string>;
  /** Components that told of errors. */
  readonly troubled: Set<string>;
}
interface Place {
  readonly prefix: string;
  readonly kind: "rpc" | "status" | "online" | "announce" | "other";
  readonly component?: string;
}

const maxKnown = 1_000;
/** They run on batteries and leave after each report. */
const sleepers = /^shelly:shelly(?:plusht|htg3|plussmoke|smokeg4|floodg4)-/i;
const deviceId = /^shelly[a-z0-9]*-[0-9a-f]{6,12}$/i;

const shelly: Dialect = {
  rank: 55,
  claims: (topic, state) => placeOf(topic, memoryOf(state)) !== undefined,
  device(topic, state) {
    const memory = memoryOf(state);
    const place = placeOf(topic, memory);
    return place && deviceOf(place.prefix, memory);
  },
  decode(message, state) {
    const memory = memoryOf(state);
    const place = placeOf(message.topic, memory);
    if (!place) return { records: [], reason: "unknown Shelly topic" };
    const knew = memory.ids.has(place.prefix);
    const decoded = decodeKind(message, place, memory);
    if (!knew && memory.ids.has(place.prefix)) state.learned?.();
    return decoded;
  },
};

function memoryOf(state: DialectState): Memory {
  return state.of("shelly-gen2", () => ({ ids: new Map(), described: new Set(), troubled: new Set() }));
}

function placeOf(topic: string, memory: Memory): Place | undefined {
  const status = /^(.+)\/status\/([a-z0-9_]+(?::\d+)?)$/.exec(topic);
  if (status?.[1] && status[2] && isComponent(status[2])) {
    const [, prefix, component] = status;
    if (component.includes(":") || isPrefix(prefix, memory)) return { prefix, kind: "status", component };
  }
  const rpc = /^(.+)\/events\/rpc$/.exec(topic)?.[1];
  if (rpc !== undefined) return { prefix: rpc, kind: "rpc" };
  const cut = topic.lastIndexOf("/");
  const last = topic.slice(cut + 1);
  const prefix = topic.slice(0, cut);
  if ((last === "online" || last === "announce") && isPrefix(prefix, memory)) return { prefix, kind: last };
  const other = /^(.+)\/(?:rpc|command|debug\/log|status\/.+)$/.exec(topic)?.[1];
  return other !== undefined && isPrefix(other, memory) ? { prefix: other, kind: "other" } : undefined;
}

function isPrefix(prefix: string, memory: Memory): boolean {
  if (memory.ids.has(prefix)) return true;
  return !prefix.startsWith("shellies/") && deviceId.test(prefix.slice(prefix.lastIndexOf("/") + 1));
}

/** The id in a prefix that the user left as it was, or that a notification told; else the prefix. */
function deviceOf(prefix: string, memory: Memory): string {
  const last = prefix.slice(prefix.lastIndexOf("/") + 1);
  return `shelly:${memory.ids.get(prefix) ?? (deviceId.test(last) ? last : prefix)}`;
}

function learn(memory: Memory, prefix: string, id: string | undefined): void {
  if (id !== undefined && (memory.ids.has(prefix) || memory.ids.size < maxKnown)) memory.ids.set(prefix, id);
}

function decodeKind(message: Message, place: Place, memory: Memory): Decoded {
  const out = createOutput(message, "shelly-gen2");
  if (place.kind === "other") return out.done("not about a device's state");
  if (place.kind === "online") {
    const text = textOf(message.payload)?.trim();
    const device = deviceOf(place.prefix, memory);
    if (text === "true") out.availability(device, "online");
    else if (text === "false") out.availability(device, sleepers.test(device) ? "sleeping" : "offline");
    return out.done("unknown availability");
  }
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  if (place.kind === "announce") return announce(out, place.prefix, parsed.value, memory);
  if (place.kind === "rpc") return notification(out, place.prefix, parsed.value, memory);
  const device = deviceOf(place.prefix, memory);
  readComponent(out, device, place.component ?? "", parsed.value, {
    troubled: memory.troubled,
    isWhole: true,
  });
  describeMac(out, device, memory);
  return out.done("no reading in it");
}

function announce(out: Output, prefix: string, document: JsonObject, memory: Memory): Decoded {
  const id = textMember(document, "id");
  if (id === undefined) return out.done("announcement without an id");
  learn(memory, prefix, id);
  out.describe(`shelly:${id}`, {
    name: textMember(document, "name"),
    model: textMember(document, "model"),
    firmware: textMember(document, "ver") ?? textMember(document, "fw_id"),
    mac: macOf(textMember(document, "mac")),
  });
  return out.done();
}

function notification(out: Output, prefix: string, document: JsonObject, memory: Memory): Decoded {
  const method = textMember(document, "method");
  const params = member(document, "params");
  if (method === undefined || !isObject(params)) return out.done("not a notification");
  const source = textMember(document, "src");
  if (source !== undefined && deviceId.test(source)) learn(memory, prefix, source);
  const device = deviceOf(prefix, memory);
  const timeMs = secondsMs(member(params, "ts"));
  if (method === "NotifyStatus" || method === "NotifyFullStatus")
    readStatus(out, device, params, {
      timeMs,
      troubled: memory.troubled,
      isWhole: method === "NotifyFullStatus",
    });
  else if (method === "NotifyEvent") readEvents(out, device, params);
  else return out.done("unknown notification");
  describeMac(out, device, memory);
  return out.done("no reading in it");
}

function readEvents(out: Output, device: string, params: JsonObject): void {
  const events = member(params, "events");
  if (!Array.isArray(events)) return;
  for (const entry of events.slice(0, 64)) {
    const [type = "", number] = (textMember(entry, "component") ?? "").split(":");
    if (type === "") continue;
    out.event(device, type, textMember(entry, "event"), {
      channel: number === undefined ? undefined : channelOf(number),
      timeMs: secondsMs(member(entry, "ts")),
    });
  }
}

/** `shellyplus1pm-aabbccddeeff`: the id ends in the MAC. Said once, beside the first readings. */
function describeMac(out: Output, device: string, memory: Memory): void {
  if (out.done().records.length === 0 || memory.described.has(device) || memory.described.size >= maxKnown)
    return;
  memory.described.add(device);
  out.describe(device, { mac: macOf(/-([0-9a-f]{12})$/i.exec(device)?.[1]) });
}
