import type { DeviceId, DeviceKind, SeriesId, State } from "./site.ts";

export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

/** Which devices and series a rule is about: every member given must match; one of its entries is enough. */
export interface Where {
  readonly device?: readonly string[];
  readonly kind?: readonly DeviceKind[];
  readonly group?: readonly string[];
  readonly room?: readonly string[];
  /** `*` stands for any run of characters. */
  readonly channel?: string;
}

/** A check, its settings, its targets, a severity, and how long it must hold. */
export interface Rule {
  readonly id: string;
  /** Type of the check plugin. */
  readonly check: string;
  /** Catalogue metric; absent for checks about whole devices. */
  readonly metric?: string;
  readonly where: Where;
  /** As the check's schema made it. */
  readonly settings: unknown;
  readonly forMs: number;
  readonly severity: Severity;
  /** Ids of notifiers; empty: all. */
  readonly tell: readonly string[];
  readonly origin: "shipped" | "page" | "file";
}

export type AlertState = "pending" | "firing" | "resolved";

/** One rule being broken on one series or device. */
export interface Alert {
  /** `rule/device[/series]`: the same breach has the same key. */
  readonly key: string;
  readonly rule: string;
  readonly check: string;
  readonly device: DeviceId;
  readonly series?: SeriesId;
  readonly severity: Severity;
  readonly state: AlertState;
  /** When it began to be true: the first missed answer, not the confirmation. */
  readonly startedMs: number;
  readonly firedMs?: number;
  readonly endedMs?: number;
  /** One plain sentence without a time: "Printer 2nd floor does not answer." */
  readonly summary: string;
  /** For the technician: values, limits, reason. */
  readonly evidence: readonly string[];
  readonly value?: number;
  readonly tell: readonly string[];
}

/** Alerts with one cause; what a person acknowledges and reads about. */
export interface Incident {
  readonly id: number;
  /** The device at fault. */
  readonly device: DeviceId;
  readonly state: "open" | "closed";
  readonly severity: Severity;
  /** `down` when the device does not answer, else `warning`. */
  readonly deviceState: Extract<State, "down" | "warning">;
  readonly summary: string;
  readonly startedMs: number;
  /** When it was said; absent while nothing has been said. */
  readonly openedMs: number;
  readonly endedMs?: number;
  readonly alerts: readonly Alert[];
  /** Devices that cannot be reached because of it. */
  readonly affected: readonly DeviceId[];
  readonly acknowledged?: {
    readonly by: string;
    readonly atMs: number;
    readonly note?: string;
  };
  readonly timeline: readonly TimelineEntry[];
}

/**
 * Since when it is as the sentence says, Unix milliseconds: what had a warning first is down since it stopped answering,
 * and what answers again has its warning since then.
 */
export function sentenceSinceMs({ alerts, device, deviceState, startedMs }: Incident): number {
  const outages = alerts.filter(({ check }) => check === "down");
  const own = outages.filter((alert) => alert.device === device);
  const known = own.length > 0 ? own : outages;
  if (known.length === 0) return startedMs;
  if (deviceState === "down") return Math.min(...known.map((alert) => alert.startedMs));
  return Math.max(startedMs, ...known.map(({ endedMs = 0 }) => endedMs));
}

export interface TimelineEntry {
  readonly atMs: number;
  readonly kind:
    | "started"
    | "confirmed"
    | "joined"
    /** Something else that was seen and speaks for the cause. */
    | "evidence"
    | "worse"
    | "told"
    | "failed"
    | "acknowledged"
    | "note"
    | "recovered"
    | "closed";
  readonly text: string;
  readonly by?: string;
}

/** Why a message is sent. */
export type Change = "opened" | "worse" | "reminder" | "closed" | "test";

/** A time span and a matcher during which incidents are recorded but nobody is told. */
export interface Silence {
  readonly id: string;
  readonly where: Where;
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: string;
}

/** Planned work: a silence that is announced, shown and left out of availability. */
export interface Maintenance extends Silence {
  readonly title: string;
}
