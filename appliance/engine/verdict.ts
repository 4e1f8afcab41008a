import { type Incident, sentenceSinceMs } from "../model/alert.ts";
import { gatewayOf, type PathObservation, pathDevices } from "../model/path.ts";
import { type Device, type DeviceId, type State, worse } from "../model/site.ts";
import type { Cause, GroupState, Problem, Verdict } from "../model/verdict.ts";
import { isFiring } from "./incident-edits.ts";
import { pathLinks } from "./path-links.ts";
import { isPowerCut } from "./relations.ts";

/** One device as status sees it. */
export interface Seen {
  readonly device: Device;
  readonly state: State;
  readonly sinceMs: number;
  /** Whether anything was heard of it since the start. */
  readonly isChecked: boolean;
  /** False for what cannot be measured here, such as a gateway where there is no default route: it is no problem. */
  readonly isWatched: boolean;
}

export interface Slowness {
  readonly rttMs: number;
  readonly usualMs: number;
  readonly lossPercent: number;
  readonly sinceMs: number;
}

export interface VerdictInput {
  readonly nowMs: number;
  readonly devices: readonly Seen[];
  /** Worst first. */
  readonly incidents: readonly Incident[];
  readonly lastClosed?: Incident | undefined;
  readonly path: readonly PathObservation[];
  /** Shortly after the start, while devices are not checked yet. */
  readonly isStarting: boolean;
  /** The box cannot do its work: "its disk is full". */
  readonly sick?: { readonly what: string; readonly sinceMs?: number | undefined } | undefined;
  readonly slow?: Slowness | undefined;
  /** Minutes that a UPS has left, where it says so. */
  readonly runtimeMinutes: (ups: DeviceId) => number | undefined;
  /** Name of the internet provider. */
  readonly provider?: string | undefined;
}

/** What is wrong, since when, and by which incident if by one. */
interface Found {
  readonly state: State;
  readonly cause: Cause;
  readonly sinceMs?: number | undefined;
  readonly incident?: Incident;
}

/** Judges the site as a whole. Pure. */
export function judgeSite(input: VerdictInput): Verdict {
  const { nowMs, devices, incidents, lastClosed } = input;
  const found = find(input);
  const acknowledged = (found.incident ?? incidents[0])?.acknowledged;
  return {
    atMs: nowMs,
    state: found.state,
    cause: found.cause,
    ...(found.sinceMs === undefined ? {} : { sinceMs: found.sinceMs }),
    devices: devices.filter(({ isWatched }) => isWatched).length,
    path: pathLinks(input),
    problems: incidents.map(problemOf),
    groups: groupsOf(devices),
    ...(acknowledged ? { acknowledged: { by: acknowledged.by, atMs: acknowledged.atMs } } : {}),
    ...(lastClosed?.endedMs === undefined
      ? {}
      : {
          lastProblem: {
            endedMs: lastClosed.endedMs,
            durationMs: lastClosed.endedMs - lastClosed.startedMs,
          },
        }),
    notes: [],
  };
}

/** The first that holds speaks: without a network nothing else can be said; what is down comes before what is slow. */
function find(input: VerdictInput): Found {
  return (
    blindness(input) ?? powerCut(input) ?? outage(input) ?? sickness(input) ?? starting(input) ?? rest(input)
  );
}

function blindness({ incidents }: VerdictInput): Found | undefined {
  const incident = incidents.find(
    ({ device, deviceState }) => device === pathDevices.box && deviceState === "down",
  );
  return incident && { state: "unknown", cause: { kind: "blind" }, sinceMs: incident.startedMs, incident };
}

function powerCut({ incidents, devices, runtimeMinutes }: VerdictInput): Found | undefined {
  const onBattery = ({ alerts }: Incident) =>
    alerts.filter((alert) => isFiring(alert) && isPowerCut(alert)).map(({ device }) => device);
  const incident = incidents.find((one) => onBattery(one).length > 0);
  if (!incident) return undefined;
  // Of several the one that ends first.
  const [first] = onBattery(incident)
    .map((device) => ({ device, minutes: runtimeMinutes(device) }))
    .sort((a, b) => (a.minutes ?? Infinity) - (b.minutes ?? Infinity));
  const cause: Cause = {
    kind: "power",
    name: nameOf(first?.device ?? incident.device, devices),
    ...(first?.minutes === undefined ? {} : { runtimeMinutes: first.minutes }),
  };
  return { state: "down", cause, sinceMs: incident.startedMs, incident };
}

function outage({ incidents, devices, path }: VerdictInput): Found | undefined {
  const down = incidents.filter(({ deviceState }) => deviceState === "down");
  const gateway = gatewayOf(devices.map(({ device }) => device));
  const rank = (device: DeviceId) => pathRank(device, gateway);
  const [worst] = [...down].sort((a, b) => rank(a.device) - rank(b.device));
  if (!worst) return undefined;
  const sinceMs = Math.min(...down.map(sentenceSinceMs));
  if (down.length > 1)
    return {
      state: "down",
      cause: { kind: "several", count: down.length, worst: worst.summary },
      sinceMs,
      incident: worst,
    };
  const cause = causeOfOne(worst, devices, path);
  return { state: cause.kind === "blind" ? "unknown" : "down", cause, sinceMs, incident: worst };
}

/** What takes the internet away is worse than any other device. */
function pathRank(device: DeviceId, gateway: DeviceId): number {
  const { internet, names } = pathDevices;
  const rank = [gateway, internet, names].indexOf(device);
  return rank < 0 ? 3 : rank;
}

function causeOfOne(
  { device, affected }: Incident,
  devices: readonly Seen[],
  path: readonly PathObservation[],
): Cause {
  if (device === gatewayOf(devices.map((one) => one.device)))
    return { kind: "router-down", affected: affected.filter(isNoStation).length };
  if (device === pathDevices.internet)
    return hasWayOut(devices) ? { kind: "provider-down" } : { kind: "blind" };
  if (device === pathDevices.names)
    return { kind: "names-fail", resolver: path.find((one) => one.station === "names")?.address ?? "" };
  const name = nameOf(device, devices);
  if (devices.find((one) => one.device.id === device)?.device.kind === "service")
    return { kind: "service-down", name };
  return affected.length > 0
    ? { kind: "part-down", name, affected: affected.length }
    : { kind: "device-down", name };
}

/** Without a default route it is this box that is cut off; nothing can be said of the provider. */
function hasWayOut(devices: readonly Seen[]): boolean {
  const id = gatewayOf(devices.map(({ device }) => device));
  const gateway = devices.find(({ device }) => device.id === id);
  return gateway === undefined || gateway.device.address !== undefined;
}

function isNoStation(device: DeviceId): boolean {
  return !Object.values(pathDevices).some((station) => station === device);
}

function sickness({ sick, devices }: VerdictInput): Found | undefined {
  if (sick) return { state: "unknown", cause: { kind: "box-sick", what: sick.what }, sinceMs: sick.sinceMs };
  const watched = devices.filter(({ isWatched, device }) => isWatched && device.id !== pathDevices.box);
  const stale = watched.filter(({ state, isChecked }) => state === "unknown" && isChecked);
  if (stale.length < 2 || stale.length < watched.length) return undefined;
  const sinceMs = Math.max(...stale.map((one) => one.sinceMs));
  return { state: "unknown", cause: { kind: "box-sick", what: "it gets no answers any more" }, sinceMs };
}

function starting({ isStarting, devices }: VerdictInput): Found | undefined {
  if (!isStarting) return undefined;
  const checked = devices.filter(({ isChecked, isWatched }) => isChecked && isWatched).length;
  return { state: "unknown", cause: { kind: "starting", checked } };
}

/** Nothing is down. Whoever has not been heard is something to look at: it must not count as working. */
function rest({ incidents, devices, slow }: VerdictInput): Found {
  if (slow) {
    const { sinceMs, ...cause } = slow;
    return { state: "warning", cause: { kind: "provider-slow", ...cause }, sinceMs };
  }
  const unheard = devices.filter(({ state, isWatched }) => state === "unknown" && isWatched);
  const count = incidents.length + unheard.length;
  const [incident] = incidents;
  if (count === 0) return { state: "ok", cause: { kind: "good" } };
  const first = incident?.summary ?? `There is no fresh answer from ${unheard[0]?.device.name ?? ""}.`;
  const since = [...incidents.map(({ startedMs }) => startedMs), ...unheard.map(({ sinceMs }) => sinceMs)];
  return {
    state: "warning",
    cause: { kind: "warnings", count, first },
    sinceMs: Math.min(...since),
    ...(incident ? { incident } : {}),
  };
}

function nameOf(id: DeviceId, devices: readonly Seen[]): string {
  return devices.find(({ device }) => device.id === id)?.device.name ?? id;
}

function problemOf(incident: Incident): Problem {
  const { id, device, deviceState, summary, affected, acknowledged } = incident;
  const problem = {
    incident: id,
    device,
    state: deviceState,
    summary,
    sinceMs: sentenceSinceMs(incident),
    // The internet and the names are no devices to people; the path shows them.
    affected: affected.filter(isNoStation).length,
  };
  return acknowledged ? { ...problem, acknowledgedBy: acknowledged.by } : problem;
}

/** Groups in the order in which their first device stands in the inventory. */
function groupsOf(devices: readonly Seen[]): GroupState[] {
  const groups = new Map<string, GroupState>();
  for (const { device, state, isWatched } of devices) {
    if (!isWatched) continue;
    const known = groups.get(device.group) ?? { group: device.group, state: "ok", total: 0, ok: 0 };
    groups.set(device.group, {
      group: device.group,
      state: worse(known.state, state),
      total: known.total + 1,
      ok: known.ok + (state === "ok" ? 1 : 0),
    });
  }
  return [...groups.values()];
}
