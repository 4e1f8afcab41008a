import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin } from "../model/contracts.ts";
import { isDocument, readDocument } from "../payload/flatten.ts";
import { isObject, type Json, type JsonObject, member, parseObject, textMember } from "../payload/json.ts";
import { devEuiOf, readBestGateway } from "../payload/lorawan.ts";
import { createOutput, type Output } from "../payload/output.ts";
import { momentMs } from "../payload/times.ts";
import { type Words, wordsIn } from "../payload/words.ts";

const config = z.strictObject({}).prefault({});

/**
 * LoRaWAN devices behind The Things Stack 3. Source: lorawan-stack-docs doc/content/integrations/{data-formats,
 * other-integrations/mqtt,payload-formatters}.
 */
export const dialect = {
  type: "things-stack",
  summary: "LoRaWAN devices behind The Things Stack",
  config,
  create: () => thingsStack,
} satisfies DialectPlugin<z.output<typeof config>>;

const topicPattern = /^v3\/([^/]+)\/devices\/([^/]+)\/(.+)$/;

const thingsStack: Dialect = {
  rank: 85,
  claims: (topic) => topicPattern.test(topic),
  decode(message, state) {
    const out = createOutput(message, "things-stack");
    const [, application, deviceId, event] = topicPattern.exec(message.topic) ?? [];
    if (event !== "up" && event !== "join") return out.done("no reading in this event");
    const parsed = parseObject(message.payload);
    if (!parsed.ok) return out.done(parsed.reason);
    const ids = member(parsed.value, "end_device_ids");
    const eui = devEuiOf(textMember(ids, "dev_eui"));
    // A device without an EUI (activation by personalisation) has a name within its application only.
    const device = `lorawan:${eui ?? `${application}/${deviceId}`}`;
    return event === "up"
      ? decodeUplink(out, device, textMember(ids, "device_id") ?? deviceId, parsed.value, wordsIn(state))
      : decodeJoin(out, device, textMember(ids, "device_id") ?? deviceId, parsed.value);
  },
};

function decodeJoin(out: Output, device: string, name: string | undefined, document: JsonObject): Decoded {
  describe(out, device, name, undefined);
  out.event(device, "join", true, { timeMs: momentMs(member(document, "received_at")) });
  return out.done();
}

function describe(out: Output, device: string, name: string | undefined, uplink: Json | undefined): void {
  const version = member(uplink, "version_ids");
  out.describe(device, {
    name,
    manufacturer: textMember(version, "brand_id"),
    model: textMember(version, "model_id"),
    firmware: textMember(version, "firmware_version"),
    mac: devEuiOf(device.slice("lorawan:".length)),
  });
}

function decodeUplink(
  out: Output,
  device: string,
  name: string | undefined,
  document: JsonObject,
  words: Words,
): Decoded {
  if (member(document, "simulated") === true) return out.done("simulated");
  const uplink = member(document, "uplink_message");
  if (!isObject(uplink)) return out.done("no uplink in it");
  const timeMs = momentMs(member(uplink, "received_at")) ?? momentMs(member(document, "received_at"));
  describe(out, device, name, uplink);
  const normalized = member(uplink, "normalized_payload");
  const first = Array.isArray(normalized) ? normalized[0] : normalized;
  const decoded = member(uplink, "decoded_payload");
  if (isObject(first) && Object.keys(first).length > 0) readNormalized(out, device, first, timeMs, words);
  else if (decoded !== undefined && isDocument(decoded))
    readDocument(out, device, decoded, words, { timeMs });
  out.sample(device, "battery", member(member(uplink, "last_battery_percentage"), "value"), { timeMs });
  readBestGateway(out, device, member(uplink, "rx_metadata"), timeMs);
  return out.done("no reading in it");
}

// SI units by definition. Source: TheThingsNetwork/lorawan-devices lib/payload.json.
const normalizedMetrics = new Map<string, { readonly metric: string; readonly unit?: string }>([
  ["air.relativeHumidity", { metric: "humidity" }],
  ["air.lightIntensity", { metric: "illuminance" }],
  ["soil.moisture", { metric: "soil_moisture" }],
  ["water.leak", { metric: "leak" }],
  ["action.motion.detected", { metric: "motion" }],
  ["battery", { metric: "battery_voltage", unit: "V" }],
]);

function readNormalized(
  out: Output,
  device: string,
  payload: JsonObject,
  payloadMs: number | undefined,
  words: Words,
): void {
  const timeMs = momentMs(member(payload, "time")) ?? payloadMs;
  const measured = member(payload, "measurement");
  const document = isObject(measured) ? measured : payload;
  const contact = textMember(member(document, "action"), "contactState");
  if (contact === "open" || contact === "closed") out.sample(device, "open", contact, { timeMs });
  readDocument(out, device, document, words, {
    timeMs,
    skip(path) {
      const found = normalizedMetrics.get(path.join("."));
      if (!found) return false;
      const value = path.reduce<Json | undefined>((inner, key) => member(inner, key), document);
      const channel = path[0] === "air" && path.length > 1 ? "air" : undefined;
      out.sample(device, found.metric, value, { unit: found.unit, channel, timeMs });
      return true;
    },
  });
}
