import type { Description } from "../model/observation.ts";
import type { Device, DeviceKind, Identity, Sensor } from "../model/site.ts";
import { cleanText } from "../model/words.ts";

const groups: Readonly<Record<DeviceKind, string>> = {
  box: "This box",
  router: "Internet",
  switch: "Network",
  firewall: "Network",
  ap: "Wi-Fi",
  wlc: "Wi-Fi",
  "lte-router": "Internet",
  ups: "Power",
  pdu: "Power",
  env: "Climate",
  nas: "Servers",
  server: "Servers",
  bmc: "Servers",
  printer: "Printers",
  camera: "Cameras",
  voip: "Telephones",
  sensor: "Sensors",
  service: "Services",
  other: "Other",
};

/** Where a device is shown when nobody said so. */
export const groupOf = (kind: DeviceKind): string => groups[kind];

type IdentityText = Exclude<keyof Identity, "mac">;
const identityTexts: readonly IdentityText[] = [
  "vendor",
  "model",
  "version",
  "serial",
  "sysName",
  "sysDescr",
  "sysObjectID",
  "location",
  "contact",
  "profile",
];

/** What is known, with what a description adds. Texts are made harmless; empty ones say nothing. */
export function mergeIdentity(known: Identity, description: Description): Identity {
  const { manufacturer, model, firmware, serial, identity } = description;
  const said: Identity = {
    ...(manufacturer === undefined ? {} : { vendor: manufacturer }),
    ...(model === undefined ? {} : { model }),
    ...(firmware === undefined ? {} : { version: firmware }),
    ...(serial === undefined ? {} : { serial }),
    ...identity,
  };
  const merged: Record<string, string> = { ...known };
  for (const key of identityTexts) {
    const text = cleanText(said[key] ?? "");
    if (text !== "") merged[key] = text;
  }
  const mac = (description.mac ?? identity?.mac ?? "").toLowerCase().replace(/[^0-9a-f]/g, "");
  if (/^(?:[0-9a-f]{12}|[0-9a-f]{16})$/.test(mac)) merged.mac = mac;
  return merged;
}

/** Most sensors of one device; more is no device of an office. */
const mostSensors = 2_000;

export function cleanSensors(sensors: readonly Sensor[]): Sensor[] {
  return sensors
    .slice(0, mostSensors)
    .map((sensor) => ({ ...sensor, description: cleanText(sensor.description) }));
}

/** Changes of a device that people want to know of, as event metric and new text. */
export function changesOf(before: Identity, after: Identity): { metric: string; value: string }[] {
  const watched = { firmware: "version", serial: "serial", model: "model" } as const;
  return Object.entries(watched).flatMap(([metric, key]) => {
    const value = after[key];
    return before[key] !== undefined && value !== undefined && value !== before[key]
      ? [{ metric, value }]
      : [];
  });
}

const silenceOf = ({ silentAfterMs }: Description) => (silentAfterMs === undefined ? {} : { silentAfterMs });

/** A device's own word of its name, kind, room and address counts only where no person wrote one. */
export function mergeDescription(device: Device, description: Description): Device {
  const { name, kind, room, ip } = description;
  const isMqtt = device.source === "mqtt";
  const saidName = cleanText(name ?? "", 100);
  const saidRoom = cleanText(room ?? "", 100);
  const isKindNews = kind !== undefined && device.kind === "other";
  const isGroupDefault = device.group === groupOf(device.kind);
  return {
    ...device,
    ...(isMqtt && saidName !== "" ? { name: saidName } : {}),
    ...(isKindNews ? { kind } : {}),
    ...(isKindNews && isGroupDefault ? { group: groupOf(kind) } : {}),
    ...(device.room === undefined && saidRoom !== "" ? { room: saidRoom } : {}),
    ...(isMqtt && description.isInvited ? { approved: true } : {}),
    ...silenceOf(description),
    ...(isMqtt && ip !== undefined ? { address: cleanText(ip, 100) } : {}),
    identity: mergeIdentity(device.identity, description),
    ...(description.sensors ? { sensors: cleanSensors(description.sensors) } : {}),
  };
}

type Seed = Pick<Device, "collectors"> &
  Partial<Pick<Device, "behind">> & { readonly source: Device["source"] };

/** What speaks by MQTT goes on doing so when a page or the file takes it over. */
export function heardOf({ collectors, behind }: Device, seed: Seed): Partial<Device> {
  return {
    ...(seed.source === "page" ? { source: "mqtt" } : {}),
    collectors: [...new Set([...collectors, ...seed.collectors])],
    ...(seed.behind === undefined && behind !== undefined ? { behind } : {}),
  };
}
