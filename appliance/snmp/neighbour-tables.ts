import type { DeviceId } from "../model/site.ts";
import type { Neighbours } from "../model/topology.ts";
import { indexBelow } from "./ber.ts";
import type { Varbind } from "./codec.ts";
import { bytesOf, hexMac, numberCell } from "./neighbour-cells.ts";
import { cdpNeighbours, heardColumns, lldpNeighbours } from "./neighbour-heard.ts";
import { portColumns, portRows } from "./neighbour-ports.ts";
import type { Column, Walker } from "./walk.ts";

/** Columns by OID as far as the device has them. */
export interface Tables {
  readonly scalars: ReadonlyMap<string, Varbind>;
  column(oid: string): ReadonlyMap<string, Varbind>;
}

/*
 * BRIDGE-MIB (RFC 4188), Q-BRIDGE-MIB (RFC 4363), IP-MIB (RFC 4293, RFC 1213). These tables are those of standards, so
 * that no profile needs to name them.
 */
const bridge = "1.3.6.1.2.1.17";
const bridgeAddress = `${bridge}.1.1.0`;
const basePortIfIndex = `${bridge}.1.4.1.2`;
const learnedPort = `${bridge}.4.3.1.2`;
const learnedStatus = `${bridge}.4.3.1.3`;
const vlanLearnedPort = `${bridge}.7.1.2.2.1.2`;
const vlanLearnedStatus = `${bridge}.7.1.2.2.1.3`;
const netToMedia = "1.3.6.1.2.1.4.22.1.2";
const netToPhysical = "1.3.6.1.2.1.4.35.1.4";
/** LLDP-MIB (IEEE 802.1AB-2005). */
const chassisSubtype = "1.0.8802.1.1.2.1.3.1.0";
const chassisId = "1.0.8802.1.1.2.1.3.2.0";

/** dot1dTpFdbStatus: 2 invalid, 4 self. */
const notLearned: ReadonlySet<number | undefined> = new Set([2, 4]);
/** Neighbour tables are read beside the polls; a device that takes longer than this is let go. */
const longestLookMs = 90_000;

const groups = {
  heard: heardColumns,
  forwarding: [basePortIfIndex, learnedPort, learnedStatus, vlanLearnedPort, vlanLearnedStatus],
  addresses: [netToMedia, netToPhysical],
  ports: portColumns,
} as const;
type Group = keyof typeof groups;
const everyGroup = Object.keys(groups) as Group[];

/** What of the tables is there more than once: the newer or fuller one is enough. */
const instead: Readonly<Record<string, string>> = {
  [learnedPort]: vlanLearnedPort,
  [learnedStatus]: vlanLearnedStatus,
  [netToPhysical]: netToMedia,
};

/**
 * Reads what a device knows of its neighbourhood. Tables that it lacks cost one question together.
 * Rejects with SnmpFailure when it does not answer at all.
 */
export async function readNeighbourTables(
  walker: Walker,
  clock: { nowMs(): number; monotonicMs(): number },
  device: DeviceId,
): Promise<Neighbours> {
  const endMs = clock.monotonicMs() + longestLookMs;
  const roots = everyGroup.flatMap((group) => groups[group]);
  const first = await walker.firstBehind(roots);
  const has = (oid: string) => indexBelow(oid, first.get(oid)?.oid ?? "") !== undefined;
  const scalars = await walker.values([bridgeAddress, chassisSubtype, chassisId]);
  const columns = new Map<string, Column>();
  const cut = new Set<Group>();
  for (const group of everyGroup)
    for (const oid of groups[group]) {
      const better = instead[oid];
      if (!has(oid) || (better !== undefined && has(better))) continue;
      if (clock.monotonicMs() >= endMs) {
        cut.add(group);
        continue;
      }
      const column = await walker.column(oid);
      columns.set(oid, column);
      if (column.cut) cut.add(group);
    }
  const none: ReadonlyMap<string, Varbind> = new Map();
  const tables: Tables = { scalars, column: (oid) => columns.get(oid)?.rows ?? none };
  const ifIndexes = new Map(
    [...tables.column(basePortIfIndex)].map(([port, { value }]) => [Number(port), Number(value)]),
  );
  return {
    record: "neighbours",
    device,
    timeMs: clock.nowMs(),
    ownMacs: ownMacs(scalars),
    heard: [...lldpNeighbours(tables, ifIndexes), ...cdpNeighbours(tables)],
    forwarding: forwarding(tables, ifIndexes),
    addresses: addresses(tables),
    ports: portRows(tables, ifIndexes),
    cut: [...cut],
  };
}

function ownMacs(scalars: ReadonlyMap<string, Varbind>): string[] {
  const chassis = numberCell(scalars.get(chassisSubtype)) === 4 ? scalars.get(chassisId) : undefined;
  const macs = [scalars.get(bridgeAddress), chassis].map((varbind) => hexMac(bytesOf(varbind)));
  return [...new Set(macs.filter((mac) => mac !== undefined))];
}

/** Index of both tables: the six octets of the address at the end. */
function forwarding(tables: Tables, ifIndexes: ReadonlyMap<number, number>): Neighbours["forwarding"] {
  const hasVlans = tables.column(vlanLearnedPort).size > 0;
  const status = tables.column(hasVlans ? vlanLearnedStatus : learnedStatus);
  const known = new Set<string>();
  const rows: { ifIndex: number; mac: string }[] = [];
  for (const [index, varbind] of tables.column(hasVlans ? vlanLearnedPort : learnedPort)) {
    const port = numberCell(varbind);
    // RFC 4188: 0 is an address of which the port is not known.
    if (!port || notLearned.has(numberCell(status.get(index)))) continue;
    const mac = hexMac(Uint8Array.from(index.split(".").slice(-6).map(Number)));
    const ifIndex = ifIndexes.get(port) ?? port;
    const key = `${ifIndex}/${mac}`;
    if (!mac || known.has(key)) continue;
    known.add(key);
    rows.push({ ifIndex, mac });
  }
  return rows;
}

/** Index: ifIndex and four octets; in the newer table ifIndex, type 1 (IPv4), length 4, and four octets. */
function addresses(tables: Tables): Neighbours["addresses"] {
  const rows = [...tables.column(netToMedia), ...tables.column(netToPhysical)].flatMap(([index, varbind]) => {
    const arcs = index.split(".");
    const mac = hexMac(bytesOf(varbind));
    const isFour = arcs.length === 5 || (arcs.length === 7 && arcs[1] === "1" && arcs[2] === "4");
    return mac && isFour ? [{ address: arcs.slice(-4).join("."), mac }] : [];
  });
  return [...new Map(rows.map((row) => [row.address, row])).values()];
}
