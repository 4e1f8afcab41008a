import type { Message } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { NoticeBoard, OutletWishes } from "../model/outlet.ts";
import type { Sink } from "./broker-report.ts";
import { createOutlet } from "./outlet.ts";

/** Messages of one broker in, observations out; made by app.ts from the dialects. */
export interface Intake {
  take(message: Message): readonly Observation[];
  requests(): readonly { readonly topic: string; readonly payload: Uint8Array }[];
}
/** What we need of the embedded broker. */
export interface EmbeddedBroker {
  receive(handler: (message: Message & { readonly isWaiting: boolean }) => Promise<void>): () => void;
  publish(topic: string, payload: Uint8Array, options?: { readonly retain?: boolean }): void;
  retained(): Promise<readonly Message[]>;
}

/** What the built-in broker's section says of messages of ours. */
export interface EmbeddedWishes {
  readonly publish?: OutletWishes | undefined;
  readonly sparkplugRebirth?: boolean;
}

/** What is retained comes first, as a replay: documents that name devices must be known before their values. */
export async function listenEmbedded(
  embedded: EmbeddedBroker,
  intake: Intake,
  sink: Sink,
  { publish, sparkplugRebirth = false }: EmbeddedWishes,
  board: NoticeBoard | undefined,
): Promise<() => Promise<void>> {
  const say = (topic: string, payload: string) =>
    embedded.publish(topic, Buffer.from(payload), { retain: true });
  const outlet = board && createOutlet(board.site, say);
  for (const message of await embedded.retained()) {
    outlet?.found(message.topic, message.payload);
    const records = intake.take(message);
    if (records.length > 0) await sink(records);
  }
  const stop = embedded.receive(async (message) => {
    const records = intake.take(message);
    for (const { topic, payload } of intake.requests())
      if (sparkplugRebirth) embedded.publish(topic, payload);
    if (records.length > 0) await sink(records, { waiting: message.isWaiting });
  });
  outlet?.open();
  // Without the wish the board is empty: what an earlier run left is taken away.
  const leave = publish && outlet ? board.add(outlet, publish) : undefined;
  if (!publish) outlet?.set(new Map());
  return async () => {
    leave?.();
    if (publish && board) say(board.status.topic, board.status.offline);
    stop();
  };
}
