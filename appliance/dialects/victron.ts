import { z } from "zod";
import type { Decoded, Dialect, DialectPlugin } from "../model/contracts.ts";
import { member, parseObject, textMember } from "../payload/json.ts";
import { channelOf, createOutput, type Output, slug } from "../payload/output.ts";
import { toNumber } from "../payload/units.ts";

const config = z.strictObject({}).prefault({});

/** Victron Energy's Venus OS (GX devices). Source: victronenergy/dbus-flashmq README; Venus OS D-Bus wiki. */
export const dialect = {
  type: "victron",
  summary: "Victron Energy GX devices",
  config,
  create: () => victron,
} satisfies DialectPlugin<z.output<typeof config>>;

const topicPattern = /^N\/([^/]+)\/([^/]+)\/(\d+)\/(.+)$/;

const victron: Dialect = {
  rank: 90,
  claims: (topic) => topicPattern.test(topic) || /^[NRW]\/[0-9a-f]{12}\/.+$/i.test(topic),
  device: (topic) => deviceOf(topic),
  decode(message) {
    const out = createOutput(message, "victron");
    const device = deviceOf(message.topic);
    const path = topicPattern.exec(message.topic)?.[4];
    if (device === undefined || path === undefined) return out.done("not about a service");
    if (message.payload.length === 0) {
      out.forget(device);
      return out.done();
    }
    const parsed = parseObject(message.payload);
    if (!parsed.ok) return out.done(parsed.reason);
    const value = member(parsed.value, "value");
    if (value === null || value === undefined) return out.done("value is not valid now");
    return readPath(out, device, path, value, textMember(parsed.value, "value"));
  },
};

function deviceOf(topic: string): string | undefined {
  const [, portal, service, instance] = topicPattern.exec(topic) ?? [];
  return portal === undefined ? undefined : `victron:${portal}/${service}/${instance}`;
}

// The last level of a D-Bus path. Energy is in kWh there, everything else in our units.
const quantities = new Map<string, string>(
  Object.entries({
    Power: "power",
    P: "power",
    Voltage: "voltage",
    V: "voltage",
    Current: "current",
    I: "current",
    Frequency: "frequency",
    F: "frequency",
    S: "apparent_power",
    PowerFactor: "power_factor",
    Soc: "battery",
    Temperature: "temperature",
    Humidity: "humidity",
    Pressure: "pressure",
    Forward: "energy",
    Reverse: "energy_returned",
    BatteryVoltage: "battery_voltage",
    TimeToGo: "battery_runtime",
  }),
);
const facts = new Map([
  ["ProductName", "model"],
  ["CustomName", "name"],
  ["FirmwareVersion", "firmware"],
  ["Serial", "serial"],
]);
// Levels that hold quantities; anywhere else (settings, history) the same words mean something else.
const roots = new Set(["Ac", "Dc", "Yield", "Pv"]);

function readPath(
  out: Output,
  device: string,
  path: string,
  value: unknown,
  text: string | undefined,
): Decoded {
  const levels = path.split("/");
  const [first = "", ...rest] = levels;
  const number = toNumber(value);
  const fact = facts.get(path);
  if (fact !== undefined) out.describe(device, { [fact]: text });
  else if (path === "Connected") readConnected(out, device, number);
  else if (first === "Alarms") {
    // 0 no alarm, 1 warning, 2 alarm.
    if (number !== undefined) out.sample(device, "problem", number === 2, { channel: slug(rest.join("_")) });
  } else if (/^Relay\/\d+\/State$/.test(path)) out.sample(device, "state", number, { channel: rest[0] });
  else {
    const metric = rest.length === 0 || roots.has(first) ? quantities.get(levels.at(-1) ?? "") : undefined;
    if (metric === undefined) return out.done("path is not read");
    readQuantity(out, device, metric, number, levels);
  }
  return out.done("no reading");
}

function readConnected(out: Output, device: string, number: number | undefined): void {
  if (number === 1) out.availability(device, "online");
  if (number === 0) out.availability(device, "offline");
}

function readQuantity(
  out: Output,
  device: string,
  metric: string,
  number: number | undefined,
  levels: readonly string[],
): void {
  const between = levels.slice(1, -1).filter((level) => level !== "Energy");
  // The state of charge of the battery that the system follows is the system's own.
  const isSystemSoc = metric === "battery";
  const channel = between.length === 0 || isSystemSoc ? undefined : channelOf(between.join("_"));
  out.sample(device, metric, number, { channel, ...(metric === "battery_runtime" ? { unit: "s" } : {}) });
}
