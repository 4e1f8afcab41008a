import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Finder, FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange, OwnInterface } from "../model/discovery.ts";
import { type DnsRecord, mdnsQuery, readMdns, recordTypes } from "../probe/mdns-message.ts";
import { describeServices, usualServices } from "../probe/mdns-services.ts";
import { contains4 } from "../probe/networks.ts";

const config = z
  .strictObject({
    wait: duration({ min: "500ms", max: "30s" })
      .prefault("2s")
      .describe("How long answers to one round of questions are waited for."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

const mdnsPort = 5353;
const groups = { 4: "224.0.0.251", 6: "ff02::fb" } as const;
const allTypes = "_services._dns-sd._udp.local";
const questionsAtOnce = 12;
/** Devices that answer, and records of one of them, that are kept. */
const mostDevices = 1_000;
const mostRecords = 500;

/** An open way to ask: one interface and family. */
interface Way {
  readonly socket: Socket;
  readonly group: string;
}

/**
 * Asks by multicast which services there are. One-shot questions from a port of our own (RFC 6762 §5.1): no other
 * program on the machine is disturbed. What a device says counts for its own address alone.
 */
class Mdns implements Finder {
  readonly #settings: Settings;
  readonly #deps: FinderDeps;

  constructor(settings: Settings, deps: FinderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async #open(range: FindRange, heard: Map<string, DnsRecord[]>): Promise<Way[]> {
    const take = (bytes: Buffer, from: RemoteInfo) => {
      if (!isNear(range, from)) return;
      const records = readMdns(bytes);
      if (!records) return this.#deps.counters.add("discover_mdns_malformed");
      const known = heard.get(from.address);
      if (known) known.push(...records.slice(0, mostRecords - known.length));
      else if (heard.size < mostDevices) heard.set(from.address, records.slice(0, mostRecords));
    };
    const wanted = range.interfaces.flatMap((one) => [
      { one, family: 4 as const },
      ...(one.hasIpv6 ? [{ one, family: 6 as const }] : []),
    ]);
    const ways = await Promise.all(wanted.map(({ one, family }) => openWay(one, family, take)));
    return ways.flatMap((way) => way ?? []);
  }

  async find(range: FindRange, { signal, progress }: Parameters<Finder["find"]>[1]): Promise<Evidence[]> {
    const heard = new Map<string, DnsRecord[]>();
    const ways = await this.#open(range, heard);
    try {
      const asked = new Set([allTypes, ...usualServices]);
      await this.#ask(ways, [...asked], signal);
      progress?.(1, 2);
      const more = typesIn(heard).filter((name) => !asked.has(name));
      if (more.length > 0) await this.#ask(ways, more.slice(0, 4 * questionsAtOnce), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const { socket } of ways) socket.close();
    }
    progress?.(2, 2);
    return [...heard].flatMap(([address, records]) => evidenceOf(address, records));
  }

  async #ask(ways: readonly Way[], names: readonly string[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < names.length; at += questionsAtOnce) {
      const query = mdnsQuery(names.slice(at, at + questionsAtOnce));
      for (const { socket, group } of ways) {
        await this.#deps.pace.take(1, signal);
        // What cannot be sent is answered by nobody.
        socket.send(query, mdnsPort, group, () => undefined);
      }
    }
    await this.#deps.clock.sleep(this.#settings.wait, { signal });
  }
}

/** Only neighbours of the interfaces asked may answer. */
function isNear({ networks, interfaces }: FindRange, { address, family, port }: RemoteInfo): boolean {
  if (port !== mdnsPort) return false;
  if (family === "IPv6") return interfaces.some(({ name }) => address.endsWith(`%${name}`));
  return networks.some(({ cidr, own }) => own && own.address !== address && contains4(cidr, address));
}

async function openWay(
  one: OwnInterface,
  family: 4 | 6,
  take: (bytes: Buffer, from: RemoteInfo) => void,
): Promise<Way | undefined> {
  const socket = createSocket({ type: `udp${family}`, recvBufferSize: 1 << 20 });
  try {
    socket.on("message", take);
    socket.bind(0, family === 4 ? one.address : "::");
    await once(socket, "listening");
    socket.setMulticastInterface(family === 4 ? one.address : `::%${one.name}`);
    // RFC 6762 §11: all of it goes with a hop limit of 255.
    socket.setMulticastTTL(255);
    socket.on("error", () => undefined);
    return { socket, group: groups[family] };
  } catch {
    // An interface that went away, or without IPv6: the others are asked all the same.
    socket.close();
    return undefined;
  }
}

/** Types of services that somebody named. */
function typesIn(heard: ReadonlyMap<string, readonly DnsRecord[]>): string[] {
  const names = [...heard.values()]
    .flat()
    .filter(({ name, type }) => type === recordTypes.ptr && name === allTypes)
    .map(({ target = "" }) => target.toLowerCase())
    .filter((name) => /^_[a-z0-9-]{1,15}\._(?:tcp|udp)\.local$/.test(name));
  return [...new Set(names)];
}

function evidenceOf(address: string, records: readonly DnsRecord[]): Evidence[] {
  const told = describeServices(records);
  return told ? [{ finder: "mdns", isPresent: true, address, trust: "announcement", ...told }] : [];
}

export const finder = {
  type: "mdns",
  summary: "Asks by multicast DNS (Bonjour) which services there are, on the interfaces of the networks.",
  config,
  stage: "search",
  create: (settings, deps) => new Mdns(settings, deps),
} satisfies FinderPlugin<Settings>;
