import type { DeviceKind, Identity, Port, PortId, Sensor } from "../../appliance/model/site.ts";
import { slug } from "../../appliance/model/site.ts";
import type { Shape } from "./sample-series.ts";

/** What a device is made from. */
export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly group: string;
  readonly room?: string;
  readonly address?: string;
  readonly behind?: string;
  readonly identity?: Identity;
  readonly ports?: readonly Port[];
  readonly sensors?: readonly (readonly [Sensor, Shape])[];
  readonly collectors?: readonly string[];
  readonly rttMs?: number;
  readonly shapes?: Readonly<Record<string, Shape>>;
}

export function port(ifIndex: number, ifName: string, more: Partial<Port>): Port {
  return {
    id: slug(ifName) as PortId,
    ifIndex,
    ifName,
    ifDescr: ifName,
    ifType: 6,
    mtu: 1500,
    speedBps: 1e9,
    adminStatus: "up",
    operStatus: "up",
    ...more,
  };
}

export function switchPorts(count: number, unused: readonly number[]): Port[] {
  const ports = Array.from({ length: count }, (_, index) =>
    port(index + 1, `gi${index + 1}`, {
      ifDescr: `GigabitEthernet${index + 1}`,
      ...(unused.includes(index + 1) ? { operStatus: "down", speedBps: 0 } : {}),
      ...(index === 0 ? { ifAlias: "Router" } : {}),
      ...(index === 6 ? { ifAlias: "Printer 2nd floor" } : {}),
      ...(index === count - 1 ? { ifAlias: "Switch 2", speedBps: 1e10 } : {}),
      ...(index === 11 ? { adminStatus: "down", operStatus: "down" } : {}),
    }),
  );
  return [...ports, port(1000, "vlan1", { ifType: 53, speedBps: 0 })];
}

export function sensor(
  metric: string,
  unit: string,
  description: string,
  shape: Shape,
  more: Partial<Sensor> = {},
): readonly [Sensor, Shape] {
  return [{ metric, unit, description, ...more }, shape];
}

export const processor = sensor("cpu_used", "%", "Processor", {
  base: 9,
  day: 0.8,
  noise: 8,
  peak: 40,
  max: 100,
});
export const memory = sensor("memory_used", "%", "Memory", { base: 46, noise: 3, max: 100 });
export const warmth = (base: number) =>
  sensor(
    "temperature",
    "°C",
    "Chassis",
    { base, day: 0.08, noise: 1.2 },
    { channel: "chassis", limits: { highWarn: 60, high: 70 }, origin: "1.3.6.1.2.1.99.1.1.1.4" },
  );
export const fan = (n: number) =>
  sensor(
    "fan_speed",
    "rpm",
    `Fan ${n}`,
    { base: 3_900 + n * 60, noise: 90, whole: true },
    { channel: `fan-${n}` },
  );
