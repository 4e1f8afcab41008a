import type { PortPower } from "../model/site.ts";
import type { PortRow } from "../model/topology.ts";
import { numberCell, textCell } from "./neighbour-cells.ts";
import type { Tables } from "./neighbour-tables.ts";

/** EtherLike-MIB (RFC 3635) dot3StatsDuplexStatus: 2 half, 3 full. */
const duplex = "1.3.6.1.2.1.10.7.2.1.19";
/** Q-BRIDGE-MIB (RFC 4363) dot1qPvid, by bridge port. */
const pvid = "1.3.6.1.2.1.17.7.1.4.5.1.1";
/** IEEE8023-LAG-MIB dot3adAggPortAttachedAggID: the ifIndex of the group, by ifIndex. */
const attached = "1.2.840.10006.300.43.1.2.1.1.13";
/** POWER-ETHERNET-MIB (RFC 3621) pethPsePortTable, by group and port. */
const power = "1.3.6.1.2.1.105.1.1.1";
const powerColumns = { admin: `${power}.3`, detection: `${power}.6`, classes: `${power}.10` };
/** CISCO-POWER-ETHERNET-EXT-MIB cpeExtPsePortPwrConsumption, milliwatts, by the same index. */
const ciscoConsumption = "1.3.6.1.4.1.9.9.402.1.2.1.9";
/** MIKROTIK-MIB mtxrPOEStatus and mtxrPOEPower (tenths of a watt), by ifIndex. */
const mikrotik = { status: "1.3.6.1.4.1.14988.1.1.15.1.1.3", power: "1.3.6.1.4.1.14988.1.1.15.1.1.6" };
const ifName = "1.3.6.1.2.1.31.1.1.1.1";
const ifType = "1.3.6.1.2.1.2.2.1.3";

export const portColumns: readonly string[] = [
  duplex,
  pvid,
  attached,
  ...Object.values(powerColumns),
  ciscoConsumption,
  ...Object.values(mikrotik),
  ifName,
  ifType,
];

/** pethPsePortDetectionStatus. */
const statuses: readonly (PortPower["status"] | undefined)[] = [
  undefined,
  "off",
  "searching",
  "delivering",
  "fault",
  "test",
  "other",
];
const ethernet = 6;

/** The ifIndex of a powered port: by a name that ends in its group and number, else by number. */
function powerPorts(tables: Tables, ifIndexes: ReadonlyMap<number, number>) {
  const types = tables.column(ifType);
  const byName = new Map<string, number>();
  for (const [index, varbind] of tables.column(ifName)) {
    const match = /(\d+)\/(?:\d+\/)?(\d+)$/.exec(textCell(varbind) ?? "");
    if (match)
      byName.set(`${match[1]}.${match[2]}`, byName.has(`${match[1]}.${match[2]}`) ? -1 : Number(index));
  }
  const rows = [...tables.column(powerColumns.detection).keys()];
  const groups = new Set(rows.map((index) => index.split(".")[0]));
  return (index: string): number | undefined => {
    const named = byName.get(index);
    if (named !== undefined && named > 0) return named;
    const number = Number(index.split(".").at(-1));
    if (groups.size > 1) return undefined;
    if (numberCell(types.get(String(number))) === ethernet) return number;
    return ifIndexes.get(number);
  };
}

function powerOf(tables: Tables, index: string): PortPower | undefined {
  const at = (oid: string) => numberCell(tables.column(oid).get(index));
  // pethPsePortAdminEnable: TruthValue, 2 is false.
  const status = at(powerColumns.admin) === 2 ? "off" : statuses[at(powerColumns.detection) ?? 0];
  if (!status) return undefined;
  // pethPsePortPowerClassifications: class0 is 1; it counts only while power is delivered.
  const asked = at(powerColumns.classes);
  const isClass = status === "delivering" && asked !== undefined && asked >= 1 && asked <= 9;
  const consumed = at(ciscoConsumption);
  return {
    status,
    ...(isClass ? { class: asked - 1 } : {}),
    ...(consumed === undefined ? {} : { powerW: consumed / 1_000 }),
  };
}

/** mtxrPOEStatus: 1 disabled, 2 waitingForLoad, 3 poweredOn; the rest are faults of one kind or another. */
const mikrotikStatuses: readonly (PortPower["status"] | undefined)[] = [
  undefined,
  "off",
  "searching",
  "delivering",
  "fault",
  "fault",
];

function mikrotikFacts(tables: Tables): Facts {
  const power = new Map(numbers(tables, mikrotik.power));
  return numbers(tables, mikrotik.status).map(([ifIndex, state]) => {
    const powerW = power.get(ifIndex);
    const status = mikrotikStatuses[state] ?? "other";
    const isGiven = powerW !== undefined && powerW >= 0;
    return [ifIndex, { poe: { status, ...(isGiven ? { powerW: powerW / 10 } : {}) } }];
  });
}

type Facts = readonly (readonly [ifIndex: number | undefined, facts: Partial<PortRow>])[];

function numbers(tables: Tables, oid: string): (readonly [index: number, value: number])[] {
  return [...tables.column(oid)].map(([index, varbind]) => [Number(index), numberCell(varbind) ?? 0]);
}

const duplexFacts = (tables: Tables): Facts =>
  numbers(tables, duplex)
    .filter(([, mode]) => mode === 2 || mode === 3)
    .map(([ifIndex, mode]) => [ifIndex, { duplex: mode === 2 ? "half" : "full" }]);

const vlanFacts = (tables: Tables, ifIndexes: ReadonlyMap<number, number>): Facts =>
  numbers(tables, pvid)
    .filter(([, vlan]) => vlan > 0 && vlan < 4_095)
    .map(([port, vlan]) => [ifIndexes.get(port) ?? port, { vlan }]);

/** A port attached to itself is in no group. */
const groupFacts = (tables: Tables): Facts =>
  numbers(tables, attached)
    .filter(([ifIndex, aggregate]) => aggregate > 0 && aggregate !== ifIndex)
    .map(([ifIndex, aggregate]) => [ifIndex, { aggregate }]);

function powerFacts(tables: Tables, ifIndexes: ReadonlyMap<number, number>): Facts {
  const portOf = powerPorts(tables, ifIndexes);
  return [...tables.column(powerColumns.detection).keys()].map((index) => {
    const poe = powerOf(tables, index);
    return [poe && portOf(index), poe ? { poe } : {}];
  });
}

/** What the device says of its ports besides IF-MIB, by ifIndex. */
export function portRows(tables: Tables, ifIndexes: ReadonlyMap<number, number>): PortRow[] {
  const rows = new Map<number, PortRow>();
  const all = [
    ...duplexFacts(tables),
    ...vlanFacts(tables, ifIndexes),
    ...groupFacts(tables),
    ...powerFacts(tables, ifIndexes),
    ...mikrotikFacts(tables),
  ];
  for (const [ifIndex, facts] of all)
    if (ifIndex !== undefined && ifIndex > 0)
      rows.set(ifIndex, { ...(rows.get(ifIndex) ?? { ifIndex }), ...facts });
  return [...rows.values()];
}
