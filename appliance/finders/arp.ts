import { z } from "zod";
import type { FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange } from "../model/discovery.ts";
import { type Neighbour, readNeighbours } from "../probe/neighbours.ts";
import { contains4 } from "../probe/networks.ts";

const config = z.strictObject({}).prefault({});
type Settings = z.infer<typeof config>;

/** Longer ago is history: the kernel keeps entries that nobody answers for any more. */
const freshMs = 60_000;

function evidenceOf({ address, mac, interface: name }: Neighbour): Evidence {
  const isLinkLocal = /^fe[89ab]/.test(address);
  const words = address.includes(":") ? "IPv6 neighbour" : "ARP";
  return {
    finder: "arp",
    words,
    isPresent: true,
    address: isLinkLocal ? `${address}%${name}` : address,
    mac,
  };
}

/** Neighbours in the networks that are looked through, IPv6 ones on the same interfaces. */
function isInRange(
  { networks, interfaces, isSwept }: FindRange,
  { address, interface: name, heardMs }: Neighbour,
): boolean {
  if (heardMs === undefined || heardMs > freshMs) return false;
  if (address.includes(":")) return interfaces.some((one) => one.name === name);
  // A sweep tells better: here a device that took another address is still at its old one for a while.
  if (isSwept) return false;
  return networks.some(({ cidr }) => contains4(cidr, address));
}

export const finder = {
  type: "arp",
  summary: "Reads the kernel's neighbours, IPv4 (ARP) and IPv6. Sends nothing.",
  config,
  stage: "read",
  create: () => ({
    async find(range) {
      return (await readNeighbours()).filter((one) => isInRange(range, one)).map(evidenceOf);
    },
  }),
} satisfies FinderPlugin<Settings>;
