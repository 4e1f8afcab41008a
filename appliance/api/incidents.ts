import { z } from "zod";
import { type Incident, severities } from "../model/alert.ts";
import type { View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { parseDeviceId } from "../model/site.ts";
import { iso, isoTime, limitField, type Operation, operation, pageOf } from "./operation.ts";

export const incidentItem = z
  .object({
    id: z.int(),
    device: z.string(),
    deviceName: z.string(),
    state: z.enum(["open", "closed"]),
    severity: z.enum(severities),
    deviceState: z.enum(["down", "warning"]),
    summary: z.string(),
    started: isoTime.describe("When it began: the first missed answer."),
    opened: isoTime.describe("When it was said."),
    ended: isoTime.optional(),
    affected: z.array(z.string()).describe("Devices that cannot be reached because of it."),
    acknowledged: z.object({ by: z.string(), at: isoTime, note: z.string().optional() }).optional(),
  })
  .meta({ id: "Incident" });

export const incidentDetail = incidentItem
  .extend({
    alerts: z.array(
      z.object({
        key: z.string(),
        rule: z.string(),
        check: z.string(),
        device: z.string(),
        series: z.string().optional(),
        severity: z.enum(severities),
        state: z.enum(["pending", "firing", "resolved"]),
        started: isoTime,
        ended: isoTime.optional(),
        summary: z.string(),
        evidence: z.array(z.string()),
        value: z.number().optional(),
      }),
    ),
    timeline: z.array(
      z.object({ at: isoTime, kind: z.string(), text: z.string(), by: z.string().optional() }),
    ),
  })
  .meta({ id: "IncidentDetail" });

const time = (timeMs: number) => new Date(timeMs).toISOString();

function item(view: View, incident: Incident): z.input<typeof incidentItem> {
  const { acknowledged } = incident;
  return {
    id: incident.id,
    device: incident.device,
    deviceName: view.inventory.device(incident.device)?.name ?? incident.device,
    state: incident.state,
    severity: incident.severity,
    deviceState: incident.deviceState,
    summary: incident.summary,
    started: time(incident.startedMs),
    opened: time(incident.openedMs),
    ended: iso(incident.endedMs),
    affected: [...incident.affected],
    acknowledged: acknowledged && {
      by: acknowledged.by,
      at: time(acknowledged.atMs),
      note: acknowledged.note,
    },
  };
}

function detail(view: View, incident: Incident): z.input<typeof incidentDetail> {
  return {
    ...item(view, incident),
    alerts: incident.alerts.map((alert) => ({
      key: alert.key,
      rule: alert.rule,
      check: alert.check,
      device: alert.device,
      series: alert.series,
      severity: alert.severity,
      state: alert.state,
      started: time(alert.startedMs),
      ended: iso(alert.endedMs),
      summary: alert.summary,
      evidence: [...alert.evidence],
      value: alert.value,
    })),
    timeline: incident.timeline.map(({ atMs, kind, text, by }) => ({ at: time(atMs), kind, text, by })),
  };
}

const idParam = z.object({
  id: z.coerce
    .number({ error: "expected the number of an incident" })
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER),
});
const who = z
  .string({ error: "expected a name" })
  .trim()
  .min(1, { error: "expected a name" })
  .max(100, { error: "expected at most 100 characters" })
  .default("API");
const words = z
  .string({ error: "expected text" })
  .trim()
  .min(1, { error: "expected text, not an empty one" })
  .max(2_000, { error: "expected at most 2000 characters" });

export function incidentOperations(view: View): Operation[] {
  const { incidents } = view;
  return [
    operation({
      method: "get",
      path: "/incidents",
      summary: "Incidents, newest first.",
      query: z.strictObject({
        state: z.enum(["open", "closed"]).optional(),
        device: z.string().max(32).optional(),
        limit: limitField,
        next: z.coerce.number({ error: "expected a number" }).int().min(1).optional(),
      }),
      answer: pageOf(incidentItem),
      handle({ query: { state, device, limit, next } }) {
        const id = device === undefined ? undefined : parseDeviceId(device);
        if (device !== undefined && id === undefined) return { items: [] };
        const found = incidents.list({
          ...(state === undefined ? {} : { state }),
          ...(id === undefined ? {} : { device: id }),
          ...(next === undefined ? {} : { beforeId: next }),
          limit: limit + 1,
        });
        const items = found.slice(0, limit).map((incident) => item(view, incident));
        return { items, next: found.length > limit ? String(items.at(-1)?.id) : undefined };
      },
    }),
    operation({
      method: "get",
      path: "/incidents/:id",
      summary: "One incident with its alerts and timeline.",
      params: idParam,
      answer: incidentDetail,
      handle({ params: { id } }) {
        const incident = incidents.get(id);
        if (!incident) throw new ApplianceError("NOT_FOUND", `There is no incident ${id}.`);
        return detail(view, incident);
      },
    }),
    operation({
      method: "post",
      path: "/incidents/:id/acknowledge",
      summary: "Says who is on it; a second one replaces the first.",
      params: idParam,
      body: z.strictObject({ by: who, note: words.optional() }),
      answer: incidentDetail,
      handle: ({ params, body }) => detail(view, incidents.acknowledge(params.id, body.by, body.note)),
    }),
    operation({
      method: "post",
      path: "/incidents/:id/note",
      summary: "Writes into the timeline.",
      params: idParam,
      body: z.strictObject({ by: who, text: words }),
      answer: incidentDetail,
      handle: ({ params, body }) => detail(view, incidents.note(params.id, body.by, body.text)),
    }),
  ];
}
