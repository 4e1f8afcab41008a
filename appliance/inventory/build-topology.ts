import { pathDevices } from "../model/path.ts";
import type { Device, DeviceId, Port } from "../model/site.ts";
import type { LinkEnd, Neighbours, TopologyLink, UnknownNeighbour } from "../model/topology.ts";
import { BoxSide } from "./box-side.ts";
import { Forwarding, groupOf, type Place, type Seeker } from "./forwarding.ts";
import { components, GraphBuilder, nearestAbove, type Passes, reached } from "./graph.ts";
import { type Heard, heardOf } from "./heard.ts";
import { isInfrastructure, isPassing } from "./infrastructure.ts";
import { type BoxNetwork, createMatcher, type Matcher } from "./match.ts";
import { type BuiltLink, LinkMerger, nodeOf } from "./merge-links.ts";

export interface TopologyInput {
  readonly devices: readonly Device[];
  readonly tables: ReadonlyMap<DeviceId, Neighbours>;
  readonly box: BoxNetwork;
  readonly gateway: DeviceId;
  /** Links known from before, whose reporters have said nothing yet. */
  readonly remembered: readonly TopologyLink[];
}

export interface BuiltTopology {
  readonly links: readonly BuiltLink[];
  /**
   * What each device hangs on, seen from this box. Only what every known way to the device goes through; absent for
   * devices of which the way is not known, undefined for those with nothing in front.
   */
  readonly behind: ReadonlyMap<DeviceId, DeviceId | undefined>;
  /** The node through which each node was reached from the box. */
  readonly ways: ReadonlyMap<string, string>;
  readonly unknown: readonly UnknownNeighbour[];
  /** Nodes that pass frames on. */
  readonly infrastructure: ReadonlySet<string>;
  readonly matcher: Matcher;
  readonly forwarding: Forwarding;
}

class Builder {
  readonly #input: TopologyInput;
  readonly #byId: ReadonlyMap<DeviceId, Device>;
  readonly #matcher: Matcher;
  readonly #heard: readonly Heard[];
  readonly #forwarding: Forwarding;
  readonly #bridgeNodes: ReadonlySet<string>;
  readonly #links = new LinkMerger();
  readonly #graph = new GraphBuilder();
  /** Where each node was seen, and the neighbour there through which its frames come. */
  readonly #places = new Map<string, { place: Place; parent: string }>();

  constructor(input: TopologyInput) {
    this.#input = input;
    const { devices, tables, box } = input;
    this.#byId = new Map(devices.map((device) => [device.id, device]));
    this.#matcher = createMatcher(devices, tables, box);
    this.#heard = [...tables.values()].flatMap((one) => {
      const device = this.#byId.get(one.device);
      return device ? heardOf(one, device, this.#matcher, (id) => this.#byId.get(id)) : [];
    });
    const unknown = new Map(
      this.#heard.flatMap(({ unknown: one }) => (one ? [[one.key, one] as const] : [])),
    );
    const seekerOf = (id: DeviceId): Seeker => ({ key: id, macs: this.#matcher.macsOf(id) });
    this.#forwarding = new Forwarding(
      tables.values(),
      [
        ...devices.map(({ id }) => seekerOf(id)),
        ...[...unknown.values()].map(({ key, mac }) => ({ key, macs: mac ? [mac] : [] })),
      ],
      { key: pathDevices.box, macs: box.macs },
      this.#byId.has(input.gateway) ? seekerOf(input.gateway) : undefined,
    );
    this.#bridgeNodes = new Set([
      ...devices.filter(isInfrastructure).map(({ id }) => id as string),
      ...this.#heard.filter(({ isBridge, end }) => isBridge && this.#mayPass(end)).map(({ node }) => node),
      ...[...tables.keys()].filter((id) => this.#forwarding.isBridge(id)),
    ]);
  }

  /** Servers and phones often say that they are bridges. */
  #mayPass({ device }: LinkEnd): boolean {
    const kind = device && this.#byId.get(device)?.kind;
    return kind === undefined || kind === "other" || isPassing(kind);
  }

  build(): BuiltTopology {
    this.#addHeard();
    this.#placeAll();
    this.#addRemembered();
    this.#joinByForwarding();
    const isRooted = this.#addRoot();
    const passes = (node: string) => this.#bridgeNodes.has(node);
    return {
      links: this.#links.all(),
      behind: isRooted ? this.#behind(passes) : new Map(),
      ways: reached(this.#graph.graph, isRooted ? pathDevices.box : this.#input.gateway, passes),
      unknown: this.#unknown(),
      infrastructure: this.#bridgeNodes,
      matcher: this.#matcher,
      forwarding: this.#forwarding,
    };
  }

  /**
   * LLDP does not go through a switch that follows the standard, so the two are joined. CDP goes through switches of
   * other makers: where a port hears LLDP as well, that is who is at the other end of the cable.
   */
  #addHeard(): void {
    const portKey = ({ device, port }: Heard) => `${device}/${port?.id ?? ""}`;
    const withLldp = new Set(this.#heard.filter(({ via }) => via === "lldp").map(portKey));
    for (const heard of this.#heard) {
      const { device, port, end, node, via, unknown } = heard;
      const isSame = (other: Heard) =>
        other.via === "lldp" && other.node === node && portKey(other) === portKey(heard);
      if (via === "cdp" && withLldp.has(portKey(heard)) && !this.#heard.some(isSame)) continue;
      this.#graph.join(device, node);
      this.#links.put({
        a: { device, ...(port ? { port: port.id } : {}) },
        b: end,
        evidence: [via],
        confidence: "sure",
        seenMs: this.#input.tables.get(device)?.timeMs ?? 0,
        by: [device],
        ...(unknown ? { neighbour: unknown } : {}),
      });
    }
  }

  #portAt(bridge: DeviceId, ifIndex: number | undefined): Port | undefined {
    return this.#byId.get(bridge)?.ports.find((port) => port.ifIndex === ifIndex);
  }

  /** The one neighbour that announces itself behind a port and passes frames on, where it has no table of its own. */
  #soleBridge(bridge: DeviceId, there: ReadonlySet<string>): string | undefined {
    const [only] = there;
    if (there.size !== 1 || only === undefined || !this.#bridgeNodes.has(only)) return undefined;
    return this.#forwarding.isBridge(only) || only === bridge ? undefined : only;
  }

  /** Who announces itself by LLDP behind a port. */
  #announcedAt({ bridge, ifIndex }: Place): Set<string> {
    const group = groupOf(this.#input.tables.get(bridge));
    const isThere = ({ device, port, via }: Heard) =>
      via === "lldp" && device === bridge && port !== undefined && group(port.ifIndex) === ifIndex;
    return new Set(this.#heard.filter(isThere).map(({ node }) => node));
  }

  #placeAll(): void {
    for (const { id } of this.#input.devices) {
      const place = this.#forwarding.placeOf(id);
      if (!place || place.bridge === id || id === pathDevices.box) continue;
      const there = this.#announcedAt(place);
      // On the side of this box another bridge may stand before it, of which no table is at hand.
      const isBeyond = [...there].some((node) => node !== id && this.#bridgeNodes.has(node));
      if (!place.isCertain && (isBeyond || this.#isRemembered(id))) continue;
      const sole = this.#soleBridge(place.bridge, there);
      this.#places.set(id, { place, parent: sole === undefined || sole === id ? place.bridge : sole });
    }
  }

  #isRemembered(id: DeviceId): boolean {
    return this.#input.remembered.some(({ to, confidence }) => to.device === id && confidence !== "unsure");
  }

  /** Links of before, for nodes that no table of now tells of. */
  #addRemembered(): void {
    for (const { from, to, evidence, confidence, lastMs, neighbour } of this.#input.remembered) {
      const isKnown = (end: LinkEnd) => end.device === undefined || this.#byId.has(end.device);
      if (confidence === "unsure" || !isKnown(from) || !isKnown(to)) continue;
      if (this.#graph.graph.has(nodeOf(to)) || this.#places.has(nodeOf(to))) continue;
      this.#graph.join(nodeOf(from), nodeOf(to));
      this.#links.put({
        a: from,
        b: to,
        evidence,
        confidence,
        seenMs: lastMs,
        by: [],
        ...(neighbour ? { neighbour } : {}),
      });
    }
  }

  /** Joins the parts that announcements leave apart, by where the addresses of their members were learned. */
  #joinByForwarding(): void {
    const parts = components(this.#graph.graph);
    const partOf = (node: string) => parts.get(node) ?? node;
    const entries = new Map<string, string[]>();
    for (const [node, { place, parent }] of this.#places) {
      this.#linkByForwarding(node as DeviceId, place, parent);
      if (!place.isCertain || partOf(node) === partOf(parent)) continue;
      const key = `${partOf(node)} ${partOf(parent)}`;
      entries.set(key, [...(entries.get(key) ?? []), node]);
    }
    for (const nodes of entries.values()) {
      // Of a part that is seen as a whole, what passes frames on is where it begins.
      const bridges = nodes.filter((node) => this.#forwarding.isBridge(node));
      const switches = nodes.filter((node) => this.#bridgeNodes.has(node));
      const begin = bridges.length > 0 ? bridges : switches.length === 1 ? switches : nodes;
      for (const node of begin) this.#graph.join(node, this.#places.get(node)?.parent ?? node);
    }
  }

  /** The link that is shown; where announcements say how a device is joined, they are enough. */
  #linkByForwarding(id: DeviceId, place: Place, parent: string): void {
    const { bridge, ifIndex, isCertain } = place;
    const isHeard = (this.#graph.graph.get(id)?.size ?? 0) > 0;
    if (isHeard && !this.#graph.graph.get(id)?.has(parent)) return;
    // Announcements name the ports; addresses may be learned on the group that they are members of.
    const port = isHeard ? undefined : this.#portAt(bridge, ifIndex);
    const own = isHeard ? undefined : this.#portAt(id, this.#forwarding.portToBox(id));
    this.#links.put({
      a: parent === bridge ? { device: bridge, ...(port ? { port: port.id } : {}) } : this.#endOfNode(parent),
      b: { device: id, ...(own ? { port: own.id } : {}) },
      evidence: ["forwarding"],
      confidence: isCertain ? "likely" : "unsure",
      seenMs: this.#input.tables.get(bridge)?.timeMs ?? 0,
      by: [bridge],
    });
  }

  #endOfNode(node: string): LinkEnd {
    return this.#byId.has(node as DeviceId) ? { device: node as DeviceId } : { neighbour: node };
  }

  /** Joins this box to what is beside it. False when no table tells where it is. */
  #addRoot(): boolean {
    const { box } = pathDevices;
    const forwarding = this.#forwarding;
    const declared = this.#byId.get(box)?.behind;
    if (declared) this.#graph.join(box, declared);
    const bridges = [...this.#byId.keys()].filter(
      (id) => forwarding.portToBox(id) !== undefined && forwarding.between(id).size === 0,
    );
    const beside = bridges.filter((id) => forwarding.seesBox(id));
    const side = this.#boxSide();
    side.join(box, beside);
    const parts = components(this.#graph.graph);
    const rooted = parts.get(box);
    for (const { id } of this.#input.devices)
      if (id !== box && forwarding.isBesideBox(id) && (parts.get(id) ?? id) !== rooted)
        this.#graph.join(box, id);
    if (beside.length === 0 && bridges.length > 0) {
      // No switch sees the box itself: everything comes through the gateway.
      this.#graph.join(box, this.#input.gateway);
      side.join(this.#input.gateway, bridges);
    }
    this.#linkBox(beside);
    return (this.#graph.graph.get(box)?.size ?? 0) > 0;
  }

  #boxSide(): BoxSide {
    return new BoxSide({
      tables: this.#input.tables,
      heard: this.#heard,
      forwarding: this.#forwarding,
      bridgeNodes: this.#bridgeNodes,
      graph: this.#graph,
    });
  }

  #linkBox(beside: readonly DeviceId[]): void {
    const { box } = pathDevices;
    const [only] = beside;
    if (beside.length !== 1 || only === undefined || !this.#byId.has(box)) return;
    if (this.#boxSide().announced(only).length > 0) return;
    const port = this.#portAt(only, this.#forwarding.portToBox(only));
    this.#links.put({
      a: { device: only, ...(port ? { port: port.id } : {}) },
      b: { device: box },
      evidence: ["forwarding"],
      confidence: "likely",
      seenMs: this.#input.tables.get(only)?.timeMs ?? 0,
      by: [only],
    });
  }

  #behind(passes: Passes): Map<DeviceId, DeviceId | undefined> {
    const { box } = pathDevices;
    const above = nearestAbove(this.#graph.graph, box, passes, (node) => this.#byId.has(node as DeviceId));
    return above as Map<DeviceId, DeviceId | undefined>;
  }

  #unknown(): UnknownNeighbour[] {
    return [
      ...new Map(this.#heard.flatMap(({ unknown }) => (unknown ? [[unknown.key, unknown]] : []))).values(),
    ];
  }
}

/** Finds out how the network hangs together, from all tables at hand. Pure. */
export function buildTopology(input: TopologyInput): BuiltTopology {
  return new Builder(input).build();
}
