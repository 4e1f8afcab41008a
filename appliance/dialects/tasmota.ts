import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import {
  isObject,
  type Json,
  type JsonObject,
  member,
  parseObject,
  textMember,
  textOf,
} from "../payload/json.ts";
import { createOutput, macOf, type Output } from "../payload/output.ts";
import { plainWords, readPower, readSensors, readState, readZigbee, type Words } from "../payload/tasmota.ts";

const config = z.strictObject({}).prefault({});

/**
 * Tasmota, with its Zigbee bridge. Source: tasmota/docs docs/{MQTT,DeepSleep,ADC,Zigbee}.md; hatasmota
 * {const,discovery,sensor}.py.
 */
export const dialect = {
  type: "tasmota",
  summary: "Tasmota devices and their Zigbee bridge",
  config,
  create: () => tasmota,
} satisfies DialectPlugin<z.output<typeof config>>;

type Prefix = "cmnd" | "stat" | "tele";
const prefixes: readonly Prefix[] = ["cmnd", "stat", "tele"];

/** What a discovery document says of a device. */
interface Known {
  readonly topic: string;
  readonly online: string;
  readonly offline: string;
  readonly sleeps: boolean;
  readonly words: Words;
  /** Topics without their last level, by prefix. */
  readonly bases: ReadonlyMap<string, Prefix>;
}
interface Memory {
  readonly byMac: Map<string, Known>;
  readonly byBase: Map<string, { readonly known: Known; readonly prefix: Prefix }>;
}
interface Place {
  readonly prefix: Prefix;
  readonly topic: string;
  /** The last level: `SENSOR`. */
  readonly what: string;
  readonly known?: Known;
}

const maxKnown = 1_000;
const discovery = /^tasmota\/discovery\/([0-9A-Fa-f]{12})\/(config|sensors)$/;
const reports = /^(?:LWT|SENSOR|STATE|RESULT|POWER\d*|STATUS\d*|INFO\d|UPTIME|MARGINS|WAKEUP|EVENT)$/;

const tasmota: Dialect = {
  rank: 60,
  claims: (topic, state) => discovery.test(topic) || placeOf(topic, memoryOf(state)) !== undefined,
  device(topic, state) {
    const place = placeOf(topic, memoryOf(state));
    return place && `tasmota:${place.topic}`;
  },
  decode(message, state) {
    const memory = memoryOf(state);
    const found = discovery.exec(message.topic);
    if (found?.[1] && found[2])
      return decodeDiscovery(message, found[1].toLowerCase(), found[2], memory, state);
    const place = placeOf(message.topic, memory);
    if (!place) return { records: [], reason: "unknown Tasmota topic" };
    return decodeReport(message, place);
  },
};

function memoryOf(state: DialectState): Memory {
  return state.of("tasmota", () => ({ byMac: new Map(), byBase: new Map() }));
}

/** Where a topic belongs: by what discovery taught, else by a level `tele`, `stat` or `cmnd` anywhere in it. */
function placeOf(topic: string, memory: Memory): Place | undefined {
  const cut = topic.lastIndexOf("/");
  if (cut < 0) return undefined;
  const what = topic.slice(cut + 1);
  const learned = memory.byBase.get(topic.slice(0, cut));
  if (learned) return { prefix: learned.prefix, topic: learned.known.topic, what, known: learned.known };
  const levels = topic.split("/");
  const at = levels.findIndex((level) => prefixes.includes(level as Prefix));
  const prefix = levels[at] as Prefix | undefined;
  if (prefix === undefined || at >= levels.length - 1) return undefined;
  if (prefix !== "cmnd" && !reports.test(what)) return undefined;
  const behind = levels.slice(at + 1, -1);
  const name = behind.length > 0 ? behind.join("/") : levels[at - 1];
  return name ? { prefix, topic: name, what } : undefined;
}

function decodeReport(message: Message, place: Place): Decoded {
  const { prefix, what, known } = place;
  const out = createOutput(message, "tasmota");
  const device = `tasmota:${place.topic}`;
  if (prefix === "cmnd") return out.done("command");
  if (message.payload.length === 0) return out.done("empty payload");
  const text = textOf(message.payload)?.trim();
  if (text === undefined) return out.done("payload is not UTF-8");
  if (what === "LWT") return lwt(out, device, text, known);
  const words = known?.words ?? plainWords;
  const relay = /^POWER(\d*)$/.exec(what);
  if (relay) {
    readPower(out, device, relay[1] ?? "", text, words);
    return out.done("unknown state");
  }
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  readReport(out, place, parsed.value, words);
  return out.done("no reading in it");
}

function readReport(out: Output, place: Place, document: JsonObject, words: Words): void {
  const device = `tasmota:${place.topic}`;
  const { what } = place;
  if (what.startsWith("INFO")) {
    const info = member(document, `Info${what.slice(4)}`) ?? document;
    out.describe(device, {
      model: textMember(info, "Module"),
      firmware: textMember(info, "Version"),
      ip: ipOf(info),
    });
    return;
  }
  if (what.startsWith("STATUS")) readStatus(out, device, document, words);
  else if (what === "STATE" || what === "RESULT") readState(out, device, document, words);
  else if (what === "SENSOR") {
    const received = member(document, "ZbReceived");
    if (isObject(received)) readZigbee(out, bridgeOf(place.topic, received), received);
    readSensors(out, device, document);
  }
}

/** With SetOption89 the topic has the Zigbee device's address or name behind the bridge's. */
function bridgeOf(topic: string, received: JsonObject): string {
  const cut = topic.lastIndexOf("/");
  if (cut < 0) return topic;
  const last = topic.slice(cut + 1).toLowerCase();
  const isSame = Object.entries(received).some(([key, value]) =>
    [key, key.replace(/^0x/i, ""), textMember(value, "Name")].some((name) => name?.toLowerCase() === last),
  );
  return isSame ? topic.slice(0, cut) : topic;
}

function readStatus(out: Output, device: string, document: JsonObject, words: Words): void {
  const sensors = member(document, "StatusSNS");
  if (isObject(sensors)) readSensors(out, device, sensors);
  const state = member(document, "StatusSTS");
  if (isObject(state)) readState(out, device, state, words);
  const net = member(document, "StatusNET");
  out.describe(device, {
    name: textMember(member(document, "Status"), "DeviceName"),
    firmware: textMember(member(document, "StatusFWR"), "Version"),
    mac: macOf(textMember(net, "Mac")),
    ip: ipOf(net),
  });
}

function ipOf(value: Json | undefined): string | undefined {
  const ip = textMember(value, "IPAddress");
  return ip === "0.0.0.0" ? undefined : ip;
}

function lwt(out: Output, device: string, text: string, known: Known | undefined): Decoded {
  if (text === (known?.online ?? "Online")) out.availability(device, "online");
  else if (text === (known?.offline ?? "Offline"))
    out.availability(device, known?.sleeps ? "sleeping" : "offline");
  return out.done("unknown availability");
}

function decodeDiscovery(
  message: Message,
  mac: string,
  what: string,
  memory: Memory,
  state: DialectState,
): Decoded {
  const out = createOutput(message, "tasmota");
  const before = memory.byMac.get(mac);
  if (message.payload.length === 0) {
    if (what === "config" && before) {
      out.forget(`tasmota:${before.topic}`);
      forget(memory, mac);
      state.learned?.();
    }
    return out.done("nothing known to forget");
  }
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  if (what === "sensors") {
    const sensors = member(parsed.value, "sn");
    if (!before) return out.done("no discovery document for it yet");
    if (isObject(sensors)) readSensors(out, `tasmota:${before.topic}`, sensors);
    return out.done("no reading in it");
  }
  const known = knownOf(parsed.value);
  if (!known) return out.done("discovery document without a topic");
  learn(memory, mac, known);
  state.learned?.();
  out.describe(`tasmota:${known.topic}`, {
    name: textMember(parsed.value, "dn"),
    model: textMember(parsed.value, "md"),
    firmware: textMember(parsed.value, "sw"),
    mac: macOf(textMember(parsed.value, "mac")) ?? mac,
    ip: textMember(parsed.value, "ip"),
  });
  return out.done();
}

function learn(memory: Memory, mac: string, known: Known): void {
  forget(memory, mac);
  if (memory.byMac.size >= maxKnown) return;
  memory.byMac.set(mac, known);
  for (const [base, prefix] of known.bases) memory.byBase.set(base, { known, prefix });
}

function forget(memory: Memory, mac: string): void {
  for (const base of memory.byMac.get(mac)?.bases.keys() ?? []) memory.byBase.delete(base);
  memory.byMac.delete(mac);
}

function knownOf(document: JsonObject): Known | undefined {
  const topic = textMember(document, "t");
  if (topic === undefined) return undefined;
  const layout = textMember(document, "ft") ?? "%prefix%/%topic%/";
  const named = member(document, "tp");
  const bases = new Map<string, Prefix>();
  for (const [i, prefix] of prefixes.entries()) {
    const own = Array.isArray(named) && typeof named[i] === "string" ? named[i] : prefix;
    const base = layout
      .replaceAll("%prefix%", own)
      .replaceAll("%topic%", topic)
      .replaceAll("%hostname%", textMember(document, "hn") ?? "")
      .replaceAll("%id%", (textMember(document, "mac") ?? "").slice(-6));
    bases.set(base.replace(/\/+$/, ""), prefix);
  }
  const words = member(document, "state");
  const word = (i: number) => (Array.isArray(words) && typeof words[i] === "string" ? words[i] : undefined);
  return {
    topic,
    online: textMember(document, "onln") ?? "Online",
    offline: textMember(document, "ofln") ?? "Offline",
    sleeps: isSet(member(document, "bat")) || isSet(member(document, "dslp")),
    words: { off: word(0) ?? plainWords.off, on: word(1) ?? plainWords.on },
    bases,
  };
}

function isSet(value: Json | undefined): boolean {
  return value === true || (typeof value === "number" && value !== 0);
}
