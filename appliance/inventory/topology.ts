import type { Counters, LinkKeeper, Log } from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";
import { gatewayOf, pathDevices } from "../model/path.ts";
import type { Device, DeviceId, PortId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import type { Neighbours, PortSight, Topology, TopologyLink, UnknownNeighbour } from "../model/topology.ts";
import { type BuiltTopology, buildTopology } from "./build-topology.ts";
import { groupOf } from "./forwarding.ts";
import { isInfrastructure } from "./infrastructure.ts";
import type { InventoryBook } from "./inventory.ts";
import { diffLinks, type KeptLink } from "./link-diff.ts";
import type { BoxNetwork } from "./match.ts";
import { learnPorts } from "./port-use.ts";

export interface TopologyOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly inventory: Pick<InventoryBook, "device" | "devices" | "hangOn" | "learnPorts">;
  readonly keeper: LinkKeeper;
  /** This box's own addresses and table of neighbours, as last read. */
  readonly box: () => BoxNetwork;
  /** Whether a device does not answer now. */
  readonly isSilent: (device: DeviceId) => boolean;
  /** Octets a second through a port now; undefined where nobody counts. */
  readonly rateOf: (device: DeviceId, port: PortId) => number | undefined;
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
}

export interface TopologyBook extends Topology {
  take(tables: Neighbours): void;
  /** Draws conclusions at once instead of a moment later. */
  settle(): void;
  stop(): void;
}

/** Tables come in one after the other: conclusions are drawn when it is quiet for a moment. */
const quietMs = 3_000;
/** Conclusions take no more than one part in this many of the time: a thousand devices take a third of a second. */
const restFactor = 50;
/** After a start the tables of all infrastructure are waited for, but no longer than this. */
const waitMs = 180_000;
const rememberedMs = 30 * 86_400_000;
const mostStrangers = 8;
/** Of a table that is never read to its end, rows that are kept. */
const mostRows = 20_000;

class Book implements TopologyBook {
  readonly #options: TopologyOptions;
  readonly #tables = new Map<DeviceId, Neighbours>();
  /** Devices whose tables conclusions were drawn from before. */
  readonly #told = new Set<DeviceId>();
  /** The tables that the ports of each device were learned from last. */
  readonly #learned = new Map<DeviceId, Neighbours>();
  readonly #startMs: number;
  #kept: ReadonlyMap<string, KeptLink>;
  #built: BuiltTopology | undefined;
  #timer: Timer | undefined;
  /** When conclusions were drawn last, and how long that took. */
  #settledMs = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  /** The timer is for the end of the wait, not for quiet. */
  #isWaiting = false;
  #isStopped = false;

  constructor(options: TopologyOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
    const nowMs = options.clock.nowMs();
    this.#kept = new Map(
      options.keeper.current().map((link) => [
        link.id,
        {
          link,
          by: [link.from.device, link.to.device].filter((id) => id !== undefined),
          misses: 0,
          checkedMs: nowMs,
          savedMs: nowMs,
        },
      ]),
    );
  }

  take(tables: Neighbours): void {
    this.#tables.set(tables.device, completed(tables, this.#tables.get(tables.device)));
    if (this.#isStopped) return;
    if (this.#isWaiting) this.#timer?.cancel();
    const restMs = this.#settledMs + this.#tookMs * restFactor - this.#options.clock.monotonicMs();
    if (this.#isWaiting || !this.#timer) this.#arm(Math.max(quietMs, restMs));
  }

  #arm(delayMs: number): void {
    this.#isWaiting = false;
    this.#timer = this.#options.clock.timer(() => {
      this.#timer = undefined;
      if (this.#mayConclude()) {
        this.#settleGuarded();
        return;
      }
      this.#arm(Math.max(quietMs, this.#startMs + waitMs - this.#options.clock.monotonicMs()));
      this.#isWaiting = true;
    }, delayMs);
  }

  /** Half of what is known would be taken for a change of the network, or for a network that it is not. */
  #mayConclude(): boolean {
    const { clock, inventory, isSilent } = this.#options;
    if (this.#told.size > 0 || clock.monotonicMs() - this.#startMs >= waitMs) return true;
    return inventory
      .devices()
      .filter((device) => isInfrastructure(device) && device.collectors.includes("snmp"))
      .every(({ id }) => this.#tables.has(id) || isSilent(id));
  }

  /** What devices say of each other may be anything: a mistake of ours with it must not end the process. */
  #settleGuarded(): void {
    try {
      this.settle();
    } catch (error) {
      this.#options.counters.add("topology_errors");
      this.#options.log.error("How the network hangs together could not be found out", { error });
    }
  }

  settle(): void {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    this.#conclude();
    this.#settledMs = clock.monotonicMs();
    this.#tookMs = this.#settledMs - startMs;
  }

  #conclude(): void {
    const { clock, inventory, keeper, log, counters, box } = this.#options;
    // A service stands on some device, often with the same address.
    const devices = inventory.devices().filter(({ kind }) => kind !== "service");
    for (const id of this.#tables.keys()) if (!inventory.device(id)) this.#forget(id);
    const built = buildTopology({
      devices,
      tables: this.#tables,
      box: box(),
      gateway: gatewayOf(devices),
      remembered: this.#remembered(),
    });
    const { kept, changed, events } = diffLinks({
      kept: this.#kept,
      built,
      tables: this.#tables,
      before: this.#told,
      device: (id) => inventory.device(id),
      isSilent: this.#options.isSilent,
      nowMs: clock.nowMs(),
    });
    this.#built = built;
    this.#kept = kept;
    for (const id of this.#tables.keys()) this.#told.add(id);
    try {
      if (changed.length > 0) keeper.save(changed);
    } catch (error) {
      counters.add("topology_not_saved");
      log.warn("Links could not be saved; they are tried again at their next change", { error });
    }
    for (const event of events) this.#options.onEvent({ record: "event", ...event, timeMs: clock.nowMs() });
    inventory.hangOn(built.behind);
    for (const device of inventory.devices()) this.#learn(device, built);
  }

  #forget(id: DeviceId): void {
    this.#tables.delete(id);
    this.#learned.delete(id);
    this.#told.delete(id);
  }

  /** What was known before and what no table of now speaks against. */
  #remembered(): TopologyLink[] {
    const { clock, inventory, isSilent } = this.#options;
    const oldestMs = clock.nowMs() - rememberedMs;
    return [...this.#kept.values()].flatMap(({ link, by }) => {
      const ends = [link.from.device, link.to.device].filter((id) => id !== undefined);
      const last = link.to.device && inventory.device(link.to.device);
      const isEdge = last && !isInfrastructure(last) && link.evidence.every((one) => one === "forwarding");
      const isOpen = by.every((id) => (this.#tables.get(id)?.timeMs ?? 0) <= link.lastMs);
      const isKept = isEdge || isOpen || ends.some((id) => isSilent(id));
      return isKept && link.lastMs >= oldestMs ? [link] : [];
    });
  }

  #learn(device: Device, built: BuiltTopology): void {
    const tables = this.#tables.get(device.id);
    if (!tables || device.ports.length === 0 || this.#learned.get(device.id) === tables) return;
    this.#learned.set(device.id, tables);
    const facts = learnPorts(device, {
      tables,
      links: this.linksOf(device.id),
      infrastructure: built.infrastructure,
      counts: built.forwarding.counts(device.id),
      rateOf: (port) => this.#options.rateOf(device.id, port),
      nowMs: this.#options.clock.nowMs(),
    });
    this.#options.inventory.learnPorts(device.id, facts);
  }

  links(atMs?: number): readonly TopologyLink[] {
    return atMs === undefined
      ? [...this.#kept.values()].map(({ link }) => link)
      : this.#options.keeper.at(atMs);
  }

  linksOf(device: DeviceId): readonly TopologyLink[] {
    return this.links().filter(({ from, to }) => from.device === device || to.device === device);
  }

  at(device: DeviceId, port: PortId): PortSight | undefined {
    const links = this.linksOf(device).filter(({ from, to }) =>
      [from, to].some((end) => end.device === device && end.port === port),
    );
    const tables = this.#tables.get(device);
    const ifIndex = this.#options.inventory.device(device)?.ports.find(({ id }) => id === port)?.ifIndex;
    const counts = this.#built?.forwarding.counts(device);
    if (ifIndex === undefined || (links.length === 0 && !counts)) return undefined;
    const isUplink = links.some(({ from, to }) =>
      [from, to].some(
        (end) => end.device !== device && this.#built?.infrastructure.has(end.device ?? end.neighbour ?? ""),
      ),
    );
    return {
      links,
      ...(counts ? { macs: counts.get(ifIndex) ?? 0 } : {}),
      strangers: tables && !isUplink ? this.#strangers(tables, ifIndex) : [],
      seenMs: tables?.timeMs ?? Math.max(0, ...links.map(({ lastMs }) => lastMs)),
    };
  }

  #strangers(tables: Neighbours, ifIndex: number): string[] {
    const group = groupOf(tables);
    return tables.forwarding
      .filter((row) => group(row.ifIndex) === ifIndex && !this.#built?.matcher.byMac(row.mac))
      .map(({ mac }) => mac)
      .slice(0, mostStrangers);
  }

  pathTo(device: DeviceId): readonly DeviceId[] {
    const ways = this.#built?.ways;
    const path: DeviceId[] = [];
    for (let node: string | undefined = device; node !== undefined; ) {
      if (this.#options.inventory.device(node as DeviceId)) path.unshift(node as DeviceId);
      const next: string | undefined = ways?.get(node);
      if (next === undefined) return [];
      node = next === node ? undefined : next;
    }
    return path[0] === pathDevices.box ? path : [];
  }

  unknownNeighbours(): readonly UnknownNeighbour[] {
    return this.#built?.unknown ?? [];
  }

  sinceMs(): number | undefined {
    return this.#options.keeper.sinceMs();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}

/** Rows of now, and those of before whose key is not among them; the oldest are given up. */
function joined<R>(now: readonly R[], before: readonly R[], keyOf: (row: R) => string): R[] {
  const known = new Set(now.map(keyOf));
  return [...now, ...before.filter((row) => !known.has(keyOf(row)))].slice(0, Math.max(mostRows, now.length));
}

/** Of a table that ended early the rows of before are kept too: that they are missing says nothing. */
function completed(tables: Neighbours, before: Neighbours | undefined): Neighbours {
  if (!before || tables.cut.length === 0) return tables;
  const isCut = (name: Neighbours["cut"][number]) => tables.cut.includes(name);
  return {
    ...tables,
    ...(isCut("heard") ? { heard: before.heard } : {}),
    ...(isCut("forwarding")
      ? { forwarding: joined(tables.forwarding, before.forwarding, ({ mac }) => mac) }
      : {}),
    ...(isCut("addresses")
      ? { addresses: joined(tables.addresses, before.addresses, ({ address }) => address) }
      : {}),
    ...(isCut("ports") ? { ports: before.ports } : {}),
  };
}

/**
 * How the network hangs together, from what its devices know of each other. Only changes are written down. What follows
 * for each device - on which one it hangs - goes to the inventory.
 */
export function createTopology(options: TopologyOptions): TopologyBook {
  return new Book(options);
}
