import {
  type Device,
  type DeviceId,
  type DeviceKind,
  deviceId,
  type Port,
  type PortId,
} from "../../../appliance/model/site.ts";
import type { HeardNeighbour, Neighbours } from "../../../appliance/model/topology.ts";

/** A thing with cables. `tables`: what it tells by SNMP; a hub is one that nobody knows. */
export interface Thing {
  readonly id: string;
  readonly kind?: DeviceKind;
  readonly tables?: readonly ("fdb" | "lldp" | "arp")[];
  /** It announces itself by LLDP. */
  readonly announces?: boolean;
  /** It is no known device. */
  readonly isUnknown?: boolean;
  /** Groups of ports: port number to number of the group. */
  readonly groups?: Readonly<Record<number, number>>;
}

/** From port to port: `["sw1", 24, "sw2", 1]`. */
export type Cable = readonly [a: string, aPort: number, b: string, bPort: number];

export interface Cabling {
  readonly things: readonly Thing[];
  readonly cables: readonly Cable[];
  /** Cables that are blocked (spanning tree), by their place in the list. */
  readonly blocked?: readonly number[];
  /** Things that are off: nothing of them is learned. */
  readonly off?: readonly string[];
}

const passing: ReadonlySet<string> = new Set(["switch", "router", "ap", "firewall"]);

/** A made-up address: the same for the same name. */
export function macOf(name: string): string {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 0xffffff;
  return `06aa00${hash.toString(16).padStart(6, "0")}`;
}

function portsOf(thing: Thing, cables: readonly Cable[]): Port[] {
  const used = cables.flatMap(([a, aPort, b, bPort]) => [
    ...(a === thing.id ? [aPort] : []),
    ...(b === thing.id ? [bPort] : []),
  ]);
  const all = thing.kind === "switch" ? Array.from({ length: 24 }, (_, at) => at + 1) : used;
  const numbers = [...new Set([...all, ...Object.values(thing.groups ?? {})])].sort((a, b) => a - b);
  return numbers.map((ifIndex) => ({
    id: `p${ifIndex}` as PortId,
    ifIndex,
    ifName: `p${ifIndex}`,
    ifType: 6,
    mac: macOf(`${thing.id}/${ifIndex}`),
    operStatus: used.includes(ifIndex) || ifIndex > 24 ? "up" : "down",
  }));
}

/** The known devices of the cabling. The box is one of them under the id `box`. */
export function devicesOf({ things, cables }: Cabling): Device[] {
  return things
    .filter(({ isUnknown, kind }) => !isUnknown && kind !== undefined)
    .map((thing) => ({
      id: deviceId(thing.id),
      name: thing.id,
      kind: thing.kind ?? "other",
      group: "x",
      identity: { mac: macOf(thing.id), sysName: thing.id },
      ports: thing.tables ? portsOf(thing, cables) : [],
      sensors: [],
      collectors: thing.tables ? ["ping", "snmp"] : ["ping"],
      source: "file",
      approved: true,
      firstSeenMs: 0,
      ...(thing.kind === "router" ? { isGateway: true as const } : {}),
    }));
}

/** What every thing that tells has in its tables, as if all had talked to the box. */
export function tablesOf(cabling: Cabling, timeMs: number): Neighbours[] {
  const { things, cables, blocked = [], off = [] } = cabling;
  const byId = new Map(things.map((thing) => [thing.id, thing]));
  const live = cables.filter(([a, , b], at) => !blocked.includes(at) && !off.includes(a) && !off.includes(b));
  const ends = (id: string, all: readonly Cable[]) =>
    all.flatMap(([a, aPort, b, bPort]) => [
      ...(a === id ? [{ port: aPort, other: b, otherPort: bPort }] : []),
      ...(b === id ? [{ port: bPort, other: a, otherPort: aPort }] : []),
    ]);
  const passes = (id: string) => byId.get(id)?.kind === undefined || passing.has(byId.get(id)?.kind ?? "");
  /** Everything beyond a port, over cables that carry frames. */
  const beyond = (id: string, port: number): string[] => {
    const found = new Set([id]);
    const first = ends(id, live).filter((end) => end.port === port);
    const queue = first.map(({ other }) => other);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (found.has(next)) continue;
      found.add(next);
      if (passes(next)) queue.push(...ends(next, live).map(({ other }) => other));
    }
    found.delete(id);
    return [...found];
  };
  /** Who announces itself at the other end; a hub passes it on. */
  const heardAt = (id: string, port: number): { other: string; otherPort: number }[] => {
    const found: { other: string; otherPort: number }[] = [];
    const seen = new Set([id]);
    const queue = ends(
      id,
      cables.filter(([a, , b]) => !off.includes(a) && !off.includes(b)),
    ).filter((end) => end.port === port);
    for (let end = queue.shift(); end; end = queue.shift()) {
      const thing = byId.get(end.other);
      if (!thing || seen.has(end.other)) continue;
      seen.add(end.other);
      if (thing.kind === undefined && !thing.isUnknown) queue.push(...ends(end.other, cables));
      else if (thing.announces) found.push({ other: end.other, otherPort: end.otherPort });
    }
    return found;
  };
  /** A hub has no address. */
  const isSeen = (id: string) => byId.get(id)?.kind !== undefined || byId.get(id)?.isUnknown === true;
  const learned = ({ id, groups }: Thing, numbers: readonly number[]): Neighbours["forwarding"] =>
    numbers.flatMap((port) =>
      beyond(id, port)
        .filter(isSeen)
        .map((other) => ({ ifIndex: groups?.[port] ?? port, mac: macOf(other) })),
    );
  return things
    .filter(({ id, tables }) => tables && !off.includes(id))
    .map((thing): Neighbours => {
      const numbers = [...new Set(ends(thing.id, cables).map(({ port }) => port))];
      const heard = numbers.flatMap((port) =>
        heardAt(thing.id, port).map(
          ({ other, otherPort }): HeardNeighbour => ({
            via: "lldp",
            local: { number: port, names: [`p${port}`] },
            chassis: { mac: macOf(other) },
            port: { names: [`p${otherPort}`] },
            name: other,
            addresses: [],
            isBridge: passing.has(byId.get(other)?.kind ?? "switch"),
          }),
        ),
      );
      return {
        record: "neighbours",
        device: thing.id as DeviceId,
        timeMs,
        ownMacs: [macOf(thing.id)],
        heard: thing.tables?.includes("lldp") ? heard : [],
        forwarding: thing.tables?.includes("fdb") ? learned(thing, numbers) : [],
        addresses: [],
        ports: Object.entries(thing.groups ?? {}).map(([ifIndex, aggregate]) => ({
          ifIndex: Number(ifIndex),
          aggregate,
        })),
        cut: [],
      };
    });
}
