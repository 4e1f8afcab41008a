import { type Alert, type Incident, type Severity, severities, type TimelineEntry } from "../model/alert.ts";
import type { DeviceId } from "../model/site.ts";
import { cleanText } from "../model/words.ts";

/** Entries kept in one incident: a flapping device must not grow it for ever. The first ones stay. */
const longestTimeline = 500;

export function isDownAlert(alert: Alert): boolean {
  return alert.check === "down";
}

export function isFiring(alert: Alert): boolean {
  return alert.state === "firing";
}

/** Whether the device at fault does not answer now. */
export function isDown(incident: Incident): boolean {
  return incident.alerts.some((alert) => isDownAlert(alert) && isFiring(alert));
}

/** From most to least severe: negative when `a` is worse. */
export function bySeverity(a: Severity, b: Severity): number {
  return severities.indexOf(b) - severities.indexOf(a);
}

export function withEntries(incident: Incident, ...entries: readonly TimelineEntry[]): Incident {
  const room = longestTimeline - incident.timeline.length;
  return room <= 0
    ? incident
    : {
        ...incident,
        timeline: [...incident.timeline, ...entries.slice(0, room)],
      };
}

/** What ended, for the timeline; the sentence of a silence would say the opposite. */
export function recoveredText({ check, summary }: Alert, name: string): string {
  if (check === "down") return `${name} answers again.`;
  return check === "silent" ? `${name} is heard again.` : cleanText(summary);
}

/** An incident that begins with one firing alert; it has no number yet. */
export function opened(alert: Alert, affected: readonly DeviceId[], nowMs: number): Incident {
  const first: Incident = {
    id: 0,
    device: alert.device,
    state: "open",
    severity: alert.severity,
    deviceState: isDownAlert(alert) ? "down" : "warning",
    summary: alert.summary,
    startedMs: alert.startedMs,
    openedMs: nowMs,
    alerts: [alert],
    affected,
    timeline: [],
  };
  return withEntries(
    first,
    { atMs: alert.startedMs, kind: "started", text: alert.summary },
    {
      atMs: alert.firedMs ?? nowMs,
      kind: "confirmed",
      text: alert.evidence[0] ?? alert.summary,
    },
  );
}

/**
 * An open incident as it is at this moment for `device`, whose name is `name`. Where nothing fires any more it is only
 * watched for a while, because it came back before: it must not be said that the device still fails.
 */
export function seenNow(incident: Incident, device: DeviceId, name: string): Incident {
  const firing = incident.alerts.filter(isFiring);
  if (firing.length === 0)
    return {
      ...incident,
      deviceState: "warning",
      summary: `${name} is well again; it is watched for a few minutes, as this came back before.`,
      affected: [],
    };
  // Of several devices with one cause each has a sentence of its own.
  const own = firing.find((alert) => alert.device === device);
  if (device === incident.device || !own) return incident;
  return { ...incident, summary: own.summary, deviceState: isDownAlert(own) ? "down" : "warning" };
}

/** Puts an alert in, replacing one of the same key, and makes state, severity and sentence follow its alerts. */
export function withAlert(incident: Incident, alert: Alert): Incident {
  const known = incident.alerts.find(({ key }) => key === alert.key);
  const alerts = known
    ? incident.alerts.map((other) =>
        other.key === alert.key ? { ...alert, startedMs: Math.min(alert.startedMs, other.startedMs) } : other,
      )
    : [...incident.alerts, alert];
  return settled({ ...incident, alerts });
}

/** State, severity and sentence of the alerts that fire; as they were when none does. */
function settled(incident: Incident): Incident {
  const firing = incident.alerts.filter(isFiring);
  return firing.length === 0 ? incident : describedBy(incident, firing);
}

function describedBy(incident: Incident, alerts: readonly Alert[]): Incident {
  const [worst, ...others] = [...alerts].sort(
    (a, b) =>
      Number(isDownAlert(b)) - Number(isDownAlert(a)) ||
      bySeverity(a.severity, b.severity) ||
      a.startedMs - b.startedMs,
  );
  if (!worst) return incident;
  return {
    ...incident,
    deviceState: isDownAlert(worst) ? "down" : "warning",
    severity: others.map(({ severity }) => severity).reduce(worseOf, worst.severity),
    summary: worst.summary,
    startedMs: Math.min(incident.startedMs, ...alerts.map(({ startedMs }) => startedMs)),
  };
}

function worseOf(a: Severity, b: Severity): Severity {
  return bySeverity(a, b) <= 0 ? a : b;
}

/** Whether the change from `before` to `after` is worth telling: not answering instead of answering, or more severe. */
export function isWorse(before: Incident, after: Incident): boolean {
  return (
    (before.deviceState === "warning" && after.deviceState === "down") ||
    bySeverity(after.severity, before.severity) < 0
  );
}

/** The same incident with the cause found behind it: what was taken for the cause is affected now. */
export function rerooted(
  incident: Incident,
  cause: Alert,
  affected: readonly DeviceId[],
  nowMs: number,
): Incident {
  const moved: Incident = {
    ...incident,
    device: cause.device,
    alerts: [cause],
    affected: union(affected, [...incident.affected, incident.device]),
  };
  return withEntries(settled(moved), {
    atMs: nowMs,
    kind: "worse",
    text: `The cause is found: ${cause.summary}`,
  });
}

/** What is over is told by the worst of it. */
export function closed(incident: Incident, endedMs: number, nowMs: number, text: string): Incident {
  return withEntries(
    {
      ...describedBy(incident, incident.alerts),
      state: "closed",
      endedMs: Math.max(endedMs, incident.startedMs),
    },
    { atMs: nowMs, kind: "closed", text },
  );
}

/** The same problem again soon after its end. */
export function reopened(incident: Incident, alert: Alert, nowMs: number): Incident {
  const { endedMs: _, ...open } = incident;
  return withEntries(withAlert({ ...open, state: "open" }, alert), {
    atMs: nowMs,
    kind: "worse",
    text: `Again: ${alert.summary}`,
  });
}

export function union<T>(a: readonly T[], b: readonly T[]): T[] {
  return [...new Set([...a, ...b])];
}

/** When the last alert of the incident ended, of those that are known to have. */
export function lastEndMs(incident: Incident): number | undefined {
  const ends = incident.alerts.flatMap(({ endedMs }) => endedMs ?? []);
  return ends.length > 0 ? Math.max(...ends) : undefined;
}

/** Whether it was closed before and began again. */
export function hasComeAgain(incident: Incident): boolean {
  return incident.state === "open" && incident.timeline.some(({ kind }) => kind === "closed");
}
