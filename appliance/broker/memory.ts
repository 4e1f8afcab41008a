import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import type { Message } from "../model/contracts.ts";
import type { Clock, Timer } from "../model/time.ts";
import { QueueRoom } from "./queue-room.ts";
import { noRecorder, queueKey, type Recorder, type Row, rowOf, type StoredPacket } from "./rows.ts";
import { deviceOf, StoredSessions } from "./sessions.ts";

type Client = { readonly id: string };
type Subscription = Awaited<ReturnType<MemoryPersistence["subscriptionsByClient"]>>[number];

/** Retained topics in all. */
export const maxRetained = 10_000;
const tidyEveryMs = 3_600_000;

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

/** Keeps everything in memory only. */
export function memoryOnly(clock: Clock): BrokerMemory {
  const persistence = new BrokerPersistence(noRecorder, () => undefined, clock);
  return {
    persistence,
    open: () => persistence.keepTidy(),
    retain: async () => undefined,
    retained: (atMs) => retainedMessages(persistence, atMs),
    close: async () => persistence.endTidying(),
  };
}

type Limit = "retained" | "queue" | "sessions";

/** aedes' own memory, within limits, with every change written down. */
export class BrokerPersistence extends MemoryPersistence {
  readonly #recorder: Recorder;
  readonly #onLimit: (what: Limit) => void;
  readonly #retained = new Set<string>();
  readonly #room = new QueueRoom();
  /** Lists of filters that were taken, and whose they are. */
  readonly #added = new WeakMap<readonly Subscription[], string>();
  readonly #refused = new WeakSet<object>();
  /** How often what is not acknowledged was given to each session. */
  readonly #sent = new Map<string, Map<string, number>>();

  readonly #earlierWills: Row[] = [];
  readonly #sessions: StoredSessions;
  readonly #clock: Clock;
  #tidying: Timer | undefined;

  constructor(recorder: Recorder, onLimit: (what: Limit) => void, clock: Clock) {
    super();
    this.#recorder = recorder;
    this.#onLimit = onLimit;
    this.#clock = clock;
    this.#sessions = new StoredSessions(clock, (owner, usedAtMs) =>
      recorder.put({ kind: "session", owner, key: "", packet: {}, usedAtMs, isNew: false }),
    );
  }

  /** Drops sessions that are too old or too many, now and every hour. */
  async keepTidy(): Promise<void> {
    this.#tidying?.cancel();
    this.#tidying = this.#clock.timer(() => this.keepTidy().catch(() => undefined), tidyEveryMs);
    await this.#drop(this.#sessions.expired());
    for (const device of this.#sessions.devices()) await this.#drop(this.#sessions.excess(device));
    this.#sessions.refresh();
  }

  endTidying(): void {
    this.#tidying?.cancel();
    this.#tidying = undefined;
  }

  /** A connection of the session begins: it is in use until as many have ended. */
  enter(id: string): void {
    this.#sessions.begin(id);
  }

  async leave(id: string): Promise<void> {
    this.#sessions.end(id);
    await this.#drop(this.#sessions.excess(deviceOf(id)));
  }

  async #keep(id: string): Promise<void> {
    if (this.#sessions.add(id)) await this.#drop(this.#sessions.excess(deviceOf(id)));
  }

  async #drop(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#onLimit("sessions");
      await this.#dropSession({ id });
    }
  }

  /** Drops all sessions of a device and what waits for them, connected ones too; retained messages stay. */
  async forget(name: string): Promise<void> {
    for (const id of this.#sessions.ofDevice(encodeURIComponent(name))) await this.#dropSession({ id });
  }

  async #dropSession(client: Client): Promise<void> {
    const waiting = this.outgoingStream(client);
    await this.cleanSubscriptions(client);
    await this.cleanIncoming(client);
    for await (const packet of waiting) {
      const gone = await super.outgoingClearMessageId(client, packet as StoredPacket);
      if (gone) this.#room.give(client.id, gone);
    }
    this.#sent.delete(client.id);
    this.#recorder.remove("queue", client.id);
  }

  /** Wills of an earlier run wait for the broker. They keep the id of their run: aedes publishes those of runs that are gone. */
  override async setup(broker: { readonly id: string }): Promise<void> {
    await super.setup(broker);
    for (const { owner, packet } of this.#earlierWills.splice(0)) {
      const { brokerId } = packet;
      await super.putWill({ id: owner }, packet);
      if (brokerId !== undefined) packet.brokerId = brokerId;
    }
  }

  /** Takes in what an earlier run wrote down, in its order. */
  async restore(row: Row): Promise<void> {
    const client = { id: row.owner };
    if (row.kind !== "retained" && row.kind !== "will") this.#sessions.restore(row.owner, row.usedAtMs);
    if (row.kind === "retained") await this.storeRetained(row.packet, noRecorder);
    else if (row.kind === "will") this.#earlierWills.push(row);
    else if (row.kind === "queue") {
      if (row.packet.messageId) this.#sentTo(row.owner).set(queueKey(row.packet), 1);
      await this.#enqueue([{ clientId: row.owner }], row.packet, noRecorder);
    } else if (row.kind === "incoming") await super.incomingStorePacket(client, row.packet);
    else if (row.kind === "subscriptions") await super.addSubscriptions(client, row.subscriptions ?? []);
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

  /** A filter of a packet that was refused: aedes would store it with the others. */
  leaveOut(subscription: object): void {
    this.#refused.add(subscription);
  }

  /** aedes gives the whole list of a packet once for each filter in it: a thousand filters would be a million. */
  override async addSubscriptions(client: Client, subs: readonly Subscription[]): Promise<void> {
    if (this.#added.get(subs) === client.id) return;
    this.#added.set(subs, client.id);
    // After this all filters of the packet have been judged.
    await this.#keep(client.id);
    await super.addSubscriptions(
      client,
      subs.filter((one) => !this.#refused.has(one)),
    );
    await this.#writeSubscriptions(client);
  }

  override async removeSubscriptions(client: Client, topics: readonly string[]): Promise<void> {
    await super.removeSubscriptions(client, topics);
    await this.#writeSubscriptions(client);
  }

  override async cleanSubscriptions(client: Client): Promise<void> {
    await super.cleanSubscriptions(client);
    this.#recorder.remove("subscriptions", client.id, "");
    if (this.#sessions.remove(client.id)) this.#recorder.remove("session", client.id, "");
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
    const free = subs.filter(({ clientId }) => {
      const isFree = this.#room.take(clientId, packet);
      if (!isFree) this.#onLimit("queue");
      return isFree;
    });
    await super.outgoingEnqueueCombi(free, packet);
    for (const { clientId } of free) {
      this.#sessions.add(clientId);
      recorder.put(rowOf("queue", clientId, queueKey(packet), packet, true));
    }
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
    this.#room.give(client.id, gone);
    this.#recorder.remove("queue", client.id, queueKey(gone));
    return gone;
  }

  override async incomingStorePacket(client: Client, packet: StoredPacket): Promise<void> {
    await this.#keep(client.id);
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
