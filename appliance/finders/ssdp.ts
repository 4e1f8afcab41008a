import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { get } from "node:http";
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Finder, FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange, OwnInterface } from "../model/discovery.ts";
import type { DeviceKind, Identity } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { cleanText } from "../model/words.ts";
import { readArp } from "../probe/neighbours.ts";
import { boxAddresses, contains4 } from "../probe/networks.ts";
import { ownUrl, readDescription, readSsdp, type UpnpDescription } from "../probe/upnp-description.ts";

const config = z
  .strictObject({
    wait: duration({ min: "1s", max: "10s" }).prefault("3s").describe("How long answers are waited for."),
    descriptions: z
      .enum(["read", "off"], { error: "expected read or off" })
      .prefault("read")
      .describe("Whether the description that a device offers is read from it, by HTTP."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

const group = "239.255.255.250";
const ssdpPort = 1900;
const longestDescription = 65_536;
const patienceMs = 3_000;
/** All descriptions together; who comes later is there, but not described. */
const describingMs = 60_000;
/** Of one HTTP exchange: connection, request, acknowledgements, end. */
const packetsOfOne = 10;
const mostDevices = 500;
const locationsOfOne = 2;

/** UPnP device types. Source: UPnP Forum, standardized DCPs. */
const kinds: readonly (readonly [type: RegExp, kind: DeviceKind])[] = [
  [/:InternetGatewayDevice:/, "router"],
  [/:WLANAccessPointDevice:/, "ap"],
  [/:Printer(?:Basic|Advanced|):/, "printer"],
  [/:DigitalSecurityCamera:/, "camera"],
  [/:MediaServer:/, "nas"],
];

const question = (type: string, waitMs: number) =>
  Buffer.from(
    `M-SEARCH * HTTP/1.1\r\nHOST: ${group}:${ssdpPort}\r\nMAN: "ssdp:discover"\r\nMX: ${Math.max(1, Math.floor(waitMs / 1_000) - 1)}\r\nST: ${type}\r\n\r\n`,
  );

/**
 * Asks by SSDP who is there, and reads the description that a device offers: over HTTP, from the very address that
 * answered, without following it anywhere, 64 KB at most. Whoever can send a datagram can answer in another's name, so a
 * description is only read where something is by another sign: it was found before, or has a MAC.
 */
class Ssdp implements Finder {
  readonly #settings: Settings;
  readonly #deps: FinderDeps;

  constructor(settings: Settings, deps: FinderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async find(range: FindRange, options: Parameters<Finder["find"]>[1]): Promise<Evidence[]> {
    const { signal } = options;
    const heard = new Map<string, Set<string>>();
    const found: Evidence[] = [];
    const sockets = (await Promise.all(range.interfaces.map((one) => this.#open(one, range, heard)))).flatMap(
      (socket) => socket ?? [],
    );
    try {
      for (const socket of sockets) {
        await this.#deps.pace.take(1, signal);
        socket.send(question("upnp:rootdevice", this.#settings.wait), ssdpPort, group, () => undefined);
      }
      await this.#deps.clock.sleep(this.#settings.wait, { signal });
      found.push(...(await this.#describeAll(range, heard, options)));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const socket of sockets) socket.close();
    }
    return found;
  }

  async #open(
    one: OwnInterface,
    range: FindRange,
    heard: Map<string, Set<string>>,
  ): Promise<Socket | undefined> {
    const socket = createSocket("udp4");
    const ours = boxAddresses();
    socket.on("message", (bytes: Buffer, from: RemoteInfo) => {
      const isNear =
        !ours.has(from.address) &&
        range.networks.some(({ cidr, own }) => own && contains4(cidr, from.address));
      const headers = isNear ? readSsdp(bytes.toString("utf8")) : undefined;
      if (!headers) return;
      const locations = heard.get(from.address) ?? new Set();
      if (locations.size === 0 && heard.size >= mostDevices) return;
      const location = headers.get("location");
      if (location && locations.size < locationsOfOne) locations.add(location);
      heard.set(from.address, locations);
    });
    try {
      socket.bind(0, one.address);
      await once(socket, "listening");
      socket.setMulticastInterface(one.address);
      // UPnP Device Architecture 2.0 §1.3.2: 2 by default.
      socket.setMulticastTTL(2);
      socket.on("error", () => undefined);
      return socket;
    } catch {
      // An interface that went away: the others are asked all the same.
      socket.close();
      return undefined;
    }
  }

  async #describeAll(
    range: FindRange,
    heard: ReadonlyMap<string, ReadonlySet<string>>,
    { signal, progress }: Parameters<Finder["find"]>[1],
  ): Promise<Evidence[]> {
    const seen = new Set([...range.found, ...(await readArp())].map(({ address }) => address));
    const ending = new AbortController();
    const timer = this.#deps.clock.timer(() => ending.abort(), describingMs);
    const either = AbortSignal.any([signal, ending.signal]);
    const found: Evidence[] = [];
    try {
      for (const [address, locations] of heard) {
        progress?.(found.length, heard.size);
        const told = await this.#describe(address, { locations, isSeen: seen.has(address) }, either);
        found.push({ finder: "ssdp", words: "answers UPnP", isPresent: true, address, ...told });
      }
    } finally {
      timer.cancel();
    }
    return found;
  }

  async #describe(
    address: string,
    { locations, isSeen }: { readonly locations: ReadonlySet<string>; readonly isSeen: boolean },
    signal: AbortSignal,
  ): Promise<Partial<Evidence> | undefined> {
    if (this.#settings.descriptions === "off") return undefined;
    if (!isSeen) {
      this.#deps.counters.add("discover_ssdp_unseen");
      return undefined;
    }
    for (const location of locations) {
      const url = ownUrl(location, address);
      if (!url) {
        this.#deps.counters.add("discover_ssdp_foreign");
        continue;
      }
      if (!(await this.#mayAsk(signal))) return undefined;
      const told = readDescription((await read(url, this.#deps.clock, signal)) ?? "");
      if (told) return ofDescription(told);
    }
    return undefined;
  }

  /** Waits for its turn; false when time is up before it comes. */
  async #mayAsk(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#deps.pace.take(packetsOfOne, signal);
      return true;
    } catch (error) {
      if (!signal.aborted) throw error;
      return false;
    }
  }
}

/** The text at an address; undefined for anything but a plain 200 within size and time. */
function read(url: URL, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      {
        host: url.hostname,
        port: url.port || 80,
        path: url.pathname + url.search,
        agent: false,
        signal,
      },
      (response) => {
        let text = "";
        const isWanted = response.statusCode === 200;
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          if (!isWanted || text.length > longestDescription) request.destroy();
        });
        response.on("end", () => resolve(isWanted ? text : undefined));
        response.on("error", () => resolve(undefined));
        response.on("close", () => resolve(undefined));
      },
    );
    // A timer of its own: a signal with a timeout that is part of another one may be forgotten before it is due.
    const timer = clock.timer(() => request.destroy(), patienceMs);
    request.on("error", () => resolve(undefined));
    request.on("close", () => {
      timer.cancel();
      resolve(undefined);
    });
  });
}

function ofDescription(told: UpnpDescription): Partial<Evidence> {
  const clean = (text: string | undefined) => cleanText(text ?? "", 100) || undefined;
  const vendor = clean(told.manufacturer);
  const model = clean([told.modelName, told.modelNumber].filter(Boolean).join(" "));
  const serial = clean(told.serialNumber);
  const name = clean(told.friendlyName);
  const kind = kinds.find(([type]) => type.test(told.deviceType ?? ""))?.[1];
  const identity: Identity = {
    ...(vendor ? { vendor } : {}),
    ...(model ? { model } : {}),
    ...(serial ? { serial } : {}),
  };
  const type = /:device:([A-Za-z]{1,40}):/.exec(told.deviceType ?? "")?.[1];
  return {
    words: `UPnP${type ? ` ${type}` : ""}`,
    trust: kind === "nas" ? "guess" : "announcement",
    identity,
    ...(name ? { name } : {}),
    ...(kind ? { kind } : {}),
  };
}

export const finder = {
  type: "ssdp",
  summary: "Asks by SSDP (UPnP) who is there, and reads the description that a device offers.",
  config,
  stage: "search",
  create: (settings, deps) => new Ssdp(settings, deps),
} satisfies FinderPlugin<Settings>;
