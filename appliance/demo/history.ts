import type { Inventory, Latest, SeriesTable, Store } from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import { deviceId, slug } from "../model/site.ts";
import { noFaults } from "./faults.ts";
import { anchors, type OfficeDevice, office } from "./office.ts";
import { isAway, type Outage } from "./past.ts";
import { type OfficeSensor, sensors } from "./sensors.ts";
import { portRate, portsOf } from "./sockets.ts";
import { presence, replyMs, wander } from "./weather.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** All devices are on this machine, so their replies take as long as a loopback round trip. */
const loopbackMs = 0.01;

/** A series and how it went over the past day. */
export interface Past {
  readonly series: Series;
  readonly at: (atMs: number) => number | undefined;
}

/** What the office's ports, pings and path did, known before anything was polled. */
export function knownPasts(table: SeriesTable, outages: readonly Outage[]): Past[] {
  const pasts: Past[] = [];
  for (const device of office) {
    const id = deviceId(device.id);
    pasts.push(...pings(table, device.id, undefined));
    for (const port of portsOf(device)) {
      const channel = slug(port.name);
      pasts.push({
        series: table.of(id, "if_in_octets", channel),
        at: (atMs) => portRate(device, port, "in", atMs),
      });
      pasts.push({
        series: table.of(id, "if_out_octets", channel),
        at: (atMs) => portRate(device, port, "out", atMs),
      });
      pasts.push({ series: table.of(id, "if_oper_status", channel), at: () => (port.up ? 1 : 2) });
    }
  }
  for (const anchor of anchors) pasts.push(...pings(table, "internet", anchor));
  return pasts.map((past) => withOutages(past, outages));
}

/** What cannot be asked gives no numbers, but that every request is lost. */
function withOutages({ series, at }: Past, outages: readonly Outage[]): Past {
  const { device, metric } = series;
  const own = outages.filter(({ device: root, affected }) => root === device || affected.includes(device));
  if (own.length === 0) return { series, at };
  const lost = metric === "ping_loss" ? 100 : undefined;
  return { series, at: (atMs) => (isAway(own, device, atMs) ? lost : at(atMs)) };
}

function pings(table: SeriesTable, device: string, channel: string | undefined): Past[] {
  const name = channel ?? device;
  const spread = {
    ping_rtt_min: 0.8,
    ping_rtt_p10: 0.85,
    ping_rtt_p25: 0.92,
    ping_rtt_p50: 1,
    ping_rtt: 1.04,
    ping_rtt_p75: 1.1,
    ping_rtt_p90: 1.25,
    ping_rtt_max: 1.4,
  };
  const pasts = Object.entries(spread).map(([metric, factor]) => ({
    series: table.of(deviceId(device), metric, channel),
    at: (atMs: number) => replyMs(name, atMs, loopbackMs) * factor,
  }));
  const loss = table.of(deviceId(device), "ping_loss", channel);
  return [...pasts, { series: loss, at: (atMs) => (wander(`loss-${name}`, atMs) > 0.82 ? 100 / 3 : 0) }];
}

/** Where the box knows what it found. */
export interface Found {
  readonly series: SeriesTable;
  readonly inventory: Inventory;
  readonly latest: Latest;
}

/** What the remaining series did: those that appeared with the first polls and messages. */
export function foundPasts(
  { series: table, inventory, latest }: Found,
  outages: readonly Outage[],
  done: ReadonlySet<Series>,
  nowMs: number,
): Past[] {
  const devices = new Map(office.map((device) => [device.id, device]));
  const published = new Map<string, OfficeSensor>();
  for (const sensor of sensors) {
    const device = inventory.resolve(`json:${sensor.topic}`);
    if (device) published.set(device.id, sensor);
  }
  return table.all().flatMap((series) => {
    if (done.has(series)) return [];
    const sensor = published.get(series.device);
    if (sensor) return [{ series, at: (atMs: number) => reading(sensor, series.metric, atMs) }];
    const device = devices.get(series.device);
    return device
      ? [withOutages({ series, at: polled(device, series, latest.value(series.id)?.value, nowMs) }, outages)]
      : [];
  });
}

function reading(sensor: OfficeSensor, metric: string, atMs: number): number | undefined {
  const value = sensor.payload(atMs, noFaults())[metric];
  return value === undefined ? undefined : Number(value);
}

/** @param now - its newest value: what moves slowly was the same all day */
function polled(device: OfficeDevice, series: Series, now: number | undefined, nowMs: number): Past["at"] {
  const key = `${device.id}/${series.metric}/${series.channel ?? ""}`;
  const known = now !== undefined && Number.isFinite(now) ? now : undefined;
  switch (series.metric) {
    case "cpu_used":
      return (atMs) => Math.max(1, 25 * presence(atMs) + 12 * wander(key, atMs) + 12);
    case "memory_used":
      return (atMs) => 45 + 15 * wander(`mem-${device.id}`, atMs);
    case "temperature":
      return (atMs) =>
        device.kind === "ups"
          ? 26 + 2 * wander(device.id, atMs)
          : 24 + 1.5 * wander("rack-temperature", atMs);
    case "humidity":
      return (atMs) => 41 + 4 * wander("rack-humidity", atMs);
    case "load":
      return (atMs) => 32 + 6 * presence(atMs);
    case "uptime":
      return (atMs) => known && known - (nowMs - atMs) / 1_000;
    case "poll_up":
      return () => 1;
    default:
      return () => (series.kind === "counter" ? undefined : known);
  }
}

/**
 * Writes a day of samples through the store, oldest first, one round a minute as if polled.
 *
 * @returns how many samples were written
 */
export async function writeHistory(
  pasts: readonly Past[],
  store: Pick<Store, "write">,
  nowMs: number,
): Promise<number> {
  let written = 0;
  const endMs = Math.floor(nowMs / minuteMs) * minuteMs;
  for (let atMs = endMs - dayMs; atMs < endMs; atMs += minuteMs) {
    const kept = pasts.flatMap(({ series, at }) => {
      const value = at(atMs);
      return value === undefined ? [] : [{ series, value }];
    });
    if (kept.length === 0) continue;
    await store.write({
      length: kept.length,
      series: kept.map(({ series }) => series),
      timesMs: new Float64Array(kept.length).fill(atMs),
      values: Float64Array.from(kept, ({ value }) => value),
      counts: new Float64Array(kept.length).fill(Number.NaN),
    });
    written += kept.length;
  }
  return written;
}
