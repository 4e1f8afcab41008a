import { pathDevices } from "../../appliance/model/path.ts";
import type { Device, DeviceId, DeviceKind } from "../../appliance/model/site.ts";
import type { TopologyLink } from "../../appliance/model/topology.ts";
import { nodeOf, otherEnd } from "../links.ts";

/** A device or neighbour of the map, with what hangs on it. */
export interface MapNode {
  readonly key: string;
  readonly device?: Device;
  /** What joins it to the one above; the first is the strongest. Several: a group of cables. */
  readonly links: readonly TopologyLink[];
  readonly children: readonly MapNode[];
  /** It has others below it, or is made to. */
  readonly isHub: boolean;
}

export interface MapTree {
  readonly roots: readonly MapNode[];
  /** Links that the tree leaves out, between two nodes that it has: loops. */
  readonly others: readonly TopologyLink[];
  /** Devices of which no link is known. */
  readonly unplaced: readonly Device[];
}

const hubs: ReadonlySet<DeviceKind> = new Set(["router", "switch", "firewall", "wlc"]);
const strength = { sure: 0, likely: 1, unsure: 2 } as const;
const byText = new Intl.Collator("en", { numeric: true });

/** Groups links by the two that they join, the strongest first. */
function pairsOf(links: readonly TopologyLink[]): Map<string, TopologyLink[]> {
  const pairs = new Map<string, TopologyLink[]>();
  for (const link of [...links].sort(
    (a, b) => strength[a.confidence] - strength[b.confidence] || byText.compare(a.id, b.id),
  )) {
    const key = [nodeOf(link.from), nodeOf(link.to)].sort().join(" ");
    pairs.set(key, [...(pairs.get(key) ?? []), link]);
  }
  return pairs;
}

/** How the nodes hang together: of each its neighbours with the links to them. */
function adjacency(pairs: ReadonlyMap<string, TopologyLink[]>): Map<string, Map<string, TopologyLink[]>> {
  const next = new Map<string, Map<string, TopologyLink[]>>();
  const put = (a: string, b: string, links: TopologyLink[]) =>
    next.set(a, (next.get(a) ?? new Map()).set(b, links));
  for (const links of pairs.values()) {
    const [first] = links;
    if (!first) continue;
    const { own, other } = otherEnd(first, nodeOf(first.from));
    put(nodeOf(own), nodeOf(other), links);
    put(nodeOf(other), nodeOf(own), links);
  }
  return next;
}

/** Where the map begins: at the router; parts that are not joined to it begin at what has most links. */
function startsOf(
  next: ReadonlyMap<string, ReadonlyMap<string, unknown>>,
  device: (key: string) => Device | undefined,
): string[] {
  const rank = (key: string) => {
    const found = device(key);
    return found?.isGateway || key === pathDevices.gateway ? 0 : found?.kind === "router" ? 1 : found ? 2 : 3;
  };
  return [...next.keys()].sort(
    (a, b) =>
      rank(a) - rank(b) || (next.get(b)?.size ?? 0) - (next.get(a)?.size ?? 0) || byText.compare(a, b),
  );
}

/**
 * The links as trees, from the router down. The same links give the same trees: children stand in the order of the
 * ports that they hang on.
 */
export function mapTree(devices: readonly Device[], links: readonly TopologyLink[]): MapTree {
  const byId = new Map(devices.map((device) => [device.id as string, device]));
  const isKnown = (key: string) => key.includes(":") || byId.has(key);
  const shown = links.filter(({ from, to }) => isKnown(nodeOf(from)) && isKnown(nodeOf(to)));
  const next = adjacency(pairsOf(shown));
  const parents = new Map<string, string | undefined>();
  const roots: string[] = [];
  for (const start of startsOf(next, (key) => byId.get(key))) {
    if (parents.has(start)) continue;
    roots.push(start);
    parents.set(start, undefined);
    spread(start, next, parents);
  }
  const childrenOf = new Map<string, string[]>();
  for (const [key, parent] of parents)
    if (parent !== undefined) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), key]);
  const nodeFor = (key: string): MapNode => {
    const device = byId.get(key);
    const parent = parents.get(key);
    const found = (childrenOf.get(key) ?? []).map(nodeFor).sort(byPort(key));
    const isHub = found.length > 0 || (device !== undefined && hubs.has(device.kind));
    const own = parent === undefined ? [] : (next.get(key)?.get(parent) ?? []);
    return { key, ...(device ? { device } : {}), links: own, children: found, isHub };
  };
  const isInTree = ({ from, to }: TopologyLink) =>
    parents.get(nodeOf(from)) === nodeOf(to) || parents.get(nodeOf(to)) === nodeOf(from);
  return {
    roots: roots.map(nodeFor),
    others: shown.filter((link) => !isInTree(link)),
    unplaced: devices
      .filter(
        ({ id, kind, source }) =>
          !parents.has(id) && kind !== "service" && source !== "mqtt" && kind !== "box",
      )
      .sort((a, b) => byText.compare(a.name, b.name)),
  };
}

/** Nearest first; what is sure before what is guessed. */
function spread(
  start: string,
  next: ReadonlyMap<string, ReadonlyMap<string, readonly TopologyLink[]>>,
  parents: Map<string, string | undefined>,
): void {
  const queue = [start];
  for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
    const ways = [...(next.get(key) ?? [])].sort(
      ([a, [one]], [b, [other]]) =>
        strength[one?.confidence ?? "unsure"] - strength[other?.confidence ?? "unsure"] ||
        byText.compare(a, b),
    );
    for (const [other] of ways) {
      if (parents.has(other)) continue;
      parents.set(other, key);
      queue.push(other);
    }
  }
}

function byPort(parent: string): (a: MapNode, b: MapNode) => number {
  const port = ({ links: [link] }: MapNode) => (link ? otherEnd(link, parent).own.port : undefined) ?? "~";
  const name = ({ device, key }: MapNode) => device?.name ?? key;
  return (a, b) => byText.compare(port(a), port(b)) || byText.compare(name(a), name(b));
}

/** Every node of a tree, itself first. */
export function everyNode(node: MapNode): MapNode[] {
  return [node, ...node.children.flatMap(everyNode)];
}

/** Devices of the tree by id. */
export function devicesIn(roots: readonly MapNode[]): DeviceId[] {
  return roots.flatMap(everyNode).flatMap(({ device }) => device?.id ?? []);
}
