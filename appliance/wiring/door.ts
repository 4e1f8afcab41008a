import type { RequestListener } from "node:http";
import { type HttpServer, type ListenAt, serve } from "../api/server.ts";
import { createCounters } from "../engine/counters.ts";
import type { Counters, Log } from "../model/contracts.ts";

/** The listening sockets, which outlive a change of the configuration. */
export interface Door {
  readonly at: HttpServer["at"];
  readonly counters: Counters;
  /** Who answers from now on; undefined: nobody yet, 503. */
  hand(listener: RequestListener | undefined): void;
  close(graceMs: number): Promise<void>;
}

const starting: RequestListener = (_request, response) => {
  response.writeHead(503, { "Content-Type": "text/plain; charset=utf-8", "Retry-After": "2" });
  response.end("Porchlight is starting. Try again in a few seconds.\n");
};

/** Listens before anything else is opened, so that a taken port costs nothing. Throws PORT_IN_USE, NOT_PERMITTED. */
export async function openDoor(
  addresses: readonly ListenAt[],
  { log }: { readonly log: Log },
): Promise<Door> {
  const counters = createCounters();
  let current = starting;
  const server = await serve((request, response) => current(request, response), addresses, { counters });
  log.part("http").info("listening", { at: server.at });
  return {
    at: server.at,
    counters,
    hand(listener) {
      current = listener ?? starting;
    },
    close: (graceMs) => server.close(graceMs),
  };
}
