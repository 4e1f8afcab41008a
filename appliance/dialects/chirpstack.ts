import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin, Message } from "../model/contracts.ts";
import { isDocument, readDocument } from "../payload/flatten.ts";
import { type JsonObject, member, parseObject, textMember } from "../payload/json.ts";
import { devEuiOf, readBestGateway } from "../payload/lorawan.ts";
import { createOutput, type Output } from "../payload/output.ts";
import { momentMs } from "../payload/times.ts";
import { toNumber } from "../payload/units.ts";
import { type Words, wordsIn } from "../payload/words.ts";

const config = z.strictObject({}).prefault({});

/**
 * LoRaWAN devices behind ChirpStack 4. Source: chirpstack-docs src/chirpstack/integrations/{mqtt,events}.md;
 * chirpstack api/proto/integration/integration.proto.
 */
export const dialect = {
  type: "chirpstack",
  summary: "LoRaWAN devices behind ChirpStack 4",
  config,
  create: () => chirpstack,
} satisfies DialectPlugin<z.output<typeof config>>;

const topicPattern = /^application\/[^/]+\/device\/([0-9a-fA-F]{16})\/(event|command|state)\/([a-z]+)$/;

const chirpstack: Dialect = {
  rank: 80,
  claims: (topic) => topicPattern.test(topic),
  device(topic) {
    const eui = devEuiOf(topicPattern.exec(topic)?.[1]);
    return eui && `lorawan:${eui}`;
  },
  decode(message, state) {
    const [, eui, kind, event = ""] = topicPattern.exec(message.topic) ?? [];
    const out = createOutput(message, "chirpstack");
    if (kind !== "event") return out.done("command");
    return decodeEvent(out, message, `lorawan:${devEuiOf(eui)}`, event, wordsIn(state));
  },
};

function decodeEvent(out: Output, message: Message, device: string, event: string, words: Words): Decoded {
  const first = message.payload.find((byte) => byte > 0x20);
  // Protobuf begins with the tag of a text field, never with a brace.
  if (first !== undefined && first !== 0x7b)
    return out.done("ChirpStack writes Protobuf: set its MQTT integration to JSON");
  const parsed = parseObject(message.payload);
  if (!parsed.ok) return out.done(parsed.reason);
  const document = parsed.value;
  if (member(document, "deviceInfo") === undefined && member(document, "devEUI") !== undefined)
    return out.done("ChirpStack 3 writes another form");
  const timeMs = momentMs(member(document, "time"));
  describe(out, device, document);
  if (event === "up" || event === "integration") readUplink(out, device, document, timeMs, words);
  else if (event === "status") readStatus(out, device, document, timeMs);
  else if (event === "join") out.event(device, "join", true, { timeMs });
  else if (event === "log") readLog(out, device, document, timeMs);
  else return createOutput(message, "chirpstack").done("no reading in this event");
  return out.done("no reading in it");
}

function describe(out: Output, device: string, document: JsonObject): void {
  const info = member(document, "deviceInfo");
  out.describe(device, {
    name: textMember(info, "deviceName"),
    model: textMember(info, "deviceProfileName"),
    room: textMember(member(info, "tags"), "room"),
    mac: device.slice("lorawan:".length),
  });
}

function readUplink(
  out: Output,
  device: string,
  document: JsonObject,
  timeMs: number | undefined,
  words: Words,
): void {
  const object = member(document, "object");
  if (object !== undefined && isDocument(object)) readDocument(out, device, object, words, { timeMs });
  // Proto3 JSON leaves zeros out: a gateway without an snr heard it at 0 dB.
  readBestGateway(out, device, member(document, "rxInfo"), timeMs, 0);
}

function readStatus(out: Output, device: string, document: JsonObject, timeMs: number | undefined): void {
  const isExternal = member(document, "externalPowerSource") === true;
  const isUnavailable = member(document, "batteryLevelUnavailable") === true;
  if (isExternal) out.sample(device, "external_power", true, { timeMs });
  else if (!isUnavailable)
    // As above: an empty battery is left out.
    out.sample(device, "battery", toNumber(member(document, "batteryLevel")) ?? 0, { timeMs });
  out.sample(device, "margin", toNumber(member(document, "margin")) ?? 0, { unit: "dB", timeMs });
}

function readLog(out: Output, device: string, document: JsonObject, timeMs: number | undefined): void {
  if (textMember(document, "level") !== "ERROR") return;
  const text = [textMember(document, "code"), textMember(document, "description")].filter((part) => part);
  out.event(device, "log", text.join(": "), { timeMs });
}
