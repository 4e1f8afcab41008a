import type { Device, Port } from "../../appliance/model/site.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { backbone } from "./sample-backbone.ts";
import { edge } from "./sample-edge.ts";
import type { Plan } from "./sample-plan.ts";
import type { Shape } from "./sample-series.ts";

/** A made-up device and how its numbers move, by `metric[:channel]`. */
export interface SampleDevice {
  readonly device: Device;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const firstSeenMs = Date.UTC(2025, 8, 1, 8, 0, 0);

const traffic = (base: number): Shape => ({
  base,
  day: 6,
  noise: base,
  peak: base * 12,
});

function oneShape({ id, operStatus, ifIndex }: Port): Record<string, Shape> {
  const isUp = operStatus === "up";
  const base = isUp ? 40_000 + ((ifIndex * 7_919) % 13) * 90_000 : 0;
  const isBad = ifIndex === 7;
  return {
    [`if_in_octets:${id}`]: isUp ? traffic(base) : { base: 0 },
    [`if_out_octets:${id}`]: isUp ? traffic(base * 0.4) : { base: 0 },
    [`if_in_errors:${id}`]: isBad ? { base: 0.4, noise: 0.5 } : { base: 0 },
    [`if_in_discards:${id}`]: isBad ? { base: 2.4, noise: 3 } : { base: 0 },
    [`if_oper_status:${id}`]: { base: isUp ? 1 : 2 },
  };
}

const percentiles = { p10: 0.8, p25: 0.9, p50: 1, p75: 1.25, p90: 1.6 } as const;

function pingShapes(base: number): Record<string, Shape> {
  const shapes: Record<string, Shape> = {
    ping_rtt: { base, day: 0.15, noise: base * 0.4, peak: base * 14 },
    ping_loss: { base: 0 },
  };
  for (const [name, factor] of Object.entries(percentiles))
    shapes[`ping_rtt_${name}`] = {
      base: base * factor,
      day: 0.15,
      noise: base * 0.3 * factor,
      peak: base * 3 * factor,
    };
  return shapes;
}

function shapesOf({ shapes, rttMs, ports = [], sensors = [], kind }: Plan): Record<string, Shape> {
  const all: Record<string, Shape> = { ...shapes };
  if (rttMs !== undefined) Object.assign(all, pingShapes(rttMs));
  for (const port of ports) Object.assign(all, oneShape(port));
  for (const [{ metric, channel }, shape] of sensors)
    all[channel === undefined ? metric : `${metric}:${channel}`] = shape;
  if (kind === "switch" || kind === "router") all.uptime = { base: 112 * 86_400 };
  return all;
}

function collectorsOf({ collectors, ports, sensors }: Plan): readonly string[] {
  return collectors ?? (ports || sensors ? ["ping", "snmp"] : ["ping"]);
}

function sourceOf({ kind, collectors }: Plan): Device["source"] {
  if (kind === "box") return "built-in";
  return collectors?.includes("mqtt") ? "mqtt" : "file";
}

function build(plan: Plan): SampleDevice {
  const device: Device = {
    id: deviceId(plan.id),
    name: plan.name,
    kind: plan.kind,
    group: plan.group,
    ...(plan.room === undefined ? {} : { room: plan.room }),
    ...(plan.address === undefined ? {} : { address: plan.address }),
    ...(plan.behind === undefined ? {} : { behind: deviceId(plan.behind) }),
    identity: plan.identity ?? {},
    ports: plan.ports ?? [],
    sensors: (plan.sensors ?? []).map(([described]) => described),
    collectors: collectorsOf(plan),
    source: sourceOf(plan),
    approved: true,
    firstSeenMs,
  };
  return { device, shapes: shapesOf(plan) };
}

/** A small office: 45 devices with ports, sensors and numbers that move. */
export function sampleDevices(): SampleDevice[] {
  return [...backbone, ...edge].map(build);
}
