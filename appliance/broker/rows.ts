/** A message as aedes keeps it. */
export interface StoredPacket {
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

export type Kind = "retained" | "subscriptions" | "queue" | "incoming" | "will" | "session";

/** One thing the broker remembers. */
export interface Row {
  readonly kind: Kind;
  /** Session id; empty for retained messages. */
  readonly owner: string;
  readonly key: string;
  readonly packet: StoredPacket;
  readonly subscriptions?: readonly {
    topic: string;
    qos: number;
    rh?: number;
    rap?: boolean;
    nl?: boolean;
  }[];
  /** When a session was used last, Unix milliseconds. */
  readonly usedAtMs?: number;
  /** Nothing was kept under this key before: taken away again soon, it need not be written at all. */
  readonly isNew: boolean;
}

/** Where changes are written down. */
export interface Recorder {
  put(row: Row): void;
  /** Without a key: all of that owner. */
  remove(kind: Kind, owner: string, key?: string): void;
}

export const noRecorder: Recorder = { put: () => undefined, remove: () => undefined };

/** As it lies in the database. */
export interface Written {
  readonly kind: Kind;
  readonly owner: string;
  readonly key: string;
  /** Everything but the payload, as JSON. */
  readonly facts: string;
  readonly payload: Uint8Array | null;
}

/** A change: `facts` absent takes away, `key` absent takes away all of the owner. */
export interface Change {
  readonly kind: Kind;
  readonly owner: string;
  readonly key?: string | undefined;
  readonly facts?: string;
  readonly payload?: Uint8Array | null;
}

export function rowOf(kind: Kind, owner: string, key: string, packet: StoredPacket, isNew = false): Row {
  const { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup, messageId, clientId } = packet;
  return {
    kind,
    owner,
    key,
    packet: {
      cmd,
      brokerId,
      brokerCounter,
      topic,
      payload,
      qos,
      retain,
      dup,
      messageId,
      clientId,
    } as StoredPacket,
    isNew,
  };
}

export function writtenOf({ kind, owner, key, packet, subscriptions, usedAtMs }: Row): Written {
  const { payload, ...facts } = packet;
  return {
    kind,
    owner,
    key,
    facts: JSON.stringify(subscriptions ?? (usedAtMs === undefined ? facts : { usedAtMs })),
    payload: payload === undefined ? null : Buffer.from(payload),
  };
}

/** Undefined when the row is damaged. */
export function readWritten({ kind, owner, key, facts, payload }: Written): Row | undefined {
  try {
    const parsed = JSON.parse(facts);
    if (kind === "subscriptions")
      return { kind, owner, key, packet: {}, subscriptions: parsed, isNew: false };
    if (kind === "session")
      return { kind, owner, key, packet: {}, usedAtMs: Number(parsed.usedAtMs), isNew: false };
    return { kind, owner, key, packet: { ...parsed, payload: Buffer.from(payload ?? []) }, isNew: false };
  } catch {
    // The caller counts it and goes on with the others.
    return undefined;
  }
}

/** What names a packet that waits for a session. */
export function queueKey({
  brokerId,
  brokerCounter,
}: Pick<StoredPacket, "brokerId" | "brokerCounter">): string {
  return `${brokerId}:${brokerCounter}`;
}
