import { closed, opened, recoveredText, withAlert, withEntries } from "../engine/incident-edits.ts";
import { groupOf } from "../inventory/describe.ts";
import { mqttKey, nameOfRef } from "../inventory/keys.ts";
import type { Alert, Incident } from "../model/alert.ts";
import { pathDevices } from "../model/path.ts";
import { type DeviceId, deviceId } from "../model/site.ts";
import type { Memory } from "../wiring/memory.ts";
import { branch, office } from "./office.ts";
import { sensors } from "./sensors.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** So far back the devices are known. */
const knownForMs = 31 * dayMs;
/** After so long a device that does not answer is said to be down. */
const confirmedMs = 14_000;

/** A time in which a device did not answer, and who saw to it. */
export interface Outage {
  readonly device: DeviceId;
  readonly name: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** What hung on it. */
  readonly affected: readonly DeviceId[];
  readonly by: string;
  readonly note: string;
}

type Row = readonly [daysAgo: number, minutes: number, device: string, by: string, note: string];
const rows: readonly Row[] = [
  [24.3, 9, "ap-warehouse-2", "Tom", "Restarted it."],
  [19.1, 4, "router", "Anna (IT partner)", "Planned firmware update, took longer than announced."],
  [
    6.4,
    41,
    "switch-4",
    "Anna (IT partner)",
    "Power plug pulled out behind the pallets. Plugged in and taped.",
  ],
  [3.2, 12, pathDevices.internet, "Tom", "Called Northline: disturbance in the district, ticket 4711."],
  [0.8, 25, "printer-reception", "Tom", "Switched off overnight by mistake."],
];

/** What happened in the demo office in the last month, oldest first. */
export function outagesBefore(nowMs: number): Outage[] {
  return rows.map(([daysAgo, minutes, id, by, note]) => {
    const startedMs = Math.round(nowMs - daysAgo * dayMs);
    const name = office.find((one) => one.id === id)?.name ?? "Internet";
    return {
      device: deviceId(id),
      name,
      startedMs,
      endedMs: startedMs + minutes * minuteMs,
      affected: behind(id),
      by,
      note,
    };
  });
}

function behind(id: string): DeviceId[] {
  const { internet, names } = pathDevices;
  if (id === internet) return [names];
  if (id === "router") return [internet, names];
  return branch(id)
    .map((device) => deviceId(device.id))
    .filter((device) => device !== id);
}

/** Whether the device could not be asked at the moment. */
export function isAway(outages: readonly Outage[], device: string, atMs: number): boolean {
  return outages.some(
    ({ device: root, affected, startedMs, endedMs }) =>
      atMs >= startedMs && atMs < endedMs && (root === device || affected.some((one) => one === device)),
  );
}

/** Writes the last month of the office into the box's memory, as it would have kept it: devices, states, incidents. */
export function writePast(memory: Memory, outages: readonly Outage[], nowMs: number): void {
  memory.state.transaction(() => {
    for (const sensor of sensors) memory.devices.save(knownSensor(sensor, nowMs - knownForMs));
    for (const id of everyDevice()) writeSpans(memory, id, outages, nowMs - knownForMs);
    for (const outage of outages) memory.incidents.save(incidentOf(outage));
  });
}

function everyDevice(): DeviceId[] {
  const { box, internet, names } = pathDevices;
  const ids = [...office.map(({ id }) => id), ...sensors.map(({ name }) => name)].map(deviceId);
  return [box, internet, names, ...ids];
}

function knownSensor(
  { name, topic }: { readonly name: string; readonly topic: string },
  firstSeenMs: number,
) {
  const ref = `json:${topic}`;
  return {
    device: {
      id: deviceId(name),
      name: nameOfRef(ref),
      kind: "sensor" as const,
      group: groupOf("sensor"),
      identity: {},
      ports: [],
      sensors: [],
      collectors: ["mqtt"],
      source: "mqtt" as const,
      approved: true,
      firstSeenMs,
    },
    keys: [mqttKey(ref)],
  };
}

function writeSpans({ spans }: Memory, id: DeviceId, outages: readonly Outage[], fromMs: number): void {
  spans.change(id, "ok", fromMs);
  for (const { device, affected, startedMs, endedMs } of outages) {
    if (device !== id && !affected.includes(id)) continue;
    spans.change(id, device === id ? "down" : "unreachable", startedMs);
    spans.change(id, "ok", endedMs);
  }
}

function incidentOf({ device, name, startedMs, endedMs, affected, by, note }: Outage): Incident {
  const firedMs = startedMs + confirmedMs;
  const alert: Alert = {
    key: `device-down/${device}`,
    rule: "device-down",
    check: "down",
    device,
    severity: "critical",
    state: "firing",
    startedMs,
    firedMs,
    summary: `${name} does not answer.`,
    evidence: ["ping: no answer to 3 echo requests (3 in a row)"],
    tell: [],
  };
  const seenMs = Math.round((startedMs + endedMs) / 2);
  const seen = withEntries(
    { ...opened(alert, affected, firedMs), acknowledged: { by, atMs: seenMs, note } },
    { atMs: seenMs, kind: "acknowledged", text: note, by },
  );
  const well = withEntries(withAlert(seen, { ...alert, state: "resolved", endedMs }), {
    atMs: endedMs,
    kind: "recovered",
    text: recoveredText(alert, name),
  });
  return closed(well, endedMs, endedMs, "Everything is as before.");
}
