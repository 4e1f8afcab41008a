import { randomInt } from "node:crypto";
import { type Device, type DeviceId, deviceId, slug } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { groupOf } from "./describe.ts";
import { nameOfRef, topicOfRef } from "./keys.ts";

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

/** The room that a level of the topic names: one that is known already, since a word alone may be anything. */
function roomIn(ref: string, rooms: Iterable<string>): string | undefined {
  const levels = new Set(
    topicOfRef(ref)
      .split("/")
      .map((level) => slug(level)),
  );
  for (const room of rooms) if (levels.has(slug(room)) && slug(room) !== "") return room;
  return undefined;
}

/**
 * A device that spoke up by itself, by the key that it did so under.
 *
 * @param rooms - those that people and devices named so far
 */
export function appeared(id: DeviceId, ref: string, nowMs: number, rooms: Iterable<string>): Device {
  const room = roomIn(ref, rooms);
  return {
    ...(room === undefined ? {} : { room }),
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
