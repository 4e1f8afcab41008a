import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { z } from "zod";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Observation } from "../model/observation.ts";
import type { Device, DeviceId } from "../model/site.ts";
import { aborted } from "../model/time.ts";
import { droppedByKernel } from "../probe/udp-drops.ts";
import { loadMibs } from "../snmp/mib-names.ts";
import { openOwnEngine } from "../snmp/own-engine.ts";
import { ProfileShelf } from "../snmp/profile-shelf.ts";
import { TrapIntake } from "../snmp/trap-intake.ts";
import { SenderBook } from "../snmp/trap-senders.ts";
import type { PolledEngine } from "../snmp/usm-engine.ts";

const listenMessage = `expected ADDRESS:PORT, or ":162" for all addresses`;

const config = z
  .strictObject({
    listen: z
      .string({ error: listenMessage })
      .refine((text) => placeOf(text) !== undefined, { error: listenMessage })
      .optional()
      .describe("Where traps and informs are received, such as `:162`. Default: off."),
    rate: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe("Traps a second that are read of one device; what comes above it is counted."),
    burst: z.int().min(1).max(100_000).default(500).describe("Traps of one device that are read at once."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

interface Place {
  readonly host: string | undefined;
  readonly port: number;
}

function placeOf(text: string): Place | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  if (!match || port > 65_535 || (host !== "" && isIP(host) === 0)) return undefined;
  return { host: host === "" ? undefined : host, port };
}

/** What the composition hands in: who is polled, how to poll, and what is known of devices. */
export interface TrapParts {
  readonly dataDir: string;
  readonly profiles?: unknown;
  readonly targets: () => readonly Target[];
  readonly device: (id: DeviceId) => Pick<Device, "ports"> | undefined;
  readonly pollDevice: (id: DeviceId) => void;
  /** Engines that polls have seen, by id in hexadecimal digits. */
  readonly engines: ReadonlyMap<string, PolledEngine>;
  /** Told where the socket listens. */
  readonly onListening?: (port: number) => void;
}

/** A gust of traps waits here while the process is busy. The system may give less. */
const receiveBufferBytes = 8 * 1024 * 1024;
const lookEveryMs = 10_000;

type Sink = (observations: readonly Observation[]) => Promise<void>;

/** Receives traps and informs of the devices that are polled by SNMP. */
class TrapCollector implements Collector {
  readonly #settings: Settings;
  readonly #deps: CollectorDeps;
  readonly #parts: TrapParts;
  readonly #shelf: ProfileShelf;
  #names: ReadonlyMap<string, string> = new Map();
  #profilesSeen = -1;
  #dropped = 0;

  constructor(settings: Settings, deps: CollectorDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#parts = deps.parts as unknown as TrapParts;
    const { profiles } = this.#parts;
    this.#shelf = profiles instanceof ProfileShelf ? profiles : new ProfileShelf(deps.profileDirs, deps);
  }

  async listen(sink: Sink, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const place = placeOf(this.#settings.listen ?? "");
    if (!place) return aborted(signal);
    const { clock, counters, log } = this.#deps;
    const parts = this.#parts;
    const senders = new SenderBook(parts.targets, parts.engines);
    await Promise.all([this.#readNames(), senders.refresh()]);
    const intake = new TrapIntake({
      clock,
      counters,
      senders,
      own: await openOwnEngine(parts.dataDir, clock.monotonicMs()),
      device: parts.device,
      names: () => this.#names,
      tell: (device, { name, text }) =>
        void sink([{ record: "event", device, metric: "trap", channel: name, value: text }]),
      poll: parts.pollDevice,
      ...this.#settings,
    });
    counters.add("traps_dropped_by_kernel", 0);
    const socket = await open(place);
    const { port } = socket.address();
    log.info("Listening for traps", { port, receiveBufferBytes: socket.getRecvBufferSize() });
    socket.on("message", (bytes, from) => answer(socket, from, intake.take(bytes, plainAddress(from))));
    socket.on("error", () => counters.add("traps_socket_errors"));
    parts.onListening?.(port);
    const upkeep = this.#keepUp(port, senders, signal);
    await aborted(signal);
    socket.close();
    intake.stop();
    await upkeep;
  }

  async close(): Promise<void> {
    // `listen` has closed its socket by then.
  }

  /** Follows what changes while traps are received: devices, profiles, what the kernel dropped. */
  async #keepUp(port: number, senders: SenderBook, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(lookEveryMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      this.#shelf.look();
      await Promise.all([senders.refresh(), this.#countDrops(port), this.#readNames()]);
    }
  }

  async #countDrops(port: number): Promise<void> {
    const dropped = (await droppedByKernel(port)) ?? 0;
    const more = dropped - this.#dropped;
    this.#dropped = dropped;
    if (more <= 0) return;
    this.#deps.counters.add("traps_dropped_by_kernel", more);
    this.#deps.log.warn("Traps were lost: the receive buffer was full", { dropped: more });
  }

  /** MIB files are read at the start, names of profiles whenever these have changed. */
  async #readNames(): Promise<void> {
    if (this.#profilesSeen === this.#shelf.version) return;
    this.#profilesSeen = this.#shelf.version;
    const library = await this.#shelf.library();
    const { traps, problems } = await loadMibs(`${this.#parts.dataDir}/mibs`);
    for (const problem of problems) this.#deps.log.warn("MIB file left out", { problem });
    // What the user brought wins.
    this.#names = new Map([...library.traps(), ...traps]);
  }
}

function answer(socket: Socket, { address, port }: RemoteInfo, reply: Buffer | undefined): void {
  // Without a callback an address that cannot be reached is no error of ours.
  if (reply) socket.send(reply, port, address, () => {});
}

/** IPv4 senders as such also where the socket serves both families. */
function plainAddress({ address }: RemoteInfo): string {
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** Rejects with PORT_IN_USE or NOT_PERMITTED. */
async function open({ host, port }: Place): Promise<Socket> {
  if (host !== undefined) return bound(isIP(host) === 6 ? "udp6" : "udp4", host, port);
  return bound("udp6", "::", port).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL")
      return bound("udp4", "0.0.0.0", port);
    throw problemOf(error, port);
  });
}

function bound(type: "udp4" | "udp6", host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type, recvBufferSize: receiveBufferBytes });
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(problemOf(error, port));
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function problemOf(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new ApplianceError("PORT_IN_USE", `UDP port ${port} for traps is taken by another program.`, {
      cause: error,
    });
  if (error.code === "EACCES")
    return new ApplianceError(
      "NOT_PERMITTED",
      `UDP port ${port} for traps needs the right to bind to low ports (CAP_NET_BIND_SERVICE).`,
      { cause: error },
    );
  return error;
}

export const collector = {
  type: "snmp-trap",
  summary: "Receives SNMP traps and informs of the devices that are polled by SNMP.",
  config,
  create: (settings, deps) => new TrapCollector(settings, deps),
} satisfies CollectorPlugin<Settings>;
