import type { DeviceId } from "../model/site.ts";
import type { Neighbours } from "../model/topology.ts";

/** Where something hangs: on which bridge, behind which of its ports. */
export interface Place {
  readonly bridge: DeviceId;
  readonly ifIndex: number;
  /** False: the tables disagree, or do not tell on which side this box is. */
  readonly isCertain: boolean;
}

/** A device or neighbour with the addresses that it is found by, the telling one first. */
export interface Seeker {
  readonly key: string;
  readonly macs: readonly string[];
}

interface Bridge {
  readonly id: DeviceId;
  readonly timeMs: number;
  readonly ports: ReadonlyMap<string, ReadonlySet<number>>;
  /** How many addresses are behind each port. */
  readonly counts: ReadonlyMap<number, number>;
}

/** Ports of a group count as the group: addresses are learned there. */
export function groupOf(tables: Neighbours | undefined): (ifIndex: number) => number {
  const groups = new Map<number, number>();
  for (const { ifIndex, aggregate } of tables?.ports ?? [])
    if (aggregate !== undefined) groups.set(ifIndex, aggregate);
  return (ifIndex) => groups.get(ifIndex) ?? ifIndex;
}

function bridgeOf(tables: Neighbours): Bridge {
  const group = groupOf(tables);
  const ports = new Map<string, Set<number>>();
  const counts = new Map<number, number>();
  for (const { mac, ifIndex } of tables.forwarding) {
    const port = group(ifIndex);
    const known = ports.get(mac) ?? new Set();
    if (!known.has(port)) counts.set(port, (counts.get(port) ?? 0) + 1);
    ports.set(mac, known.add(port));
  }
  return { id: tables.device, timeMs: tables.timeMs, ports, counts };
}

/**
 * What forwarding tables tell of who is behind whom, seen from this box. A bridge that learned the box behind one port
 * and a device behind another stands between the two, whatever else is on the way: loops that are switched off, groups
 * of ports, switches that nobody can ask. Of the bridges that stand between, the last one is where the device hangs.
 */
export class Forwarding {
  readonly #bridges: readonly Bridge[];
  readonly #byId: ReadonlyMap<string, Bridge>;
  readonly #seekers = new Map<string, Seeker>();
  readonly #boxPorts = new Map<DeviceId, number>();
  readonly #viaGateway = new Set<DeviceId>();
  readonly #between = new Map<string, ReadonlySet<DeviceId>>();

  /** @param box, gateway - where a bridge does not see the box, what comes from it comes through the gateway */
  constructor(
    tables: Iterable<Neighbours>,
    seekers: readonly Seeker[],
    box: Seeker,
    gateway: Seeker | undefined,
  ) {
    this.#bridges = [...tables].filter(({ forwarding }) => forwarding.length > 0).map(bridgeOf);
    this.#byId = new Map(this.#bridges.map((bridge) => [bridge.id, bridge]));
    for (const seeker of seekers) this.#seekers.set(seeker.key, seeker);
    for (const bridge of this.#bridges) {
      const direct = this.#portAt(bridge, box);
      const port =
        direct ?? (gateway && gateway.key !== bridge.id ? this.#portAt(bridge, gateway) : undefined);
      if (port === undefined) continue;
      this.#boxPorts.set(bridge.id, port);
      if (direct === undefined) this.#viaGateway.add(bridge.id);
    }
  }

  isBridge(key: string): boolean {
    return this.#byId.has(key);
  }

  /** The bridge's port that leads to this box. */
  portToBox(key: string): number | undefined {
    return this.#boxPorts.get(key as DeviceId);
  }

  /** Whether the bridge sees the box's own address, not only the gateway's. */
  seesBox(key: string): boolean {
    return this.#boxPorts.has(key as DeviceId) && !this.#viaGateway.has(key as DeviceId);
  }

  isBoxKnown(): boolean {
    return this.#boxPorts.size > 0;
  }

  /** The port behind which a bridge sees something, when that is one port. */
  portAt(bridge: DeviceId, key: string): number | undefined {
    const found = this.#byId.get(bridge);
    const seeker = this.#seekers.get(key);
    return found && seeker && this.#portAt(found, seeker);
  }

  #portAt(bridge: Bridge, { key, macs }: Seeker): number | undefined {
    if (key === bridge.id) return undefined;
    const first = bridge.ports.get(macs[0] ?? "");
    if (first?.size === 1) return [...first][0];
    const all = new Set(macs.flatMap((mac) => [...(bridge.ports.get(mac) ?? [])]));
    return all.size === 1 ? [...all][0] : undefined;
  }

  /** Bridges that stand between this box and something. */
  between(key: string): ReadonlySet<DeviceId> {
    const known = this.#between.get(key);
    if (known) return known;
    const seeker = this.#seekers.get(key);
    const found = new Set<DeviceId>();
    for (const bridge of seeker ? this.#bridges : []) {
      const port = this.#portAt(bridge, seeker as Seeker);
      const toBox = this.#boxPorts.get(bridge.id);
      if (port !== undefined && toBox !== undefined && port !== toBox) found.add(bridge.id);
    }
    this.#between.set(key, found);
    return found;
  }

  /** Whether some bridge sees it on the very side where the box is, and none stands between. */
  isBesideBox(key: string): boolean {
    return (
      this.between(key).size === 0 &&
      this.#bridges.some(({ id }) => this.seesBox(id) && this.portAt(id, key) === this.#boxPorts.get(id))
    );
  }

  /** Of two bridges on one way, whether the first is nearer to the box. */
  #isNearer(a: DeviceId, b: DeviceId): boolean {
    const toBox = this.#boxPorts.get(b);
    return this.between(b).has(a) || (toBox !== undefined && this.portAt(b, a) === toBox);
  }

  /** Where something hangs; undefined when no bridge has seen it. */
  placeOf(key: string): Place | undefined {
    const ways = [...this.between(key)];
    const rank = (bridge: DeviceId) =>
      ways.filter((other) => other !== bridge && this.#isNearer(other, bridge)).length;
    const chain = ways.map((bridge) => ({ bridge, rank: rank(bridge) })).sort((a, b) => a.rank - b.rank);
    const last = chain.at(-1);
    // In a chain each one has exactly those before it nearer to the box, and sees the next one where it sees this.
    const isChain = chain.every(({ bridge, rank: nearer }, position) => {
      const next = chain[position + 1]?.bridge;
      const toNext = next && this.portAt(bridge, next);
      return nearer === position && (toNext === undefined || toNext === this.portAt(bridge, key));
    });
    if (!last || !isChain) return this.#edgeOf(key);
    const ifIndex = this.portAt(last.bridge, key) ?? 0;
    return this.#mayBeMoving(last.bridge, ifIndex, key)
      ? undefined
      : { bridge: last.bridge, ifIndex, isCertain: true };
  }

  /** Tables are read one after the other: a bridge behind the port that has not seen it yet may be where it is now. */
  #mayBeMoving(bridge: DeviceId, ifIndex: number, key: string): boolean {
    const timeMs = this.#byId.get(bridge)?.timeMs ?? 0;
    return this.#bridges.some((other) => {
      if (other.timeMs >= timeMs || other.id === key || this.portAt(bridge, other.id) !== ifIndex)
        return false;
      const port = this.portAt(other.id, key);
      return port === undefined || port === this.#boxPorts.get(other.id);
    });
  }

  /** The port with the fewest addresses that leads to no other bridge. */
  #edgeOf(key: string): Place | undefined {
    const seen = this.#bridges.flatMap((bridge) => {
      const ifIndex = this.portAt(bridge.id, key);
      if (ifIndex === undefined || this.#leadsToBridge(bridge, ifIndex, key)) return [];
      return [{ bridge: bridge.id, ifIndex, count: bridge.counts.get(ifIndex) ?? 0 }];
    });
    const [first] = seen.sort((a, b) => a.count - b.count || (a.bridge < b.bridge ? -1 : 1));
    return first && { bridge: first.bridge, ifIndex: first.ifIndex, isCertain: false };
  }

  #leadsToBridge(bridge: Bridge, ifIndex: number, except: string): boolean {
    return this.#bridges.some(
      ({ id }) => id !== bridge.id && id !== except && this.portAt(bridge.id, id) === ifIndex,
    );
  }

  /** How many addresses a bridge has learned behind each of its ports. */
  counts(bridge: DeviceId): ReadonlyMap<number, number> | undefined {
    return this.#byId.get(bridge)?.counts;
  }
}
