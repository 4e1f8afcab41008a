import type { Seen, VerdictInput } from "../../appliance/engine/verdict.ts";
import type { Alert, Incident } from "../../appliance/model/alert.ts";
import { type DeviceKind, deviceId, type State } from "../../appliance/model/site.ts";

export const nowMs = Date.UTC(2026, 2, 4, 10, 0);
export const sinceMs = nowMs - 18 * 60_000;

export const seen = (id: string, kind: DeviceKind, state: State = "ok", more: Partial<Seen> = {}): Seen => ({
  device: {
    id: deviceId(id),
    name: `The ${id}`,
    kind,
    address: "10.0.0.7",
    group: kind,
    identity: {},
    ports: [],
    sensors: [],
    collectors: ["ping"],
    source: "file",
    approved: true,
    firstSeenMs: 0,
  },
  state,
  sinceMs,
  isChecked: true,
  isWatched: true,
  ...more,
});

const alertOf = (device: string, more: Partial<Alert> = {}): Alert => ({
  key: `rule/${device}`,
  rule: "rule",
  check: "down",
  device: deviceId(device),
  severity: "critical",
  state: "firing",
  startedMs: sinceMs,
  summary: `The ${device} does not answer.`,
  evidence: [],
  tell: [],
  ...more,
});

export const incidentOf = (
  device: string,
  more: Partial<Incident> = {},
  alert: Partial<Alert> = {},
): Incident => ({
  id: 1,
  device: deviceId(device),
  state: "open",
  severity: "critical",
  deviceState: "down",
  summary: `The ${device} does not answer.`,
  startedMs: sinceMs,
  openedMs: sinceMs,
  alerts: [alertOf(device, alert)],
  affected: [],
  timeline: [],
  ...more,
});

export const office = [
  seen("box", "box"),
  seen("gateway", "router"),
  seen("internet", "service"),
  seen("names", "service"),
  seen("cloud", "service"),
  seen("printer", "printer"),
  seen("switch", "switch"),
];

export const input = (more: Partial<VerdictInput> = {}): VerdictInput => ({
  nowMs,
  devices: office,
  incidents: [],
  path: [],
  isStarting: false,
  runtimeMinutes: () => undefined,
  ...more,
});
