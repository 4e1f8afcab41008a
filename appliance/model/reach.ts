import { BlockList, isIP } from "node:net";

/**
 * How near a receiver may be: `public` addresses only; `local`: also those of the local network; `this-machine`: also
 * this one. Link-local addresses and those where clouds keep their metadata are refused in each case.
 */
export const reaches = ["public", "local", "this-machine"] as const;
export type Reach = (typeof reaches)[number];

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", length = ""] = subnet.split("/");
    list.addSubnet(address, Number(length), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/** IANA special-purpose registries (RFC 6890): never a receiver. The last two lines hold metadata services. */
const never = blockList([
  ...["0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  ...[
    "::/128",
    "fe80::/10",
    "ff00::/8",
    "fec0::/10",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2002::/16",
    "2001::/32",
  ],
  ...["100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"],
  "fd00:ec2::254/128",
]);
/** Private, shared (RFC 6598), benchmark and documentation networks; unique local addresses. */
const local = blockList([
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"],
  ...["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "2001:db8::/32"],
]);
const loopback = blockList(["127.0.0.0/8", "::1/128"]);

/**
 * Why an address may not be connected to; undefined when it may.
 *
 * @param own - this machine's addresses
 */
export function refusalOf(address: string, reach: Reach, own: readonly string[]): string | undefined {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  if (isIP(address) === 0) return "it is no address";
  if (never.check(address, family)) return "it is a link-local or special address";
  if (reach === "this-machine") return undefined;
  if (loopback.check(address, family) || isOneOf(address, own))
    return "it is this machine; reach: this-machine allows it";
  if (reach === "local" || !local.check(address, family)) return undefined;
  return "it is an address of the local network; reach: local allows it";
}

function isOneOf(address: string, own: readonly string[]): boolean {
  const list = new BlockList();
  for (const one of own) if (isIP(one) !== 0) list.addAddress(one, isIP(one) === 6 ? "ipv6" : "ipv4");
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
