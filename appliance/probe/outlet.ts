import { isOfSite, type Notices, type Outlet } from "../model/outlet.ts";

/** Publishes one retained message; an empty payload takes it away. */
export type PublishRetained = (topic: string, payload: string) => void;

export interface BrokerOutlet extends Outlet {
  /** The broker takes messages now; everything is said anew. */
  open(): void;
  lost(): void;
  /** A retained message that the broker has. Ours of an earlier run that is no longer true is taken away. */
  found(topic: string, payload: Uint8Array): void;
}

/** Keeps the retained messages of one broker as the notices are. */
export function createOutlet(site: string, publish: PublishRetained): BrokerOutlet {
  let wanted: Notices | undefined;
  let isOpen = false;
  const sent = new Map<string, string>();
  /** Ours, seen before the notices were known or before the broker took messages. */
  const seen = new Set<string>();
  const put = (topic: string, payload: string) => {
    publish(topic, payload);
    if (payload === "") sent.delete(topic);
    else sent.set(topic, payload);
  };
  const flush = () => {
    if (!isOpen || !wanted) return;
    for (const [topic, payload] of wanted) if (sent.get(topic) !== payload) put(topic, payload);
    for (const topic of [...sent.keys(), ...seen]) if (!wanted.has(topic)) put(topic, "");
    seen.clear();
  };
  return {
    set(notices) {
      wanted = notices;
      flush();
    },
    open() {
      isOpen = true;
      sent.clear();
      flush();
    },
    lost() {
      isOpen = false;
    },
    found(topic, payload) {
      if (payload.length === 0 || !isOfSite(topic, site) || wanted?.has(topic)) return;
      if (seen.size < 10_000) seen.add(topic);
      flush();
    },
  };
}
