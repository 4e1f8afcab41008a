import { randomInt } from "node:crypto";
import { type Device, type DeviceId, deviceId } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { groupOf } from "./describe.ts";
import { nameOfRef } from "./keys.ts";

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
/** The file asks for these itself; they need no approval. */
const brokerPrefix = "mqtt-broker:";

/** Eight random letters and digits. */
export function newDeviceId(isTaken: (id: DeviceId) => boolean): DeviceId {
  for (;;) {
    const id = deviceId(Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join(""));
    if (!isTaken(id)) return id;
  }
}

/** A device that spoke up by itself, by the key that it did so under. */
export function appeared(id: DeviceId, ref: string, nowMs: number): Device {
  return {
    id,
    name: cleanText(nameOfRef(ref), 100) || id,
    kind: "sensor",
    group: groupOf("sensor"),
    identity: {},
    ports: [],
    sensors: [],
    collectors: ref.startsWith(brokerPrefix) ? [] : ["mqtt"],
    source: "mqtt",
    approved: ref.startsWith(brokerPrefix),
    firstSeenMs: nowMs,
  };
}
