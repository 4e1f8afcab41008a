import { type OfficeDevice, office } from "./office.ts";
import { fixed, octetsPerSecond } from "./weather.ts";

/** One port of a simulated device: what is plugged in and how busy it gets. */
export interface OfficePort {
  readonly index: number;
  readonly name: string;
  readonly alias: string;
  readonly child?: OfficeDevice;
  readonly up: boolean;
  readonly speedMbps: number;
  /** Octets a second at the busiest moment. */
  readonly scale: number;
}

/** Ports of a device in order: first what hangs on it, then work places, the uplink last. */
export function portsOf(device: OfficeDevice): OfficePort[] {
  const children = office.filter((other) => other.behind === device.id);
  return Array.from({ length: device.ports }, (_, at) => {
    const child = children[at];
    const last = at === device.ports - 1;
    const up = child !== undefined || last || fixed(`${device.id}-${at}`) < device.busy;
    const name =
      device.kind === "switch" ? `gi${at + 1}` : device.kind === "router" ? `ether${at + 1}` : `eth${at}`;
    const alias = child?.name ?? (last && device.behind ? "uplink" : "");
    const heavy = child?.kind === "switch" || child?.kind === "nas" || last;
    return {
      index: at + 1,
      name,
      alias,
      ...(child ? { child } : {}),
      up,
      speedMbps: speedOf(device, child, last),
      scale: (heavy ? 2.4e7 : 2.5e6) * (0.4 + fixed(`${device.id}-scale-${at}`)),
    };
  });
}

/** Printers, power supplies and management controllers are slow; the switches of two floors are joined by fibre. */
const slow: ReadonlySet<string> = new Set(["printer", "ups", "env", "bmc", "voip"]);

function speedOf(device: OfficeDevice, child: OfficeDevice | undefined, isLast: boolean): number {
  const core = 28;
  const isFibre = device.kind === "switch" && device.ports === core;
  if (isFibre && (child?.ports === core || (isLast && device.behind !== undefined))) return 10_000;
  return slow.has(child?.kind ?? device.kind) ? 100 : 1_000;
}

/** Octets a second of one direction, for the history that is written at the start. */
export function portRate(
  device: OfficeDevice,
  port: OfficePort,
  direction: "in" | "out",
  atMs: number,
): number {
  if (!port.up) return 0;
  const scale = direction === "in" ? port.scale : port.scale / 3;
  return octetsPerSecond(`${device.id}/${port.name}/${direction}`, atMs, scale);
}
