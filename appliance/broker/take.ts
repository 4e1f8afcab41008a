import type { Client } from "aedes";
import type { Message } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";
import type { BrokerMemory } from "./memory.ts";
import { type Context, nameOfSession, permitOf, refuse, type Taken } from "./session.ts";

/** A message of a signed-in device; `from` is the name in our record. */
export interface BrokerMessage extends Message {
  readonly from: string;
  readonly qos: number;
  /** Somebody waits for the commit: the sender, or all who come behind it. */
  readonly isWaiting: boolean;
}
export type BrokerHandler = (message: BrokerMessage) => Promise<void>;

const maxUncommitted = 10_000;
/** From so many on, QoS 0 does not wait for the end of the second either. */
const manyUncommitted = 2_000;

/** A will of a run before this one comes without a client; its session id begins with the device's name. */
const permitFor = (context: Context, client: Client | null, { clientId }: Taken) =>
  permitOf(context, client) ?? context.credentials.permit(nameOfSession(clientId));

/** Who takes messages: nobody until the box has started. */
export interface Receiver {
  now(): BrokerHandler | undefined;
  /** Devices reconnect faster than the box starts: the first who takes messages; undefined when it takes too long. */
  first(): Promise<BrokerHandler | undefined>;
  set(handler: BrokerHandler | undefined): void;
}

const firstWithinMs = 10_000;

export function createReceiver(clock: Clock): Receiver {
  const waiting = new Set<() => void>();
  let handler: BrokerHandler | undefined;
  let isBegun = false;
  return {
    now: () => handler,
    first: () =>
      new Promise((resolve) => {
        const end = () => {
          timer.cancel();
          waiting.delete(end);
          resolve(handler);
        };
        const timer = clock.timer(end, isBegun ? 0 : firstWithinMs);
        waiting.add(end);
      }),
    set(next) {
      handler = next;
      isBegun = true;
      for (const end of [...waiting]) end();
    },
  };
}

async function firstOf(receiver: Pick<Receiver, "first">): Promise<BrokerHandler> {
  const first = await receiver.first();
  if (!first) throw new Error("nobody takes messages now");
  return first;
}

/** Hands a message on. Resolves when it may be acknowledged: QoS 0 at once, others when they are committed. */
export function createTake(
  context: Context,
  memory: BrokerMemory,
  receiver: Pick<Receiver, "now" | "first">,
) {
  const { counters, clock } = context;
  let uncommitted = 0;
  const done = () => {
    uncommitted--;
  };
  return async (client: Client | null, packet: Taken): Promise<void> => {
    const permit = permitFor(context, client, packet);
    if (!permit?.mayPublish(packet.topic)) {
      refuse(context, permit?.name, "topic not allowed");
      throw new Error("topic not allowed");
    }
    const receive = receiver.now() ?? (await firstOf(receiver));
    if (packet.qos === 0 && uncommitted >= maxUncommitted) {
      counters.add("broker_dropped_store_slow");
      return;
    }
    const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    uncommitted++;
    const received = receive({
      topic: packet.topic,
      payload,
      // Published now: it is no replay, whatever its retain flag asks of the broker.
      retained: false,
      receivedAtMs: clock.nowMs(),
      from: permit.name,
      qos: packet.qos,
      isWaiting: packet.qos > 0 || uncommitted > manyUncommitted,
    });
    const stored = packet.retain
      ? Promise.all([received, memory.retain(packet.topic, payload, packet.qos)])
      : received;
    const ended = stored.finally(done);
    if (packet.qos > 0) await ended;
    else ended.catch(() => counters.add("broker_lost_qos0"));
  };
}
