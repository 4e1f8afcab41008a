import type { Series } from "./series.ts";
import type { DeviceId, DeviceKind, Identity, PortStatus, Sensor } from "./site.ts";
import type { Neighbours } from "./topology.ts";

/**
 * Who an observation is about: a `DeviceId` (polled targets), or a device key of a dialect such as
 * `z2m:zigbee2mqtt/hall`. A key always holds `:`, an id never does.
 */
export type DeviceRef = string;

/** A measurement or a lasting state. Booleans become 0/1; text becomes a last value, never a sample in the store. */
export interface Sample {
  readonly record: "sample";
  readonly device: DeviceRef;
  readonly metric: string;
  readonly channel?: string;
  /** For a counter metric: the count itself, not its rate. Counter64 may come as bigint. */
  readonly value: number | bigint | boolean | string;
  readonly unit?: string;
  /** When the device measured it; absent: the time of arrival counts. */
  readonly timeMs?: number;
  /** A retained MQTT message: updates the shown value, is no sign of life. */
  readonly retained?: boolean;
}

/**
 * Many numbers of one device from one poll, in columns: the cheap form for tables.
 * `series`, `widths` and `maxRates` are made once and shared by every poll with the same layout.
 */
export interface Readings {
  readonly record: "readings";
  readonly device: DeviceId;
  readonly timeMs: number;
  readonly series: readonly Series[];
  /** One per series; NaN where the device gave none. Counters: the count. */
  readonly values: Float64Array;
  /** Counts above 2^53, by position: their exact value. */
  readonly exact?: ReadonlyMap<number, bigint>;
  /** Per series: 0 a gauge, 32 or 64 the width of a counter. */
  readonly widths: Uint8Array;
  /** Per series: the highest believable rate in units a second (a port's speed); NaN where unknown. */
  readonly maxRates?: Float64Array;
  /** sysUpTime of this poll in hundredths of a second, 0..2^32-1 (RFC 3418); absent when the device has none. */
  readonly uptimeTicks?: number;
}

/** Why something did not answer. Fixed list: pages have a sentence for each. */
export const availabilityReasons = [
  "timeout",
  "refused",
  "unreachable",
  "auth",
  "names",
  "tls",
  "status",
  "text",
  "protocol",
  "permission",
  "tool",
  "will",
  "cancelled",
] as const;
export type AvailabilityReason = (typeof availabilityReasons)[number];

/** Whether a device answered one collector, or said that it comes or goes. A device that does not answer is a result. */
export interface Availability {
  readonly record: "availability";
  readonly device: DeviceRef;
  /** Type of the collector or dialect that knows. */
  readonly via: string;
  readonly state: "online" | "offline" | "sleeping";
  readonly reason?: AvailabilityReason;
  /** For people who look closer: "no answer to 3 echo requests", "HTTP 503". No secrets. */
  readonly detail?: string;
  readonly timeMs?: number;
  readonly retained?: boolean;
}

/** What a device is and has. Absent members leave what is known alone; lists replace the known list whole. */
export interface Description {
  readonly record: "describe";
  readonly device: DeviceRef;
  readonly name?: string;
  readonly kind?: DeviceKind;
  readonly identity?: Identity;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly firmware?: string;
  readonly serial?: string;
  /** Lower-case hex digits only. */
  readonly mac?: string;
  readonly ip?: string;
  readonly room?: string;
  /** Its own word for how long it may be silent, ms. */
  readonly silentAfterMs?: number;
  /** What it is heard through, a bridge or broker: while that is away, this one is unknown. */
  readonly behind?: DeviceRef;
  readonly ports?: readonly PortDescription[];
  readonly sensors?: readonly Sensor[];
  /** A person wrote a credential for it into the file: its alarms need no other approval. */
  readonly isInvited?: true;
  /** Names of metrics it says it can give. */
  readonly metrics?: readonly string[];
}

/** A row of the interface table before it has its `PortId`. */
export interface PortDescription {
  readonly ifIndex: number;
  readonly ifName?: string;
  readonly ifDescr?: string;
  readonly ifAlias?: string;
  readonly ifType?: number;
  readonly mac?: string;
  readonly mtu?: number;
  readonly speedBps?: number;
  readonly adminStatus?: PortStatus;
  readonly operStatus?: PortStatus;
}

/** Momentary: a button press, a firmware change. Never drawn as a state. */
export interface Event {
  readonly record: "event";
  readonly device: DeviceRef;
  readonly metric: string;
  readonly channel?: string;
  readonly value: number | boolean | string;
  readonly timeMs?: number;
}

/** The source says that the device, or one metric of it, is gone. */
export interface Forget {
  readonly record: "forget";
  readonly device: DeviceRef;
  readonly metric?: string;
}

export type Observation = Sample | Readings | Availability | Description | Event | Forget | Neighbours;
