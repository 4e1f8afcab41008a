import type { Incident } from "../../appliance/model/alert.ts";
import type { Device, DeviceId, State } from "../../appliance/model/site.ts";
import { worse } from "../../appliance/model/site.ts";
import type { GroupState, Verdict } from "../../appliance/model/verdict.ts";
import type { SampleStory } from "./sample-story.ts";

/** The verdict of the story over the devices as they are now. */
export function storyVerdict(
  told: SampleStory,
  devices: readonly Device[],
  stateOf: (id: DeviceId) => State,
  incidents: readonly Incident[],
  nowMs: number,
): Verdict {
  const open = incidents.filter((incident) => incident.state === "open");
  const groups = new Map<string, GroupState>();
  for (const { id, group } of devices) {
    const state = stateOf(id);
    const known = groups.get(group) ?? { group, state: "ok", total: 0, ok: 0 };
    groups.set(group, {
      group,
      state: worse(known.state, state),
      total: known.total + 1,
      ok: known.ok + (state === "ok" ? 1 : 0),
    });
  }
  const first = open[0];
  return {
    atMs: nowMs - 5_000,
    state: first ? first.deviceState : told.empty ? "unknown" : "ok",
    cause: told.cause,
    ...(first ? { sinceMs: first.startedMs } : {}),
    devices: devices.length,
    path: told.empty
      ? told.path(nowMs).map((link) => ({ id: link.id, label: link.label, state: "unknown" }))
      : told.path(nowMs),
    problems: open.map((incident) => ({
      incident: incident.id,
      device: incident.device,
      state: incident.deviceState,
      summary: incident.summary,
      sinceMs: incident.startedMs,
      affected: incident.affected.length,
      ...(incident.acknowledged ? { acknowledgedBy: incident.acknowledged.by } : {}),
    })),
    groups: [...groups.values()],
    ...(first?.acknowledged ? { acknowledged: first.acknowledged } : {}),
    lastProblem: { endedMs: nowMs - 3 * 86_400_000, durationMs: 12 * 60_000 },
    notes: [],
  };
}
