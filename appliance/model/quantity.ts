import { metricOf } from "./metric.ts";
import type { Device } from "./site.ts";

/** A number with its unit, as sentences say it: "6 %", "27.4 °C", "1.2 Gbit/s". Numbers without a unit stand alone. */
export function quantityText(value: number, unit: string, digits = Math.abs(value) < 10 ? 1 : 0): string {
  const [scaled, prefix] = unit.startsWith("bit") || unit.startsWith("B") ? scale(value) : [value, ""];
  const number = String(Number(scaled.toFixed(prefix === "" ? digits : 1)));
  return unit === "" ? number : `${number} ${prefix}${unit}`;
}

function scale(value: number): [number, string] {
  const size = Math.abs(value);
  if (size >= 1e12) return [value / 1e12, "T"];
  if (size >= 1e9) return [value / 1e9, "G"];
  if (size >= 1e6) return [value / 1e6, "M"];
  if (size >= 1e3) return [value / 1e3, "k"];
  return [value, ""];
}

/** What a series measures, in words: "Toner black", "Port Gi1/0/3", "Temperature (rack)". */
export function measuredWords(device: Device, metric: string, channel?: string): string {
  const port = device.ports.find(({ id }) => id === channel);
  if (port) return `Port ${port.ifName ?? port.ifDescr ?? port.id}`;
  const sensor = device.sensors.find((one) => one.metric === metric && one.channel === channel);
  if (sensor?.description) return sensor.description;
  const title = metricOf(metric)?.title ?? metric.replace(/\[.*$/, "");
  return channel === undefined ? title : `${title} (${channel})`;
}
