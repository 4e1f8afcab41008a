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
