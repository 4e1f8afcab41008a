import { randomBytes } from "node:crypto";
import { anchors, community, office } from "./office.ts";
import { sensors } from "./sensors.ts";

/** Where the simulated devices can be reached: on port 161 of their own address, or on loopback addresses. */
export interface Placement {
  addressOf(index: number): string;
  readonly snmpPort: number;
  /** Without a network of its own nothing can be pinged and there is no internet to check. */
  readonly ownNetwork: boolean;
  readonly brokerListen: string;
}

/** User name and password of each sensor, made anew at every start. */
export type Passwords = ReadonlyMap<string, string>;

export function makePasswords(): Passwords {
  return new Map(sensors.map(({ name }) => [name, randomBytes(16).toString("base64url")]));
}

/** As in a box at work, but for short patience: who tries the demo waits for an answer. */
const rules = [
  {
    id: "hot-rack",
    check: "threshold",
    metric: "temperature",
    where: { kind: ["env"], room: ["Rack"] },
    over: 30,
    clear: 28,
    for: "1m",
    severity: "warning",
    summary: "{name} is too warm: {value}.",
  },
  { id: "sensor-silent", check: "silent", where: { kind: ["sensor"] }, after: "150s", severity: "warning" },
  {
    id: "disk-nearly-full",
    check: "threshold",
    metric: "disk_used",
    where: { kind: ["nas", "server"] },
    over: 90,
    clear: 85,
    for: "1m",
    severity: "warning",
    summary: "{what} of {name} is {value} full.",
  },
  {
    id: "supply-low",
    check: "threshold",
    metric: "supply_level",
    where: { kind: ["printer"] },
    under: 10,
    clear: 15,
    for: "1m",
    severity: "info",
    summary: "{what} of {name} is at {value}.",
  },
];

/** Without a network of its own the demo would look through that of whoever tries it. */
const nothing = {
  interval: "off",
  ranges: ["127.20.0.0/24"],
  finders: Object.fromEntries(
    ["sweep", "arp", "mdns", "ssdp", "snmp", "neighbours", "leases", "names"].map((type) => [type, "off"]),
  ),
};

/**
 * The configuration of the demo's box, as a person would write it.
 *
 * @returns YAML (JSON is YAML 1.2)
 */
export function demoConfiguration(placement: Placement, passwords: Passwords): string {
  return JSON.stringify(
    {
      version: 1,
      site: {
        id: "demo",
        name: "Harbour Street office",
        provider: "Northline",
        anchors: placement.ownNetwork ? anchors : [],
      },
      broker: {
        listen: placement.brokerListen,
        devices: sensors.map(({ name, topic }) => ({
          name,
          password: passwords.get(name),
          publish: [topic],
          subscribe: [],
        })),
      },
      rules,
      collect: { snmp: { neighbours: "2m" } },
      ...(placement.ownNetwork ? {} : { discover: nothing }),
      devices: office.map((device, index) => ({
        id: device.id,
        name: device.name,
        address: placement.addressOf(index),
        kind: device.kind,
        room: device.room,
        ...(device.behind ? { behind: device.behind } : {}),
        ...(placement.ownNetwork ? {} : { ping: "off" }),
        snmp: { version: "2c", port: placement.snmpPort, community },
      })),
    },
    null,
    1,
  );
}
