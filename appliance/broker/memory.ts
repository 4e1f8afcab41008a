import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import type { Message } from "../model/contracts.ts";
import { type Kind, type Row, rowOf, type StoredPacket } from "./rows.ts";

type Client = { readonly id: string };
type Subscription = Awaited<ReturnType<MemoryPersistence["subscriptionsByClient"]>>[number];

/** Retained topics in all. */
export const maxRetained = 10_000;
/** Messages that wait for one session. */
export const maxQueued = 1_000;
/** Octets that wait for all sessions of one device: it can have many, each with its own copy. */
export const maxQueuedBytes = 16 * 1024 * 1024;
/** A session that is used is not starved by those that were left behind. */
const freeBytes = 16 * 1024;
/** What a short message takes besides its payload. */
const packetBytes = 512;

/** What the broker keeps: retained messages, sessions, queues and wills. */
export interface BrokerMemory {
  /** As aedes wants it. */
  readonly persistence: BrokerPersistence;
  /** Reads what was kept; to be called before anything else, may be called twice. */
  open(): Promise<void>;
  /** Resolves when the retained value is durable; an empty payload takes it away. */
  retain(topic: string, payload: Buffer, qos: number): Promise<void>;
  retained(atMs: number): Promise<readonly Message[]>;
  close(): Promise<void>;
}

/** Where changes are written down. */
export interface Recorder {
  put(row: Row): void;
  /** Without a key: all of that owner. */
  remove(kind: Kind, owner: string, key?: string): void;
}

const noRecorder: Recorder = { put: () => undefined, remove: () => undefined };

/** Keeps everything in memory only. */
export function memoryOnly(): BrokerMemory {
  const persistence = new BrokerPersistence(noRecorder, () => undefined);
  return {
    persistence,
    open: async () => undefined,
    retain: async () => undefined,
    retained: (atMs) => retainedMessages(persistence, atMs),
    close: async () => undefined,
  };
}

/** aedes' own memory, within limits, with every change written down. */
export class BrokerPersistence extends MemoryPersistence {
  readonly #recorder: Recorder;
  readonly #onLimit: (what: "retained" | "queue") => void;
  readonly #retained = new Set<string>();
  readonly #queued = new Map<string, { count: number; bytes: number }>();
  /** Octets that wait, by device. */
  readonly #owed = new Map<string, number>();
  /** Lists of filters that were taken, and whose they are. */
  readonly #added = new WeakMap<readonly Subscription[], string>();
  /** How often what is not acknowledged was given to each session. */
  readonly #sent = new Map<string, Map<string, number>>();

  constructor(recorder: Recorder, onLimit: (what: "retained" | "queue") => void) {
    super();
    this.#recorder = recorder;
    this.#onLimit = onLimit;
  }

  /** Takes in what an earlier run wrote down, in its order. */
  async restore(row: Row): Promise<void> {
    const client = { id: row.owner };
    if (row.kind === "retained") await this.storeRetained(row.packet, noRecorder);
    else if (row.kind === "will") {
      // Keeps the id of the run it comes from: aedes publishes wills of runs that are gone.
      const { brokerId } = row.packet;
      await super.putWill(client, row.packet);
      if (brokerId !== undefined) row.packet.brokerId = brokerId;
    } else if (row.kind === "queue") {
      if (row.packet.messageId) this.#sentTo(row.owner).set(queueKey(row.packet), 1);
      await this.#enqueue([{ clientId: row.owner }], row.packet, noRecorder);
    } else if (row.kind === "incoming") await super.incomingStorePacket(client, row.packet);
    else await super.addSubscriptions(client, row.subscriptions ?? []);
  }

  override async storeRetained(packet: StoredPacket, recorder = this.#recorder): Promise<void> {
    const topic = packet.topic ?? "";
    if (packet.payload?.length === 0) {
      this.#retained.delete(topic);
      recorder.remove("retained", "", topic);
    } else if (!this.#retained.has(topic) && this.#retained.size >= maxRetained) {
      this.#onLimit("retained");
      return;
    } else {
      this.#retained.add(topic);
      recorder.put(rowOf("retained", "", topic, packet));
    }
    await super.storeRetained(packet);
  }

  /** aedes gives the whole list of a packet once for each filter in it: a thousand filters would be a million. */
  override async addSubscriptions(client: Client, subs: readonly Subscription[]): Promise<void> {
    if (this.#added.get(subs) === client.id) return;
    this.#added.set(subs, client.id);
    await super.addSubscriptions(client, subs);
    await this.#writeSubscriptions(client);
  }

  override async removeSubscriptions(client: Client, topics: readonly string[]): Promise<void> {
    await super.removeSubscriptions(client, topics);
    await this.#writeSubscriptions(client);
  }

  override async cleanSubscriptions(client: Client): Promise<void> {
    await super.cleanSubscriptions(client);
    this.#recorder.remove("subscriptions", client.id, "");
  }

  async #writeSubscriptions(client: Client): Promise<void> {
    const subscriptions = await this.subscriptionsByClient(client);
    if (subscriptions.length === 0) this.#recorder.remove("subscriptions", client.id, "");
    else
      this.#recorder.put({
        kind: "subscriptions",
        owner: client.id,
        key: "",
        packet: {},
        subscriptions,
        isNew: false,
      });
  }

  override async outgoingEnqueue(sub: { readonly clientId: string }, packet: StoredPacket): Promise<void> {
    await this.#enqueue([sub], packet, this.#recorder);
  }

  override async outgoingEnqueueCombi(
    subs: readonly { readonly clientId: string }[],
    packet: StoredPacket,
  ): Promise<void> {
    if (subs.length > 0) await this.#enqueue(subs, packet, this.#recorder);
  }

  async #enqueue(
    subs: readonly { readonly clientId: string }[],
    packet: StoredPacket,
    recorder: Recorder,
  ): Promise<void> {
    const bytes = bytesOf(packet);
    const free = subs.filter(({ clientId }) => {
      const waiting = this.#queued.get(clientId) ?? { count: 0, bytes: 0 };
      const owed = (this.#owed.get(deviceOf(clientId)) ?? 0) + bytes;
      const hasRoom = owed <= maxQueuedBytes || waiting.bytes + bytes <= freeBytes;
      const isFree = waiting.count < maxQueued && hasRoom;
      if (!isFree) {
        this.#onLimit("queue");
        return false;
      }
      this.#queued.set(clientId, { count: waiting.count + 1, bytes: waiting.bytes + bytes });
      this.#owed.set(deviceOf(clientId), owed);
      return true;
    });
    await super.outgoingEnqueueCombi(free, packet);
    for (const { clientId } of free) recorder.put(rowOf("queue", clientId, queueKey(packet), packet, true));
  }

  override async outgoingUpdate(client: Client, packet: StoredPacket): Promise<void> {
    const sent = this.#sentTo(client.id);
    sent.set(queueKey(packet), (sent.get(queueKey(packet)) ?? 0) + 1);
    await super.outgoingUpdate(client, packet);
    this.#recorder.put(rowOf("queue", client.id, queueKey(packet), packet));
  }

  /** Whether a message was given to the session before this time: then it says so, MQTT 3.1.1 [MQTT-3.3.1-1]. */
  isSentAgain(id: string, packet: Pick<StoredPacket, "brokerId" | "brokerCounter">): boolean {
    return (this.#sent.get(id)?.get(queueKey(packet)) ?? 0) > 1;
  }

  #sentTo(id: string): Map<string, number> {
    const sent = this.#sent.get(id) ?? new Map();
    this.#sent.set(id, sent);
    return sent;
  }

  override async outgoingClearMessageId(
    client: Client,
    packet: StoredPacket,
  ): Promise<StoredPacket | undefined> {
    const gone = await super.outgoingClearMessageId(client, packet);
    if (!gone) return gone;
    const sent = this.#sent.get(client.id);
    sent?.delete(queueKey(gone));
    if (sent?.size === 0) this.#sent.delete(client.id);
    this.#dequeue(client.id, bytesOf(gone));
    this.#recorder.remove("queue", client.id, queueKey(gone));
    return gone;
  }

  /** The last one takes with it what a PUBREL in a message's place has left over. */
  #dequeue(clientId: string, bytes: number): void {
    const waiting = this.#queued.get(clientId);
    if (!waiting) return;
    const gone = waiting.count > 1 ? Math.min(bytes, waiting.bytes) : waiting.bytes;
    const owed = (this.#owed.get(deviceOf(clientId)) ?? 0) - gone;
    if (owed > 0) this.#owed.set(deviceOf(clientId), owed);
    else this.#owed.delete(deviceOf(clientId));
    if (waiting.count > 1)
      this.#queued.set(clientId, { count: waiting.count - 1, bytes: waiting.bytes - gone });
    else this.#queued.delete(clientId);
  }

  override async incomingStorePacket(client: Client, packet: StoredPacket): Promise<void> {
    await super.incomingStorePacket(client, packet);
    this.#recorder.put(rowOf("incoming", client.id, `${packet.messageId}`, packet, true));
  }

  override async incomingDelPacket(client: Client, packet: StoredPacket): Promise<void> {
    await super.incomingDelPacket(client, packet);
    this.#recorder.remove("incoming", client.id, `${packet.messageId}`);
  }

  override async cleanIncoming(client: Client): Promise<void> {
    await super.cleanIncoming(client);
    this.#recorder.remove("incoming", client.id);
  }

  override async putWill(client: Client, packet: StoredPacket): Promise<void> {
    await super.putWill(client, packet);
    this.#recorder.put(rowOf("will", client.id, "", packet));
  }

  override async delWill(client: Client): Promise<StoredPacket | undefined> {
    const will = await super.delWill(client);
    if (will) this.#recorder.remove("will", client.id, "");
    return will;
  }
}

/** Sessions are named `<device>/<client id>`. */
const deviceOf = (clientId: string) => clientId.slice(0, clientId.indexOf("/"));
const bytesOf = ({ payload }: StoredPacket) => packetBytes + (payload?.length ?? 0);

function queueKey({ brokerId, brokerCounter }: Pick<StoredPacket, "brokerId" | "brokerCounter">): string {
  return `${brokerId}:${brokerCounter}`;
}

/** Retained messages as a subscriber to everything would get them. */
export async function retainedMessages(
  persistence: MemoryPersistence,
  atMs: number,
): Promise<readonly Message[]> {
  const found: Message[] = [];
  for await (const packet of persistence.createRetainedStream("#")) {
    const { topic, payload } = packet as { topic: string; payload: Buffer };
    if (!topic.startsWith("$")) found.push({ topic, payload, retained: true, receivedAtMs: atMs });
  }
  return found;
}
