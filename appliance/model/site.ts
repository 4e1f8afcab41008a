/** A device's lasting name: `[a-z0-9-]{1,32}`, never made from an address or topic, never reused. */
export type DeviceId = string & { readonly __brand: "DeviceId" };
/** A port's lasting name within its device: a slug of ifName, else ifDescr, else `if<ifIndex>`. */
export type PortId = string & { readonly __brand: "PortId" };
/** `device:metric[:channel]`; for a port the channel is its `PortId`. */
export type SeriesId = string & { readonly __brand: "SeriesId" };

const devicePattern = /^[a-z0-9-]{1,32}$/;

export function parseDeviceId(text: string): DeviceId | undefined {
  return devicePattern.test(text) ? (text as DeviceId) : undefined;
}

/** For literals in code and ids already checked by a schema. Throws on a malformed one. */
export function deviceId(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (!id) throw new TypeError(`Not a device id: ${JSON.stringify(text.slice(0, 80))}`);
  return id;
}

export function seriesId(device: DeviceId, metric: string, channel?: string): SeriesId {
  // Joined, not added: one string in memory instead of four, and there are half a million of them on a large site.
  return (channel === undefined ? [device, metric] : [device, metric, channel]).join(":") as SeriesId;
}

/** Takes a series id apart; undefined when it is not `device:metric[:channel]`. A channel may hold `:`. */
export function parseSeriesId(
  text: string,
): { device: DeviceId; metric: string; channel?: string } | undefined {
  const [deviceText = "", metric = "", ...rest] = text.split(":");
  const device = parseDeviceId(deviceText);
  if (!device || !/^[a-z0-9_]{1,64}(?:\[[^\]]{1,24}\])?$/.test(metric)) return undefined;
  return rest.length > 0 ? { device, metric, channel: rest.join(":") } : { device, metric };
}

/** Lower-case letters, digits and single dashes; empty when nothing is left. */
export function slug(text: string, maxLength = 48): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, maxLength)
    .replace(/-+$/, "");
}

export const deviceKinds = [
  "box",
  "router",
  "switch",
  "firewall",
  "ap",
  "wlc",
  "lte-router",
  "ups",
  "pdu",
  "env",
  "nas",
  "server",
  "bmc",
  "printer",
  "camera",
  "voip",
  "sensor",
  "service",
  "other",
] as const;
export type DeviceKind = (typeof deviceKinds)[number];

/** From worst to best; `unreachable` is a kind of unknown: something in front of it is down. */
export const states = ["down", "warning", "unknown", "unreachable", "maintenance", "ok"] as const;
export type State = (typeof states)[number];

export function worse(a: State, b: State): State {
  return states.indexOf(a) <= states.indexOf(b) ? a : b;
}

/** One place with one appliance. */
export interface Site {
  /** Added to whatever leaves the box. */
  readonly id: string;
  readonly name: string;
  /** IANA name; rules, months and the page's times follow it. */
  readonly timezone: string;
  /** Where the page is for people: links in messages begin with it. */
  readonly url?: string;
  /** Name of the internet provider, as the headline and the contact line say it. */
  readonly provider?: string;
}

/** What a device says of itself. Texts are as the device sent them, cut at 200 characters, control characters removed. */
export interface Identity {
  readonly vendor?: string;
  readonly model?: string;
  readonly version?: string;
  readonly serial?: string;
  readonly sysName?: string;
  readonly sysDescr?: string;
  /** Numeric, without a leading dot. */
  readonly sysObjectID?: string;
  readonly location?: string;
  readonly contact?: string;
  /** Name of the profile that applied. */
  readonly profile?: string;
  /** Lower-case hex digits only. */
  readonly mac?: string;
}

export type PortStatus = "up" | "down" | "testing" | "unknown" | "dormant" | "notPresent" | "lowerLayerDown";

/** Power over Ethernet of one port (POWER-ETHERNET-MIB). */
export interface PortPower {
  readonly status: "off" | "searching" | "delivering" | "fault" | "test" | "other";
  /** 0 to 8, as the powered device asked for. */
  readonly class?: number;
  readonly powerW?: number;
}

/** A network interface of a device (IF-MIB). */
export interface Port {
  readonly id: PortId;
  readonly ifIndex: number;
  readonly ifName?: string;
  readonly ifDescr?: string;
  readonly ifAlias?: string;
  /** IANAifType number. */
  readonly ifType?: number;
  /** Lower-case hex digits only. */
  readonly mac?: string;
  readonly mtu?: number;
  /** Bits a second. */
  readonly speedBps?: number;
  readonly adminStatus?: PortStatus;
  readonly operStatus?: PortStatus;
  /** `uplink`: infrastructure hangs on it; `used`: something does. Learned; absent: its going down is no news. */
  readonly use?: "uplink" | "used";
  /** The last day on which it was seen in use, as its first moment in UTC. */
  readonly usedMs?: number;
  readonly duplex?: "half" | "full";
  /** VLAN of untagged frames. */
  readonly vlan?: number;
  /** Power over Ethernet that it gives. */
  readonly poe?: PortPower;
}

/** One measured quantity of a device. `words` names the numbers of an enumeration; severities say which are bad. */
export interface Sensor {
  readonly metric: string;
  readonly channel?: string;
  readonly description: string;
  readonly unit: string;
  readonly words?: Readonly<Record<string, { readonly text: string; readonly severity: SensorSeverity }>>;
  /** Only limits that the device itself reports, in `unit`. */
  readonly limits?: SensorLimits;
  /** Where it was read: an OID or a topic. */
  readonly origin?: string;
}
export type SensorSeverity = "ok" | "warning" | "critical" | "unknown";
export interface SensorLimits {
  readonly low?: number;
  readonly lowWarn?: number;
  readonly highWarn?: number;
  readonly high?: number;
}

/** A thing with an identity that outlives its address. */
export interface Device {
  readonly id: DeviceId;
  readonly name: string;
  readonly kind: DeviceKind;
  /** Where it is shown; by default a word for its kind. */
  readonly group: string;
  readonly room?: string;
  /** Host name or IP address as configured or last seen. */
  readonly address?: string;
  /** The device this one hangs on: when that is down, this one is unreachable, not down. */
  readonly behind?: DeviceId;
  /** `behind` follows from what the switches know, nobody wrote it. */
  readonly isBehindDerived?: true;
  readonly identity: Identity;
  readonly ports: readonly Port[];
  readonly sensors: readonly Sensor[];
  /** Types of the collectors that watch it, for instance `ping`, `snmp`. */
  readonly collectors: readonly string[];
  /** Its address is the default gateway's: the way to the internet goes through it. */
  readonly isGateway?: boolean;
  /** Who put it here: the box itself, the configuration file, a person on a page, or what it published by MQTT. */
  readonly source: "built-in" | "file" | "page" | "mqtt";
  /** MQTT devices alarm only after approval, or when the file has a credential for them; all others are approved. */
  readonly approved: boolean;
  readonly firstSeenMs: number;
  /** Its own word for how long it may be silent, ms; absent: its rhythm says. */
  readonly silentAfterMs?: number;
}

/** Two ports joined, with where we know it from. */
export interface Link {
  readonly from: { readonly device: DeviceId; readonly port?: PortId };
  readonly to: { readonly device: DeviceId; readonly port?: PortId };
  readonly evidence: string;
  readonly seenMs: number;
}
