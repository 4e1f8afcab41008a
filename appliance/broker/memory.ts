import MemoryPersistence from "aedes-persistence/asyncPersistence.js";
import type { Message } from "../model/contracts.ts";

/** What the broker keeps: retained messages, sessions, queues and wills. */
export interface BrokerMemory {
  /** As aedes wants it. */
  readonly persistence: MemoryPersistence;
  /** Resolves when the retained value is durable; an empty payload takes it away. */
  retain(topic: string, payload: Buffer, qos: number): Promise<void>;
  retained(atMs: number): Promise<readonly Message[]>;
  close(): Promise<void>;
}

/** Keeps everything in memory only. */
export function memoryOnly(): BrokerMemory {
  const persistence = new MemoryPersistence();
  return {
    persistence,
    retain: async () => undefined,
    retained: (atMs) => retainedMessages(persistence, atMs),
    close: async () => undefined,
  };
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
