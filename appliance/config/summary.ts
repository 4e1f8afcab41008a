import type { Config } from "./schema.ts";

const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** One sentence about what would be watched; no secrets, no addresses. */
export function summary(config: Config): string {
  const ways = new Map<string, number>();
  for (const device of config.devices)
    for (const [type, targets] of Object.entries(device.sections))
      ways.set(type, (ways.get(type) ?? 0) + targets.length);
  const by = [...ways].map(([type, count]) => `${count} by ${type}`).join(", ");
  const parts = [
    `${counted(config.devices.length, "device")}${by ? ` (${by})` : ""}`,
    counted(config.rules.length, "rule"),
    counted(config.notify.length, "notifier"),
  ];
  const stores = Object.keys(config.stores);
  if (stores.length > 0) parts.push(`stores ${stores.join(", ")}`);
  if (config.broker.listen)
    parts.push(`a broker for ${counted(config.broker.devices.length, "MQTT device")}`);
  return `${config.file ?? "The default configuration"} is correct: ${parts.join(", ")}.`;
}
