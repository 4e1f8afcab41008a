import { createSocket } from "node:dgram";
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Finder, FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange } from "../model/discovery.ts";
import { ApplianceError } from "../model/errors.ts";
import { answering } from "../probe/any-echo.ts";
import { EchoError } from "../probe/fping.ts";
import { type Neighbour, readArp, readNeighbours } from "../probe/neighbours.ts";
import { hosts4 } from "../probe/networks.ts";

const config = z
  .strictObject({
    timeout: duration({ min: "100ms", max: "10s" }).prefault("1s").describe("How long one answer may take."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

/** Addresses asked by one process; the next one begins when it has ended, so that they never send together. */
const atOnce = 64;
/**
 * Packets that one address of an own network can cost. Where nobody answers, three questions for its MAC (arp(7),
 * mcast_solicit); where somebody does, the echo request, a question before or after it, and our answers to two of his.
 */
const costs = { own: 4, routed: 2 } as const;
/** Behind a router nothing but the answer tells that somebody is there: one lost packet must not decide. */
const routedProbes = 2;
/** The kernel goes on asking that long for the MAC of an address that does not answer. */
const settleMs = 3_000;
/** The kernel tells whole seconds of when it heard a neighbour; so long nothing is sent, to tell before from after. */
const roundedMs = 1_000;
/** The longest that the kernel takes a neighbour for reachable (base_reachable_time, and half of it again). */
const trustedMs = 45_000;
/** A neighbour that was known is asked again 5 s after it was sent to (delay_first_probe_time). */
const recheckMs = 6_500;

interface Place {
  readonly address: string;
  readonly isOwn: boolean;
}

/** Asks every address of the networks once; also finds what keeps silent but has a MAC. */
class Sweep implements Finder {
  readonly #settings: Settings;
  readonly #deps: FinderDeps;
  #canPing = true;

  constructor(settings: Settings, deps: FinderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async find(range: FindRange, { signal, progress }: Parameters<Finder["find"]>[1]): Promise<Evidence[]> {
    const { clock, pace } = this.#deps;
    const startMs = clock.monotonicMs();
    const places = placesOf(range);
    const found = new Map<string, Evidence>();
    const unsure = new Set<string>();
    this.#canPing = true;
    try {
      await clock.sleep(roundedMs, { signal });
      for (let at = 0; at < places.length; at += atOnce) {
        const chunk = places.slice(at, at + atOnce);
        const cost = chunk.reduce((sum, { isOwn }) => sum + (isOwn ? costs.own : costs.routed), 0);
        progress?.(at, places.length);
        await pace.take(cost, signal);
        await this.#ask(chunk, signal, { startMs, found, unsure });
      }
      await clock.sleep(unsure.size > 0 ? recheckMs : settleMs, { signal });
      for (const one of await this.#heard(unsure, startMs, found)) found.set(one.address, silent(one));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    progress?.(places.length, places.length);
    if (!this.#canPing && places.some(({ isOwn }) => !isOwn))
      throw new ApplianceError(
        "TOOL_MISSING",
        "Networks behind a router need ping: install fping (apt install fping).",
      );
    return [...found.values()];
  }

  packets(range: FindRange): number {
    return placesOf(range).reduce((sum, { isOwn }) => sum + (isOwn ? costs.own : costs.routed), 0);
  }

  async #ask(
    chunk: readonly Place[],
    signal: AbortSignal,
    book: { startMs: number; found: Map<string, Evidence>; unsure: Set<string> },
  ): Promise<void> {
    const addresses = chunk.map(({ address }) => address);
    const answered = await this.#echo(
      addresses,
      chunk.every(({ isOwn }) => isOwn) ? 1 : routedProbes,
      signal,
    );
    const macs = new Map((await readArp()).map(({ address, mac }) => [address, mac]));
    for (const address of answered) {
      const mac = macs.get(address);
      const words = "answers ping";
      book.found.set(address, { finder: "sweep", words, isPresent: true, address, ...(mac ? { mac } : {}) });
    }
    const quiet = new Set(addresses.filter((address) => macs.has(address) && !answered.has(address)));
    if (quiet.size === 0) return;
    for (const one of await this.#heard(quiet, book.startMs)) {
      book.found.set(one.address, silent(one));
      quiet.delete(one.address);
    }
    for (const address of quiet) book.unsure.add(address);
  }

  async #echo(addresses: readonly string[], count: number, signal: AbortSignal): Promise<Set<string>> {
    const spreadMs = Math.ceil(costs.own * this.#deps.pace.gapMs);
    const { timeout: timeoutMs } = this.#settings;
    if (this.#canPing)
      try {
        return await answering(this.#deps.clock, addresses, {
          count,
          periodMs: timeoutMs,
          timeoutMs,
          spreadMs,
          signal,
        });
      } catch (error) {
        if (!(error instanceof EchoError)) throw error;
        this.#canPing = false;
        this.#deps.log.warn("Ping does not work; only what has a MAC in an own network is found", {
          what: error.message,
        });
      }
    await this.#provoke(addresses, spreadMs, signal);
    await this.#deps.clock.sleep(timeoutMs, { signal });
    return new Set();
  }

  /** A datagram to the discard port (RFC 863) makes the kernel ask for the MAC; no right is needed for it. */
  async #provoke(addresses: readonly string[], spreadMs: number, signal: AbortSignal): Promise<void> {
    const socket = createSocket("udp4");
    socket.on("error", () => undefined);
    try {
      for (const address of addresses) {
        socket.send(Buffer.of(0), 9, address, () => undefined);
        await this.#deps.clock.sleep(spreadMs, { signal });
      }
    } finally {
      socket.close();
    }
  }

  /**
   * Those that the kernel has heard since the scan began. Of one that it has heard just before, it asks nothing again
   * (reachable time): such a one is there too, unless its MAC was found at another address meanwhile.
   */
  async #heard(
    addresses: ReadonlySet<string>,
    startMs: number,
    found?: ReadonlyMap<string, Evidence>,
  ): Promise<Neighbour[]> {
    if (addresses.size === 0) return [];
    const elsewhere = new Set([...(found?.values() ?? [])].map(({ mac }) => mac));
    const sinceMs = this.#deps.clock.monotonicMs() - startMs;
    const now = await readNeighbours();
    return now.filter(({ address, mac, heardMs = 0 }) => {
      const isHeard = heardMs + roundedMs <= sinceMs;
      return (
        addresses.has(address) &&
        (isHeard || (found !== undefined && heardMs < trustedMs && !elsewhere.has(mac)))
      );
    });
  }
}

function silent({ address, mac }: Neighbour): Evidence {
  const words = "is there, but does not answer ping";
  return { finder: "sweep", words, isPresent: true, isMuteToPing: true, address, mac };
}

function placesOf({ networks }: FindRange): Place[] {
  const places = new Map<string, Place>();
  // Own networks first, so that a chunk seldom has both.
  const own = new Set(networks.map((network) => network.own?.address));
  for (const { cidr, own: place } of [...networks].sort((a, b) => Number(!a.own) - Number(!b.own)))
    for (const address of hosts4(cidr))
      if (!own.has(address)) places.set(address, { address, isOwn: place !== undefined });
  return [...places.values()];
}

export const finder = {
  type: "sweep",
  summary: "Asks every address of the networks once by ping, and sees what has a MAC though it keeps silent.",
  config,
  stage: "search",
  create: (settings, deps) => new Sweep(settings, deps),
} satisfies FinderPlugin<Settings>;
