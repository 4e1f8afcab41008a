import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, DialectState, Message } from "../model/contracts.ts";
import { channelOf, createOutput, type Output, slug } from "../payload/output.ts";
import { requestsOf } from "../payload/requests.ts";
import {
  parseSparkplug,
  rebirthCommand,
  type SparkplugMetric,
  type SparkplugPayload,
  sparkplugValue,
} from "../payload/sparkplug.ts";
import { isCanonical } from "../payload/units.ts";
import { byLastWord, wordsOf } from "../payload/words.ts";

const config = z.strictObject({}).prefault({});

/** Sparkplug B edge nodes and devices. Source: eclipse-sparkplug/sparkplug specification chapters 4 to 6. */
export const dialect = {
  type: "sparkplug",
  summary: "Sparkplug B edge nodes and their devices",
  config,
  create: () => sparkplug,
} satisfies DialectPlugin<z.output<typeof config>>;

/** What a birth said of a metric. */
interface Born {
  readonly name: string;
  readonly device: string;
  readonly datatype?: number;
  readonly unit?: string;
}
interface Node {
  bdSeq?: string;
  /** Aliases are unique per node, metrics of its devices included. */
  readonly byAlias: Map<string, Born>;
  readonly byName: Map<string, Born>;
  /** Keys of its devices that were born and have not died. */
  readonly devices: Set<string>;
}
interface Place {
  readonly type: string;
  readonly nodeKey: string;
  readonly device: string;
  readonly isNode: boolean;
}

const maxNodes = 1_000;
const maxMetrics = 10_000;
const types = /^(?:NBIRTH|NDEATH|NDATA|NCMD|DBIRTH|DDEATH|DDATA|DCMD)$/;

const sparkplug: Dialect = {
  rank: 10,
  claims: (topic) => topic.startsWith("spBv1.0/"),
  device: (topic) => placeOf(topic)?.device,
  decode(message, state) {
    const place = placeOf(message.topic);
    const out = createOutput(message, "sparkplug");
    if (!place) return out.done("not about an edge node");
    if (place.type.endsWith("CMD")) return out.done("command");
    const payload = parseSparkplug(message.payload);
    if (!payload) return out.done("payload is not Sparkplug B");
    const decoded = handle(out, place, payload, nodesOf(state));
    if (needsBirth.has(decoded.reason ?? "")) askForBirth(place, message, state);
    return decoded;
  },
};

/** Why nothing could be read that a birth would cure. */
const needsBirth = new Set([
  "no birth seen",
  "no birth of its node seen",
  "no birth of the device seen",
  "metric was never born",
]);
const askEveryMs = 60_000;

/** Asks the node to say all again, once a minute at most; sent where a setting allows it. Specification §5.6. */
function askForBirth({ nodeKey }: Place, { receivedAtMs, retained }: Message, state: DialectState): void {
  const asked = state.of("sparkplug-asked", () => new Map<string, number>());
  const before = asked.get(nodeKey);
  if (retained || (before !== undefined && Math.abs(receivedAtMs - before) < askEveryMs)) return;
  if (before === undefined && asked.size >= maxNodes) return;
  asked.set(nodeKey, receivedAtMs);
  const [group, node] = nodeKey.slice("sparkplug:".length).split("/");
  requestsOf(state).ask({ topic: `spBv1.0/${group}/NCMD/${node}`, payload: rebirthCommand(receivedAtMs) });
}

function nodesOf(state: DialectState): Map<string, Node> {
  return state.of("sparkplug", () => new Map());
}

function placeOf(topic: string): Place | undefined {
  const [, group, type = "", node, device, ...more] = topic.split("/");
  if (!group || !node || !types.test(type) || more.length > 0) return undefined;
  const isNode = type.startsWith("N");
  if (isNode !== (device === undefined) || device === "") return undefined;
  const nodeKey = `sparkplug:${group}/${node}`;
  return { type, nodeKey, device: isNode ? nodeKey : `${nodeKey}/${device}`, isNode };
}

function handle(out: Output, place: Place, payload: SparkplugPayload, nodes: Map<string, Node>): Decoded {
  const node = nodes.get(place.nodeKey);
  switch (place.type) {
    case "NBIRTH":
      return nodeBirth(out, place, payload, nodes);
    case "NDEATH":
      return nodeDeath(out, place, payload, nodes);
    case "DBIRTH":
      if (!node) return out.done("no birth of its node seen");
      node.devices.add(place.device);
      out.availability(place.device, "online", { timeMs: payload.timeMs });
      return births(out, place, payload, node);
    case "DDEATH":
      node?.devices.delete(place.device);
      out.availability(place.device, "offline", { timeMs: payload.timeMs });
      return out.done();
    default:
      return data(out, place, payload, node);
  }
}

function nodeBirth(out: Output, place: Place, payload: SparkplugPayload, nodes: Map<string, Node>): Decoded {
  if (!nodes.has(place.nodeKey) && nodes.size >= maxNodes) return out.done("too many edge nodes");
  const sequence = bdSeqOf(payload);
  const node: Node = { byAlias: new Map(), byName: new Map(), devices: new Set() };
  if (sequence !== undefined) node.bdSeq = sequence;
  nodes.set(place.nodeKey, node);
  out.availability(place.device, "online", { timeMs: payload.timeMs });
  return births(out, place, payload, node);
}

/** A death of an earlier session carries another bdSeq: the node is back already. */
function nodeDeath(out: Output, place: Place, payload: SparkplugPayload, nodes: Map<string, Node>): Decoded {
  const node = nodes.get(place.nodeKey);
  const sequence = bdSeqOf(payload);
  if (node?.bdSeq !== undefined && sequence !== undefined && sequence !== node.bdSeq)
    return out.done("death of an earlier session");
  out.availability(place.device, "offline");
  for (const device of node?.devices ?? [])
    out.availability(device, "offline", { detail: "its edge node is offline" });
  nodes.delete(place.nodeKey);
  return out.done();
}

function bdSeqOf({ metrics }: SparkplugPayload): string | undefined {
  const value = metrics.find(({ name }) => name === "bdSeq")?.value;
  return value === undefined ? undefined : `${value}`;
}

function births(out: Output, place: Place, payload: SparkplugPayload, node: Node): Decoded {
  for (const metric of payload.metrics) {
    if (metric.name === undefined || isControl(metric.name)) continue;
    const born: Born = {
      name: metric.name,
      device: place.device,
      ...(metric.datatype === undefined ? {} : { datatype: metric.datatype }),
      ...(metric.unit === undefined ? {} : { unit: metric.unit }),
    };
    if (node.byName.size >= maxMetrics) break;
    node.byName.set(`${place.device} ${metric.name}`, born);
    if (metric.alias !== undefined) node.byAlias.set(metric.alias, born);
    read(out, born, metric, payload.timeMs);
  }
  if (!place.isNode) out.describe(place.device, { behind: place.nodeKey });
  return out.done("birth without readings");
}

function isControl(name: string): boolean {
  return name === "bdSeq" || /^(?:Node|Device) Control\//.test(name);
}

function data(out: Output, place: Place, payload: SparkplugPayload, node: Node | undefined): Decoded {
  if (!node) return out.done("no birth seen");
  if (!place.isNode && !node.devices.has(place.device)) return out.done("no birth of the device seen");
  let unknown = 0;
  for (const metric of payload.metrics) {
    if (metric.name !== undefined && isControl(metric.name)) continue;
    const born =
      metric.name === undefined
        ? node.byAlias.get(metric.alias ?? "")
        : node.byName.get(`${place.device} ${metric.name}`);
    if (born) read(out, born, metric, payload.timeMs);
    else unknown++;
  }
  return out.done(unknown > 0 ? "metric was never born" : "no reading in it");
}

function read(out: Output, born: Born, metric: SparkplugMetric, payloadMs: number | undefined): void {
  if (metric.isNull) return;
  const value = sparkplugValue(metric.value, metric.datatype ?? born.datatype);
  if (value === undefined) return;
  const { metric: name, channel } = nameOf(born.name);
  const unit = metric.unit ?? born.unit;
  const timeMs = metric.timeMs ?? payloadMs;
  // `Machine State` may be a word: then it is no switch, and the whole name stands.
  if (!out.sample(born.device, name, value, { unit, channel, timeMs }))
    out.sample(born.device, slug(born.name), value, { unit, timeMs });
}

/** `Cabinet/Temperature` is temperature of `cabinet`; without a known last word the whole name is the metric. */
function nameOf(name: string): { readonly metric: string; readonly channel?: string | undefined } {
  const cut = name.lastIndexOf("/");
  const known = byLastWord(name.slice(cut + 1));
  if (!known || !isCanonical(wordsOf(name).at(-1) ?? "")) return { metric: slug(name) };
  const channel = [name.slice(0, Math.max(0, cut)), known.channel ?? ""].filter((part) => part !== "");
  return { metric: known.metric, channel: channel.length === 0 ? undefined : channelOf(channel.join("_")) };
}
