import { fileURLToPath } from "node:url";
import { systemClock } from "../../../appliance/clock.ts";
import type {
  CollectorDeps,
  Counters,
  Log,
  SeriesTable,
  Target,
} from "../../../appliance/model/contracts.ts";
import { metricOf } from "../../../appliance/model/metric.ts";
import type { PortDescription } from "../../../appliance/model/observation.ts";
import type { Series } from "../../../appliance/model/series.ts";
import { type DeviceId, deviceId, type PortId, seriesId, slug } from "../../../appliance/model/site.ts";
import type { Clock } from "../../../appliance/model/time.ts";

export const shippedProfiles = fileURLToPath(new URL("../../../mibs/profiles", import.meta.url));

export function counters(): Counters {
  const counts = new Map<string, number>();
  return { add: (name, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by), all: () => counts };
}

/** Keeps warnings and errors; says nothing. */
export function quietLog(lines: string[] = []): Log {
  const keep = (msg: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push(`${msg} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { error: keep, warn: keep, info: () => {}, debug: () => {}, part: () => log };
  return log;
}

export function seriesTable(): SeriesTable {
  const table = new Map<string, Series>();
  return {
    of(device, metric, channel, unit) {
      const id = seriesId(device, metric, channel);
      const known = table.get(id);
      if (known) return known;
      const entry = metricOf(metric);
      const made: Series = {
        id,
        index: table.size,
        device,
        metric,
        ...(channel === undefined ? {} : { channel }),
        unit: entry?.unit ?? unit ?? "",
        kind: entry?.kind ?? "gauge",
      };
      table.set(id, made);
      return made;
    },
    find: (id) => table.get(id),
    all: () => [...table.values()],
  };
}

/** Ports by name, as the inventory keeps them: a name that was seen keeps its id. */
export function portIds(_device: DeviceId, rows: readonly PortDescription[]): PortId[] {
  const taken = new Set<string>();
  return rows.map(({ ifName, ifDescr, ifIndex }) => {
    const base = slug(ifName ?? ifDescr ?? "") || `if${ifIndex}`;
    const id = taken.has(base) ? `${base}-${ifIndex}` : base;
    taken.add(id);
    return id as PortId;
  });
}

export function collectorDeps(clock: Clock = systemClock, more: Partial<CollectorDeps> = {}): CollectorDeps {
  return {
    clock,
    log: quietLog(),
    counters: counters(),
    series: seriesTable(),
    portIds,
    profileDirs: [shippedProfiles],
    parts: {},
    ...more,
  };
}

export function target(address: string, settings: unknown, more: Partial<Target> = {}): Target {
  return {
    id: `device-${address}:snmp`,
    device: deviceId("device-1"),
    type: "snmp",
    address,
    settings,
    intervalMs: 60_000,
    timeoutMs: 500,
    ...more,
  };
}
