import { pathDevices } from "../model/path.ts";
import type { Device, DeviceId, Port } from "../model/site.ts";
import type { AddressRow, HeardNeighbour, Neighbours } from "../model/topology.ts";

/** What this box knows of its own network. */
export interface BoxNetwork {
  readonly macs: readonly string[];
  /** Its own table of neighbours (ARP). */
  readonly addresses: readonly AddressRow[];
}

/** Finds the known device behind what a neighbour says of itself. */
export interface Matcher {
  byMac(mac: string): DeviceId | undefined;
  /** Addresses of the device; the one that answers for its IP address first. */
  macsOf(id: DeviceId): readonly string[];
  find(heard: HeardNeighbour): DeviceId | undefined;
}

/** VRRP (RFC 5798), HSRP: the address moves between devices. */
const sharedMacs = ["00005e0001", "00005e0002", "00000c07ac", "00000c9ff"];

/** Values that only one device has; what two have belongs to none. */
class Unique {
  readonly #owners = new Map<string, DeviceId | undefined>();

  add(value: string, id: DeviceId): void {
    const known = this.#owners.get(value);
    this.#owners.set(value, this.#owners.has(value) && known !== id ? undefined : id);
  }

  get(value: string): DeviceId | undefined {
    return this.#owners.get(value);
  }

  has(value: string): boolean {
    return this.#owners.has(value);
  }
}

const isOwnMac = (mac: string | undefined): mac is string =>
  mac !== undefined &&
  mac.length === 12 &&
  !/^(?:0+|f+)$/.test(mac) &&
  !sharedMacs.some((start) => mac.startsWith(start));

/** A host name without its domain, in lower case. */
const plainName = (name: string) => name.trim().toLowerCase().split(".")[0] ?? "";

/** The addresses that a device says are its own. */
function saidMacs(device: Device, tables: Neighbours | undefined, box: BoxNetwork): string[] {
  const own = device.id === pathDevices.box ? box.macs : [];
  const all = [
    ...own,
    device.identity.mac,
    ...device.ports.map(({ mac }) => mac),
    ...(tables?.ownMacs ?? []),
  ];
  return [...new Set(all.filter(isOwnMac))];
}

/**
 * The MAC address that answers for an IP address, where it answers for no other device's address too: a router answers
 * for all that is behind it.
 */
function answering(
  devices: readonly Device[],
  tables: ReadonlyMap<DeviceId, Neighbours>,
  box: BoxNetwork,
  owner: (mac: string) => DeviceId | undefined,
): Map<DeviceId, string> {
  const byAddress = new Map<string, string>();
  for (const { addresses } of tables.values())
    for (const row of addresses) byAddress.set(row.address, row.mac);
  // This box hears the devices themselves.
  for (const row of box.addresses) byAddress.set(row.address, row.mac);
  const claims = new Unique();
  const found = new Map<DeviceId, string>();
  for (const { id, address } of devices) {
    const mac = address === undefined ? undefined : byAddress.get(address);
    if (!isOwnMac(mac)) continue;
    const own = owner(mac);
    if (own !== undefined && own !== id) continue;
    claims.add(mac, id);
    found.set(id, mac);
  }
  for (const [id, mac] of found) if (claims.get(mac) !== id) found.delete(id);
  return found;
}

export function createMatcher(
  devices: readonly Device[],
  tables: ReadonlyMap<DeviceId, Neighbours>,
  box: BoxNetwork,
): Matcher {
  const said = new Map(devices.map((device) => [device.id, saidMacs(device, tables.get(device.id), box)]));
  const macs = new Unique();
  const names = new Unique();
  const addresses = new Unique();
  for (const { id, identity, address } of devices) {
    for (const mac of said.get(id) ?? []) macs.add(mac, id);
    if (identity.sysName) names.add(plainName(identity.sysName), id);
    if (address !== undefined) addresses.add(address, id);
  }
  const answers = answering(devices, tables, box, (mac) => macs.get(mac));
  for (const [id, mac] of answers) if (!macs.has(mac)) macs.add(mac, id);
  const chassisKnown = (id: DeviceId) => (tables.get(id)?.ownMacs.length ?? 0) > 0;
  const byName = ({ name, chassis }: HeardNeighbour): DeviceId | undefined => {
    const id = name === undefined ? undefined : names.get(plainName(name));
    // Many devices keep the name they were sold with: one that shows another chassis than ours is another one.
    return id !== undefined && chassis.mac !== undefined && chassisKnown(id) ? undefined : id;
  };
  return {
    byMac: (mac) => macs.get(mac),
    macsOf: (id) => {
      const answer = answers.get(id);
      const own = (said.get(id) ?? []).filter((mac) => macs.get(mac) === id && mac !== answer);
      return answer === undefined ? own : [answer, ...own];
    },
    find(heard) {
      const { chassis, port } = heard;
      const byMac = [chassis.mac, port.mac].flatMap((mac) => (mac && macs.get(mac)) ?? []);
      const byAddress = [chassis.address, ...heard.addresses].flatMap(
        (address) => (address && addresses.get(address)) ?? [],
      );
      const [first] = [...byMac, ...byAddress].filter((id) => id !== "");
      if (first) return first;
      return byName(heard);
    },
  };
}

/** The port of a device that goes by a MAC address, one of some names, or a number; the surest first. */
export function portBy(
  ports: readonly Port[],
  marks: {
    readonly ifIndex?: number;
    readonly mac?: string;
    readonly names?: readonly string[];
    readonly number?: number;
  },
): Port | undefined {
  const only = (found: readonly Port[]) => (found.length === 1 ? found[0] : undefined);
  const { mac, names = [], number, ifIndex } = marks;
  if (mac) {
    const port = only(ports.filter((one) => one.mac === mac));
    if (port) return port;
  }
  for (const name of names) {
    const wanted = name.trim().toLowerCase();
    for (const key of ["ifName", "ifDescr", "ifAlias"] as const) {
      const port = only(ports.filter((one) => one[key]?.trim().toLowerCase() === wanted));
      if (port) return port;
    }
  }
  for (const index of [ifIndex, number]) {
    const port = index === undefined ? undefined : ports.find((one) => one.ifIndex === index);
    if (port) return port;
  }
  return undefined;
}
