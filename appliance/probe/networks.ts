import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Network4, OwnInterface } from "../model/discovery.ts";

/** Longest list of addresses that is looked through: 4,096. */
export const smallestPrefix = 20;
/** Interfaces that lead to no office: containers, virtual machines, tunnels. */
const inner = /^(?:docker|br-|veth|virbr|vnet|cni|flannel|cali|tun|tap|wg|tailscale|zt|lxc|podman)/;

/** An IPv4 address as a number from 0 to 2^32-1. */
export function numberOf4(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function text4(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** First address and count of `10.0.0.0/24`; undefined for what is none. */
function spanOf(
  cidr: string,
): { readonly first: number; readonly count: number; readonly prefix: number } | undefined {
  const [address = "", length = ""] = cidr.split("/");
  const prefix = Number(length);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || prefix > 32) return undefined;
  const count = 2 ** (32 - prefix);
  return { first: Math.floor(numberOf4(address) / count) * count, count, prefix };
}

/** Whether an address lies in a network. IPv6 addresses lie in none. */
export function contains4(cidr: string, address: string): boolean {
  const span = spanOf(cidr);
  if (!span || !isIPv4(address)) return false;
  const number = numberOf4(address);
  return number >= span.first && number < span.first + span.count;
}

/** Addresses of hosts in a network: without the first and the last one, which are no host's (RFC 1122 §3.2.1.3). */
export function* hosts4(cidr: string): Generator<string> {
  const span = spanOf(cidr);
  if (!span || span.prefix < smallestPrefix) return;
  const edge = span.count > 2 ? 1 : 0;
  for (let at = edge; at < span.count - edge; at++) yield text4(span.first + at);
}

/** RFC 1918, and 169.254/16 of RFC 3927. */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"];

/** Whether an address belongs to no one's public network. */
export function isPrivate4(address: string): boolean {
  return privateNetworks.some((cidr) => contains4(cidr, address));
}

interface OwnAddress {
  readonly interface: string;
  readonly address: string;
  readonly cidr: string;
}

type Interfaces = ReturnType<typeof networkInterfaces>;

function ownAddresses(interfaces: Interfaces): OwnAddress[] {
  return Object.entries(interfaces).flatMap(([name, addresses]) =>
    inner.test(name)
      ? []
      : (addresses ?? []).flatMap(({ family, internal, address, cidr }) =>
          internal || family !== "IPv4" || !cidr ? [] : [{ interface: name, address, cidr }],
        ),
  );
}

/** Every address of the box itself, on whatever interface. */
export function boxAddresses(interfaces: Interfaces = networkInterfaces()): ReadonlySet<string> {
  return new Set(Object.values(interfaces).flatMap((all) => (all ?? []).map(({ address }) => address)));
}

/** The network of an own address: of a larger one than /20, the /20 around it. */
function around({ address, cidr }: OwnAddress): string | undefined {
  const prefix = Number(cidr.split("/")[1]);
  if (prefix > 30) return undefined;
  const span = spanOf(`${address}/${Math.max(prefix, smallestPrefix)}`);
  return span && `${text4(span.first)}/${span.prefix}`;
}

/**
 * What is looked through.
 *
 * @param ranges - as configured; none: the private networks that the box itself is in
 */
export function networksFor(
  ranges: readonly string[],
  interfaces: Interfaces = networkInterfaces(),
): Network4[] {
  const own = ownAddresses(interfaces);
  if (ranges.length > 0)
    return ranges.map((cidr) => {
      const place = own.find(
        ({ address, cidr: whole }) => contains4(cidr, address) || contains4(whole, cidr.split("/")[0] ?? ""),
      );
      return place ? { cidr, own: { interface: place.interface, address: place.address } } : { cidr };
    });
  const found = new Map<string, Network4>();
  for (const place of own) {
    const cidr = isPrivate4(place.address) ? around(place) : undefined;
    if (cidr && !found.has(cidr))
      found.set(cidr, { cidr, own: { interface: place.interface, address: place.address } });
  }
  return [...found.values()];
}

/** The box's interfaces in these networks, each once, for multicast. */
export function interfacesOf(
  networks: readonly Network4[],
  interfaces: Interfaces = networkInterfaces(),
): OwnInterface[] {
  const found = new Map<string, OwnInterface>();
  for (const { own } of networks) {
    if (!own || found.has(own.interface)) continue;
    const hasIpv6 = (interfaces[own.interface] ?? []).some(
      ({ family, address }) => family === "IPv6" && address.startsWith("fe80"),
    );
    found.set(own.interface, { name: own.interface, address: own.address, hasIpv6 });
  }
  return [...found.values()];
}
