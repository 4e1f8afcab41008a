import type { HeardNeighbour } from "../model/topology.ts";
import type { Varbind } from "./codec.ts";
import { bytesOf, dotted, hexMac, numberCell, textCell } from "./neighbour-cells.ts";
import type { Tables } from "./neighbour-tables.ts";

/** LLDP-MIB (IEEE 802.1AB-2005): lldpLocPortTable, lldpRemTable, lldpRemManAddrTable. */
const local = "1.0.8802.1.1.2.1.3.7.1";
const remote = "1.0.8802.1.1.2.1.4.1.1";
const managed = "1.0.8802.1.1.2.1.4.2.1.3";
const localColumns = { subtype: `${local}.2`, id: `${local}.3`, description: `${local}.4` };
const remoteColumns = {
  chassisSubtype: `${remote}.4`,
  chassis: `${remote}.5`,
  portSubtype: `${remote}.6`,
  port: `${remote}.7`,
  portDescription: `${remote}.8`,
  name: `${remote}.9`,
  description: `${remote}.10`,
  capable: `${remote}.11`,
  enabled: `${remote}.12`,
};
/** CISCO-CDP-MIB: cdpCacheTable, indexed by ifIndex and a number. */
const cache = "1.3.6.1.4.1.9.9.23.1.2.1.1";
const cacheColumns = {
  address: `${cache}.4`,
  name: `${cache}.6`,
  port: `${cache}.7`,
  platform: `${cache}.8`,
  capabilities: `${cache}.9`,
};

export const heardColumns: readonly string[] = [
  ...Object.values(localColumns),
  ...Object.values(remoteColumns),
  managed,
  ...Object.values(cacheColumns),
];

/** LldpSystemCapabilitiesMap, first bit first: bridge (2), wlanAccessPoint (3), router (4). */
const passesOn = 0x38;
/** CISCO-CDP-MIB: router 0x01, transparent bridge 0x02, source route bridge 0x04, switch 0x08. */
const cdpPassesOn = 0x0f;
/** More neighbours than this on one device are not believed. */
const mostNeighbours = 2_000;

/** LldpChassisIdSubtype: 4 macAddress, 5 networkAddress (family first); all else is text. */
function chassisOf(subtype: number | undefined, varbind: Varbind | undefined): HeardNeighbour["chassis"] {
  const bytes = bytesOf(varbind);
  const mac = subtype === 4 || subtype === undefined ? hexMac(bytes) : undefined;
  if (mac) return { mac };
  const address = subtype === 5 && bytes?.[0] === 1 ? dotted(bytes.subarray(1)) : undefined;
  if (address) return { address };
  const text = textCell(varbind);
  return text ? { text } : {};
}

/** LldpPortIdSubtype: 3 macAddress, 7 local; else a name. */
function portOf(
  subtype: number | undefined,
  varbind: Varbind | undefined,
  description: string | undefined,
): HeardNeighbour["port"] {
  const mac = subtype === 3 ? hexMac(bytesOf(varbind)) : undefined;
  const text = mac ? undefined : textCell(varbind);
  const number = subtype === 7 && text && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  return {
    ...(mac ? { mac } : {}),
    ...(number === undefined ? {} : { number }),
    names: [text, description].filter((name) => name !== undefined),
  };
}

function localOf(
  tables: Tables,
  number: number,
  ifIndexes: ReadonlyMap<number, number>,
): HeardNeighbour["local"] {
  const at = (oid: string) => tables.column(oid).get(String(number));
  const port = portOf(
    numberCell(at(localColumns.subtype)),
    at(localColumns.id),
    textCell(at(localColumns.description)),
  );
  const ifIndex = ifIndexes.get(number);
  return {
    number: port.number ?? number,
    ...(ifIndex === undefined ? {} : { ifIndex }),
    ...(port.mac ? { mac: port.mac } : {}),
    names: port.names,
  };
}

/** Addresses for management, by local port and remote index. Index: time mark, port, number, family, length, octets. */
function managementAddresses(tables: Tables): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const index of tables.column(managed).keys()) {
    const arcs = index.split(".").map(Number);
    // Some agents leave out the length.
    const octets = arcs.slice(arcs[4] === arcs.length - 5 ? 5 : 4);
    const address = arcs[3] === 1 ? dotted(Uint8Array.from(octets)) : undefined;
    if (!address) continue;
    const key = `${arcs[1]}.${arcs[2]}`;
    found.set(key, [...(found.get(key) ?? []), address].slice(0, 8));
  }
  return found;
}

export function lldpNeighbours(tables: Tables, ifIndexes: ReadonlyMap<number, number>): HeardNeighbour[] {
  const managedBy = managementAddresses(tables);
  const indexes = new Map<string, string>();
  // The time mark is a filter (RFC 4502 TimeFilter): the same neighbour may come once for each of them.
  for (const oid of [remoteColumns.chassis, remoteColumns.name, remoteColumns.port])
    for (const index of tables.column(oid).keys()) indexes.set(index.split(".").slice(-2).join("."), index);
  return [...indexes].slice(0, mostNeighbours).flatMap(([key, index]): HeardNeighbour[] => {
    const at = (oid: string) => tables.column(oid).get(index);
    const number = Number(key.split(".")[0]);
    const name = textCell(at(remoteColumns.name));
    const description = textCell(at(remoteColumns.description));
    const chassis = chassisOf(numberCell(at(remoteColumns.chassisSubtype)), at(remoteColumns.chassis));
    const capabilities = bytesOf(at(remoteColumns.enabled)) ?? bytesOf(at(remoteColumns.capable));
    if (Object.keys(chassis).length === 0 && !name) return [];
    return [
      {
        via: "lldp",
        local: localOf(tables, number, ifIndexes),
        chassis,
        port: portOf(
          numberCell(at(remoteColumns.portSubtype)),
          at(remoteColumns.port),
          textCell(at(remoteColumns.portDescription)),
        ),
        ...(name ? { name } : {}),
        ...(description ? { description } : {}),
        addresses: managedBy.get(key) ?? [],
        isBridge: ((capabilities?.[0] ?? 0) & passesOn) !== 0,
      },
    ];
  });
}

export function cdpNeighbours(tables: Tables): HeardNeighbour[] {
  return [...tables.column(cacheColumns.name)].slice(0, mostNeighbours).flatMap(([index, varbind]) => {
    const at = (oid: string) => tables.column(oid).get(index);
    const text = textCell(varbind);
    const ifIndex = Number(index.split(".")[0]);
    if (!text || !Number.isSafeInteger(ifIndex)) return [];
    const address = dotted(bytesOf(at(cacheColumns.address)));
    const port = textCell(at(cacheColumns.port));
    const description = textCell(at(cacheColumns.platform));
    const capabilities = bytesOf(at(cacheColumns.capabilities));
    // Phones and small switches give their MAC address as the name.
    const mac = /^(?:SEP|SIP)?([0-9a-f]{12})$/i.exec(text)?.[1]?.toLowerCase();
    return [
      {
        via: "cdp" as const,
        local: { ifIndex },
        chassis: mac ? { mac } : { text },
        port: { names: port ? [port] : [] },
        name: text,
        ...(description ? { description } : {}),
        addresses: address ? [address] : [],
        isBridge: ((capabilities?.at(-1) ?? 0) & cdpPassesOn) !== 0,
      },
    ];
  });
}
