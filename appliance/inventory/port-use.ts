import type { Device, Port, PortId } from "../model/site.ts";
import type { Neighbours, PortFacts, TopologyLink } from "../model/topology.ts";
import { groupOf } from "./forwarding.ts";
import { nodeOf } from "./merge-links.ts";

/** What is learned of a port besides what its interface table says. */
export type LearnedPort = PortFacts & Pick<Port, "use" | "usedMs">;

export interface PortEvidence {
  readonly tables: Neighbours | undefined;
  readonly links: readonly TopologyLink[];
  readonly infrastructure: ReadonlySet<string>;
  /** Addresses behind each port, by ifIndex. */
  readonly counts: ReadonlyMap<number, number> | undefined;
  /** Octets a second; undefined where nobody counts. */
  readonly rateOf: (port: PortId) => number | undefined;
  readonly nowMs: number;
}

const dayMs = 86_400_000;
/** A port on which nothing was seen for so long matters no more. */
const forgottenMs = 30 * dayMs;
/** A link without any traffic is a cable with nothing at its end; broadcasts alone are more than this. */
const leastOctets = 1;

/** What hangs on each port, by the nodes at the other ends. Members of a group have what the group has. */
function othersAt(device: Device, { links, tables }: PortEvidence): (port: Port) => string[] {
  const group = groupOf(tables);
  const numbers = new Map(device.ports.map(({ id, ifIndex }) => [id, group(ifIndex)]));
  const found = new Map<number, string[]>();
  for (const { from, to, confidence } of links)
    for (const [own, other] of [
      [from, to],
      [to, from],
    ] as const) {
      const number = own.device === device.id && own.port ? numbers.get(own.port) : undefined;
      if (number !== undefined && confidence !== "unsure")
        found.set(number, [...(found.get(number) ?? []), nodeOf(other)]);
    }
  return ({ ifIndex }) => found.get(group(ifIndex)) ?? [];
}

/**
 * Which ports matter: an uplink has infrastructure at its other end; a port in use is up and something was heard or
 * learned behind it, or octets go through it. Learned use stays for 30 days after it was last seen.
 */
export function learnPorts(device: Device, evidence: PortEvidence): Map<PortId, LearnedPort> {
  const { tables } = evidence;
  const facts = new Map(tables?.ports.map((row) => [row.ifIndex, row]));
  const othersOf = othersAt(device, evidence);
  return new Map(
    device.ports.map((port) => {
      const { ifIndex: _index, aggregate: _group, ...read } = facts.get(port.ifIndex) ?? { ifIndex: 0 };
      const use = useOf(port, othersOf(port), evidence);
      return [port.id, { ...(tables ? read : heldFacts(port)), ...use }];
    }),
  );
}

function useOf(port: Port, others: readonly string[], evidence: PortEvidence): Pick<Port, "use" | "usedMs"> {
  const { tables, infrastructure, counts, rateOf, nowMs } = evidence;
  const behind = counts?.get(groupOf(tables)(port.ifIndex)) ?? 0;
  const isBusy = others.length > 0 || behind > 0 || (rateOf(port.id) ?? 0) >= leastOctets;
  const isSeen = port.operStatus === "up" && isBusy;
  const usedMs = isSeen ? nowMs - (nowMs % dayMs) : port.usedMs;
  if (usedMs === undefined || nowMs - usedMs >= forgottenMs) return {};
  if (others.some((node) => infrastructure.has(node))) return { usedMs, use: "uplink" };
  // What hung there when it was last seen counts until something else does.
  return { usedMs, use: others.length > 0 ? "used" : (port.use ?? "used") };
}

/** What was read before, while nothing newer is known. */
function heldFacts({ duplex, vlan, poe }: Port): PortFacts {
  return { ...(duplex ? { duplex } : {}), ...(vlan === undefined ? {} : { vlan }), ...(poe ? { poe } : {}) };
}

/** The port with what was learned of it, instead of what was learned before. */
export function withLearned(port: Port, learned: LearnedPort | undefined): Port {
  const { use: _use, usedMs: _usedMs, duplex: _duplex, vlan: _vlan, poe: _poe, ...rest } = port;
  return { ...rest, ...learned };
}

/** What of a known port does not come with its row of the interface table. */
export function learnedOf({ use, usedMs, duplex, vlan, poe }: Port): LearnedPort {
  return {
    ...heldFacts({ duplex, vlan, poe } as Port),
    ...(use ? { use } : {}),
    ...(usedMs === undefined ? {} : { usedMs }),
  };
}
