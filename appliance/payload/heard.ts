import type { Message } from "../model/contracts.ts";
import type { DeviceRef } from "../model/observation.ts";
import type { HeardMessage } from "../model/telemetry.ts";
import type { DecoderResult } from "./decoder.ts";

const mostTopics = 2_000;
const mostUnread = 50;
const keptBytes = 8_192;
const keptRecords = 64;

/** The newest message of each topic, of all brokers together; the topics that were silent longest go first. */
export interface Heard {
  note(message: Message, result: DecoderResult): void;
  /** Newest first. */
  of(device: DeviceRef): readonly HeardMessage[];
  unread(): readonly HeardMessage[];
}

export function createHeard(): Heard {
  const byTopic = new Map<string, HeardMessage>();
  const unread = new Map<string, HeardMessage>();
  const topicsOf = new Map<DeviceRef, Set<string>>();

  function forgetOldest(): void {
    const [oldest] = byTopic;
    if (!oldest) return;
    const [topic, { records }] = oldest;
    byTopic.delete(topic);
    for (const { device } of records) {
      const topics = topicsOf.get(device);
      topics?.delete(topic);
      if (topics?.size === 0) topicsOf.delete(device);
    }
  }

  function noteRead(kept: HeardMessage): void {
    const { topic } = kept;
    unread.delete(topic);
    put(byTopic, topic, kept);
    for (const { device } of kept.records) {
      const topics = topicsOf.get(device);
      if (topics) topics.add(topic);
      else topicsOf.set(device, new Set([topic]));
    }
    if (byTopic.size > mostTopics) forgetOldest();
  }

  function noteUnread(kept: HeardMessage): void {
    put(unread, kept.topic, kept);
    if (unread.size > mostUnread) unread.delete(unread.keys().next().value ?? "");
  }

  return {
    note(message, result) {
      if (result.records.length > 0) noteRead(keep(message, result));
      // What gave something before still says whose it is.
      else if (!byTopic.has(message.topic)) noteUnread(keep(message, result));
    },
    of: (device) =>
      [...(topicsOf.get(device) ?? [])]
        .flatMap((topic) => byTopic.get(topic) ?? [])
        .sort((a, b) => b.receivedAtMs - a.receivedAtMs),
    unread: () => [...unread.values()].reverse(),
  };
}

/** At the end, so that the first is the one that was silent longest. */
function put(map: Map<string, HeardMessage>, topic: string, message: HeardMessage): void {
  map.delete(topic);
  map.set(topic, message);
}

function keep(message: Message, { records, dialect, reason }: DecoderResult): HeardMessage {
  const { payload } = message;
  return {
    ...message,
    // A copy: the original may be a part of a much larger read.
    payload: new Uint8Array(payload.subarray(0, keptBytes)),
    bytes: payload.length,
    records: records.length > keptRecords ? records.slice(0, keptRecords) : records,
    ...(dialect === undefined ? {} : { dialect }),
    ...(reason === undefined ? {} : { reason }),
  };
}
