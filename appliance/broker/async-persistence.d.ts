declare module "aedes-persistence/asyncPersistence.js" {
  import type { Readable } from "node:stream";

  interface ClientId {
    readonly id: string;
  }
  interface StoredPacket {
    cmd?: string;
    brokerId?: string;
    brokerCounter?: number;
    topic?: string;
    payload?: Buffer;
    qos?: number;
    retain?: boolean;
    dup?: boolean;
    messageId?: number;
    clientId?: string;
  }
  interface StoredSubscription {
    topic: string;
    qos: number;
    rh?: number;
    rap?: boolean;
    nl?: boolean;
  }

  class MemoryPersistence {
    setup(broker: { readonly id: string }): Promise<void>;
    storeRetained(packet: StoredPacket): Promise<void>;
    createRetainedStream(pattern: string): Readable;
    addSubscriptions(client: ClientId, subs: readonly StoredSubscription[]): Promise<void>;
    removeSubscriptions(client: ClientId, topics: readonly string[]): Promise<void>;
    subscriptionsByClient(client: ClientId): Promise<StoredSubscription[]>;
    cleanSubscriptions(client: ClientId): Promise<void>;
    outgoingEnqueueCombi(subs: readonly { readonly clientId: string }[], packet: StoredPacket): Promise<void>;
    outgoingEnqueue(sub: { readonly clientId: string }, packet: StoredPacket): Promise<void>;
    outgoingUpdate(client: ClientId, packet: StoredPacket): Promise<void>;
    outgoingClearMessageId(client: ClientId, packet: StoredPacket): Promise<StoredPacket | undefined>;
    outgoingStream(client: ClientId): Readable;
    incomingStorePacket(client: ClientId, packet: StoredPacket): Promise<void>;
    incomingDelPacket(client: ClientId, packet: StoredPacket): Promise<void>;
    cleanIncoming(client: ClientId): Promise<void>;
    putWill(client: ClientId, packet: StoredPacket): Promise<void>;
    delWill(client: ClientId): Promise<StoredPacket | undefined>;
    destroy(): Promise<void>;
  }
  export = MemoryPersistence;
}
