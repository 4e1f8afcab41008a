import type { StoredPacket } from "./rows.ts";
import { deviceOf } from "./sessions.ts";

/** Messages that wait for one session. */
export const maxQueued = 1_000;
/** Octets that wait for all sessions of one device: it can have many, each with its own copy. */
const maxQueuedBytes = 16 * 1024 * 1024;
/** A session that is used is not starved by those that were left behind. */
const freeBytes = 16 * 1024;
/** What a short message takes besides its payload. */
const packetBytes = 512;

const bytesOf = ({ payload }: StoredPacket) => packetBytes + (payload?.length ?? 0);

/** How much waits for each session and each device. */
export class QueueRoom {
  readonly #queued = new Map<string, { count: number; bytes: number }>();
  /** Octets that wait, by device. */
  readonly #owed = new Map<string, number>();

  /** @returns false when there is no room left for the message */
  take(clientId: string, packet: StoredPacket): boolean {
    const bytes = bytesOf(packet);
    const waiting = this.#queued.get(clientId) ?? { count: 0, bytes: 0 };
    const owed = (this.#owed.get(deviceOf(clientId)) ?? 0) + bytes;
    const hasRoom = owed <= maxQueuedBytes || waiting.bytes + bytes <= freeBytes;
    if (waiting.count >= maxQueued || !hasRoom) return false;
    this.#queued.set(clientId, { count: waiting.count + 1, bytes: waiting.bytes + bytes });
    this.#owed.set(deviceOf(clientId), owed);
    return true;
  }

  /** The last one takes with it what a PUBREL in a message's place has left over. */
  give(clientId: string, packet: StoredPacket): void {
    const waiting = this.#queued.get(clientId);
    if (!waiting) return;
    const gone = waiting.count > 1 ? Math.min(bytesOf(packet), waiting.bytes) : waiting.bytes;
    const owed = (this.#owed.get(deviceOf(clientId)) ?? 0) - gone;
    if (owed > 0) this.#owed.set(deviceOf(clientId), owed);
    else this.#owed.delete(deviceOf(clientId));
    if (waiting.count > 1)
      this.#queued.set(clientId, { count: waiting.count - 1, bytes: waiting.bytes - gone });
    else this.#queued.delete(clientId);
  }
}
