import { isUtf8 } from "node:buffer";
import { maxTopicBytes } from "../model/topic.ts";

/** Greatest MQTT control packet taken, in bytes: one of 256 KiB with its topic. */
export const maxFrameBytes = 256 * 1024 + 1_024;

export const packetTypes = {
  connect: 1,
  publish: 3,
  subscribe: 8,
  unsubscribe: 10,
} as const;

export interface Frame {
  /** Control packet type, MQTT 3.1.1 §2.2.1. */
  readonly type: number;
  readonly flags: number;
  /** Where the variable header begins. */
  readonly bodyStart: number;
  /** Just behind the packet. */
  readonly end: number;
}

/**
 * Reads the fixed header at `start` (MQTT 3.1.1 §2.2).
 *
 * @returns "more" when the header is not all there, "bad" when its length is malformed
 */
export function frameAt(data: Uint8Array, start: number): Frame | "more" | "bad" {
  const first = data[start];
  if (first === undefined) return "more";
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = data[start + 1 + i];
    if (byte === undefined) return "more";
    length += (byte & 0x7f) * 128 ** i;
    if (byte < 0x80) {
      const bodyStart = start + 2 + i;
      return {
        type: first >> 4,
        flags: first & 0x0f,
        bodyStart,
        end: bodyStart + length,
      };
    }
  }
  return "bad";
}

/** A text with its length in front at `at`; undefined when it does not fit before `end`. */
export function fieldAt(
  data: Buffer,
  at: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  if (at + 2 > end) return undefined;
  const start = at + 2;
  const stop = start + data.readUInt16BE(at);
  return stop <= end ? { start, end: stop } : undefined;
}

/** Whether bytes are well-formed UTF-8 without control characters (MQTT 3.1.1 §1.5.3). */
export function isCleanText(data: Buffer, start: number, end: number): boolean {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = data[i] ?? 0;
    if (byte < 0x20 || byte === 0x7f) return false;
    if (byte > 0x7f) ascii = false;
  }
  if (ascii) return true;
  const part = data.subarray(start, end);
  return isUtf8(part) && !/\p{Cc}|\p{Noncharacter_Code_Point}/u.test(part.toString());
}

/** As `isCleanText`, and short enough for a topic or filter. */
export function isCleanTopic(data: Buffer, start: number, end: number): boolean {
  return end > start && end - start <= maxTopicBytes && isCleanText(data, start, end);
}

export interface ConnectFacts {
  readonly version: number;
  readonly clientId: string;
  readonly username?: string;
  /** What is wrong with its texts; undefined when nothing is. */
  readonly problem?: string;
}

/** What a CONNECT says, as far as the guard needs it; undefined when it is malformed. MQTT 3.1.1 §3.1, MQTT 5 §3.1. */
export function connectFacts(data: Buffer, frame: Frame): ConnectFacts | undefined {
  const name = fieldAt(data, frame.bodyStart, frame.end);
  if (!name || name.end + 4 > frame.end) return undefined;
  const version = (data[name.end] ?? 0) & 0x7f;
  const flags = data[name.end + 1] ?? 0;
  let at = name.end + 4;
  if (version === 5) {
    const skipped = skipProperties(data, at, frame.end);
    if (skipped === undefined) return undefined;
    at = skipped;
  }
  const clientId = fieldAt(data, at, frame.end);
  if (!clientId) return undefined;
  const facts = { version, clientId: text(data, clientId) };
  // What follows differs in version 5, which is refused anyway.
  return version === 5 ? facts : withWillAndUser(data, frame, flags, clientId.end, facts);
}

function withWillAndUser(
  data: Buffer,
  frame: Frame,
  flags: number,
  from: number,
  facts: ConnectFacts,
): ConnectFacts | undefined {
  let at = from;
  const idBytes = Buffer.byteLength(facts.clientId);
  let problem = isCleanText(data, at - idBytes, at) ? undefined : "client id with control characters";
  if (flags & 0x04) {
    const topic = fieldAt(data, at, frame.end);
    const payload = topic && fieldAt(data, topic.end, frame.end);
    if (!topic || !payload) return undefined;
    if (!isCleanTopic(data, topic.start, topic.end)) problem = "bad will topic";
    at = payload.end;
  }
  if (!(flags & 0x80)) return problem ? { ...facts, problem } : facts;
  const user = fieldAt(data, at, frame.end);
  if (!user) return undefined;
  if (!isCleanText(data, user.start, user.end)) problem = "user name with control characters";
  return {
    ...facts,
    username: text(data, user),
    ...(problem ? { problem } : {}),
  };
}

function skipProperties(data: Buffer, at: number, end: number): number | undefined {
  const frame = frameAt(data, at - 1);
  if (typeof frame === "string" || frame.end > end) return undefined;
  return frame.end;
}

function text(data: Buffer, { start, end }: { readonly start: number; readonly end: number }): string {
  return data.toString("utf8", start, end);
}

/** Topic of a PUBLISH; undefined when it is too long, not UTF-8 or has control characters. */
export function publishTopic(data: Buffer, frame: Frame): string | undefined {
  const topic = fieldAt(data, frame.bodyStart, frame.end);
  return topic && isCleanTopic(data, topic.start, topic.end)
    ? data.toString("utf8", topic.start, topic.end)
    : undefined;
}

/** Whether every filter of a SUBSCRIBE or UNSUBSCRIBE is a clean text. */
export function filtersAreClean(data: Buffer, frame: Frame): boolean {
  let at = frame.bodyStart + 2;
  const tail = frame.type === packetTypes.subscribe ? 1 : 0;
  while (at < frame.end) {
    const filter = fieldAt(data, at, frame.end);
    if (!filter || !isCleanTopic(data, filter.start, filter.end)) return false;
    at = filter.end + tail;
  }
  return true;
}
