import type { DeviceId, PortId, PortPower } from "./site.ts";

/*
 * What devices know of each other, and what follows from it. MAC addresses are lower-case hex digits only.
 */

/** Tables of one device about its neighbourhood, from one look at it. */
export interface Neighbours {
  readonly record: "neighbours";
  readonly device: DeviceId;
  readonly timeMs: number;
  /** Addresses by which its neighbours know it besides those of its ports: LLDP chassis, bridge. */
  readonly ownMacs: readonly string[];
  readonly heard: readonly HeardNeighbour[];
  /** Empty where the device has no such table. */
  readonly forwarding: readonly ForwardingRow[];
  readonly addresses: readonly AddressRow[];
  readonly ports: readonly PortRow[];
  /** Tables that ended early: what is missing in them proves nothing. */
  readonly cut: readonly ("heard" | "forwarding" | "addresses" | "ports")[];
}

/** A neighbour that announced itself (LLDP: IEEE 802.1AB; CDP). */
export interface HeardNeighbour {
  readonly via: "lldp" | "cdp";
  /** The own port; LLDP has numbers of its own, and says what it calls the port. */
  readonly local: {
    readonly ifIndex?: number;
    readonly number?: number;
    readonly mac?: string;
    readonly names?: readonly string[];
  };
  /** Its chassis id: one of the three. */
  readonly chassis: { readonly mac?: string; readonly address?: string; readonly text?: string };
  /** Its port. */
  readonly port: { readonly mac?: string; readonly number?: number; readonly names: readonly string[] };
  readonly name?: string;
  readonly description?: string;
  readonly addresses: readonly string[];
  /** It says that it passes frames on: bridge, router, access point. */
  readonly isBridge: boolean;
}

/** An address learned behind a port. */
export interface ForwardingRow {
  readonly ifIndex: number;
  readonly mac: string;
}

/** An IP address and the MAC address that answers for it. */
export interface AddressRow {
  readonly address: string;
  readonly mac: string;
}

/** What is read of a port at the slow rhythm. */
export interface PortRow extends PortFacts {
  readonly ifIndex: number;
  /** The link aggregation group that it is a member of. */
  readonly aggregate?: number;
}

/** Facts of a port that change seldom. */
export interface PortFacts {
  readonly duplex?: "half" | "full";
  /** VLAN of untagged frames. */
  readonly vlan?: number;
  readonly poe?: PortPower;
}

/** How a link is known; the first is the strongest. */
export const linkEvidences = ["lldp", "cdp", "forwarding"] as const;
export type LinkEvidence = (typeof linkEvidences)[number];

/** `sure`: both ends said so. `likely`: follows from where addresses were learned. `unsure`: the tables disagree. */
export type LinkConfidence = "sure" | "likely" | "unsure";

/** One end of a link: a known device, or a neighbour that is none of ours. */
export interface LinkEnd {
  readonly device?: DeviceId;
  /** Key of an `UnknownNeighbour`. */
  readonly neighbour?: string;
  readonly port?: PortId;
  /** What the port is called, where it is no known one. */
  readonly portName?: string;
}

/** Two devices joined. `from` is the end nearer to this box, as far as that is known. */
export interface TopologyLink {
  readonly id: string;
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  readonly evidence: readonly LinkEvidence[];
  readonly confidence: LinkConfidence;
  readonly firstMs: number;
  /** When a table last showed it. */
  readonly lastMs: number;
  readonly goneMs?: number;
  /** What the unknown end said of itself. */
  readonly neighbour?: UnknownNeighbour;
}

/** Something that announces itself and is no known device: a candidate for discovery. */
export interface UnknownNeighbour {
  /** Lasting: its chassis address, else its name. */
  readonly key: string;
  readonly via: "lldp" | "cdp";
  readonly name?: string;
  readonly mac?: string;
  readonly description?: string;
  readonly addresses: readonly string[];
  readonly isBridge: boolean;
  /** Where it was heard. */
  readonly at: { readonly device: DeviceId; readonly port?: PortId };
}

/** What is behind one port. */
export interface PortSight {
  readonly links: readonly TopologyLink[];
  /** Addresses learned there; undefined where the device has no forwarding table. */
  readonly macs?: number;
  /** The first of them that belong to no known device. */
  readonly strangers: readonly string[];
  readonly seenMs: number;
}

/** How the network hangs together, for pages and the API. */
export interface Topology {
  /** Links now, or as they were known at a moment. */
  links(atMs?: number): readonly TopologyLink[];
  linksOf(device: DeviceId): readonly TopologyLink[];
  /** Undefined where nothing is known of the port. */
  at(device: DeviceId, port: PortId): PortSight | undefined;
  /** Devices from this box to the device, both included; empty when the way is not known. */
  pathTo(device: DeviceId): readonly DeviceId[];
  unknownNeighbours(): readonly UnknownNeighbour[];
  /** Since when links are remembered; undefined while there are none. */
  sinceMs(): number | undefined;
}
