import type { Message } from "../model/contracts.ts";
import type { DeviceRef } from "../model/observation.ts";
import type { HeardMessage } from "../model/telemetry.ts";
import type { DecoderResult } from "./decoder.ts";

const mostTopics = 2_000;
/** Messages within which it does not matter which topic was silent longer. */
const nearby = 64;
const mostUnread = 50;
const keptBytes = 8_192;
const keptRecords = 64;
/** Devices that one topic is known to be about; where it names ever more, it is learned anew. */
const mostDevices = 256;

/** The newest message of each topic, of all brokers together; the topics that were silent longest go first. */
export interface Heard {
  note(message: Message, result: DecoderResult): void;
  /** Newest first. */
  of(device: DeviceRef): readonly HeardMessage[];
  unread(): readonly HeardMessage[];
}

/** As it is kept: one object and one buffer for each topic, written over by each message, since messages are many. */
interface Kept {
  topic: string;
  retained: boolean;
  receivedAtMs: number;
  from: string | undefined;
  payload: Buffer;
  bytes: number;
  dialect: string | undefined;
  reason: string | undefined;
  records: HeardMessage["records"];
  /** Counts up with each message. */
  order: number;
  /** Devices that it was about. */
  readonly devices: Set<DeviceRef>;
}

/** Kept messages by topic; the first is the one that was silent longest, give or take `nearby` messages. */
class Shelf {
  readonly #byTopic = new Map<string, Kept>();
  #order = 0;

  get size(): number {
    return this.#byTopic.size;
  }

  get(topic: string): Kept | undefined {
    return this.#byTopic.get(topic);
  }

  put(message: Message, result: DecoderResult): Kept {
    const { topic } = message;
    const before = this.#byTopic.get(topic);
    const kept = before ?? {
      ...message,
      ...nothing,
      from: undefined,
      bytes: 0,
      order: 0,
      devices: new Set(),
    };
    if (!before || this.#order - before.order > nearby) {
      this.#byTopic.delete(topic);
      this.#byTopic.set(topic, kept);
    }
    kept.order = ++this.#order;
    write(kept, message, result);
    return kept;
  }

  delete(topic: string): void {
    this.#byTopic.delete(topic);
  }

  /** Takes the quietest away. */
  shift(): Kept | undefined {
    const [first] = this.#byTopic.values();
    if (first) this.#byTopic.delete(first.topic);
    return first;
  }

  newestFirst(): Kept[] {
    return [...this.#byTopic.values()].sort((a, b) => b.order - a.order);
  }
}

function write(kept: Kept, { payload, retained, receivedAtMs, from }: Message, result: DecoderResult): void {
  const length = Math.min(payload.length, keptBytes);
  if (kept.payload.length < length) kept.payload = Buffer.allocUnsafeSlow(roomFor(length));
  // A copy: the original may be a part of a much larger read.
  if (payload instanceof Buffer) payload.copy(kept.payload, 0, 0, length);
  else kept.payload.set(payload.subarray(0, length));
  kept.bytes = payload.length;
  kept.retained = retained;
  kept.receivedAtMs = receivedAtMs;
  kept.from = from;
  kept.dialect = result.dialect;
  kept.reason = result.reason;
  kept.records = result.records.length > keptRecords ? result.records.slice(0, keptRecords) : result.records;
}

export function createHeard(): Heard {
  const read = new Shelf();
  const unread = new Shelf();
  const topicsOf = new Map<DeviceRef, Set<string>>();

  function unlink({ topic, devices }: Kept): void {
    for (const device of devices) {
      const topics = topicsOf.get(device);
      topics?.delete(topic);
      if (topics?.size === 0) topicsOf.delete(device);
    }
    devices.clear();
  }

  function link(kept: Kept): void {
    const { topic, records, devices } = kept;
    for (const { device } of records) {
      if (devices.has(device)) continue;
      if (devices.size >= mostDevices) unlink(kept);
      devices.add(device);
      const topics = topicsOf.get(device);
      if (topics) topics.add(topic);
      else topicsOf.set(device, new Set([topic]));
    }
  }

  function forgetQuietest(): void {
    const gone = read.shift();
    if (gone) unlink(gone);
  }

  return {
    note(message, result) {
      if (result.records.length > 0) {
        if (unread.size > 0) unread.delete(message.topic);
        link(read.put(message, result));
        if (read.size > mostTopics) forgetQuietest();
      } else if (!read.get(message.topic)) {
        // What gave something before still says whose it is.
        unread.put(message, result);
        if (unread.size > mostUnread) unread.shift();
      }
    },
    of: (device) =>
      [...(topicsOf.get(device) ?? [])]
        .flatMap((topic) => read.get(topic) ?? [])
        .filter(({ records }) => records.some((record) => record.device === device))
        .sort((a, b) => b.order - a.order)
        .map(shown),
    unread: () => unread.newestFirst().map(shown),
  };
}

const nothing = {
  payload: Buffer.alloc(0),
  dialect: undefined,
  reason: undefined,
  records: [],
};

/** So that a message that is a little longer than the last one does not need another buffer. */
const roomFor = (length: number) => Math.min(keptBytes, Math.ceil((length + 64) / 256) * 256);

function shown({
  topic,
  retained,
  receivedAtMs,
  from,
  payload,
  bytes,
  dialect,
  reason,
  records,
}: Kept): HeardMessage {
  return {
    topic,
    retained,
    receivedAtMs,
    bytes,
    records,
    payload: new Uint8Array(payload.subarray(0, Math.min(bytes, keptBytes))),
    ...(from === undefined ? {} : { from }),
    ...(dialect === undefined ? {} : { dialect }),
    ...(reason === undefined ? {} : { reason }),
  };
}
