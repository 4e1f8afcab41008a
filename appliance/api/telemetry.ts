import { z } from "zod";
import type { View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { parseDeviceId } from "../model/site.ts";
import type { HeardMessage } from "../model/telemetry.ts";
import { isoTime, type Operation, operation } from "./operation.ts";

const messageItem = z
  .object({
    topic: z.string(),
    received: isoTime,
    retained: z.boolean(),
    bytes: z.int().describe("Of the whole payload."),
    payload: z.string().describe("Its beginning, base64."),
    dialect: z.string().optional().describe("Who read it."),
    reason: z.string().optional().describe("Why it gave nothing."),
    records: z
      .array(z.record(z.string(), z.unknown()))
      .describe("What was made of it, as `decode` prints it."),
  })
  .meta({ id: "Message" });

const mapping = z
  .object({
    topic: z.string().describe("MQTT topic filter."),
    path: z.string().describe("`readings.0.t`; empty for a bare value."),
    metric: z.string(),
    unit: z.string().optional(),
    channel: z.string().optional(),
  })
  .meta({ id: "Mapping" });
const mappingItem = mapping.extend({ id: z.string(), version: z.int() }).meta({ id: "SavedMapping" });

function item(message: HeardMessage): z.input<typeof messageItem> {
  const { topic, receivedAtMs, retained, bytes, payload, dialect, reason, records } = message;
  return {
    topic,
    received: new Date(receivedAtMs).toISOString(),
    retained,
    bytes,
    payload: Buffer.from(payload).toString("base64"),
    dialect,
    reason,
    records: records.map((record) => ({ ...record })),
  };
}

function saved(view: View): z.input<typeof mappingItem>[] {
  return view.settings
    .documents("mapping")
    .map(({ id, version, body }) => ({ ...mapping.parse(body), id, version }));
}

const idParam = z.object({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,80}$/, { error: "expected 1 to 80 lower-case letters, digits and dashes" }),
});
const edit = {
  version: z.int().min(0).default(0).describe("The version it was read at; 0: a new one."),
  by: z.string().trim().min(1).max(100).default("API").describe("Who changes it."),
};

export function telemetryOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/devices/:id/messages",
      summary: "What a device published last by MQTT, and what was made of it.",
      params: z.object({ id: z.string().max(32) }),
      answer: z.object({ items: z.array(messageItem) }),
      handle({ params }) {
        const id = parseDeviceId(params.id);
        const device = id && view.inventory.device(id);
        if (!device) throw new ApplianceError("NOT_FOUND", `There is no device "${params.id}".`);
        return { items: view.telemetry.of(device.id).map(item) };
      },
    }),
    operation({
      method: "get",
      path: "/messages/unread",
      summary: "Topics of which nothing could be read, newest first.",
      answer: z.object({ items: z.array(messageItem) }),
      handle: () => ({ items: view.telemetry.unread().map(item) }),
    }),
    operation({
      method: "get",
      path: "/mappings",
      summary: "What people said of fields in free-form JSON.",
      answer: z.object({ items: z.array(mappingItem) }),
      handle: () => ({ items: saved(view) }),
    }),
    operation({
      method: "post",
      path: "/mappings/:id",
      summary: "Says what a field is; from the next message on it counts.",
      params: idParam,
      body: z.strictObject({ mapping, ...edit }),
      answer: z.object({ items: z.array(mappingItem) }),
      handle({ params: { id }, body }) {
        view.settings.save("mapping", id, body.mapping, { by: body.by, version: body.version });
        return { items: saved(view) };
      },
    }),
    operation({
      method: "post",
      path: "/mappings/:id/remove",
      summary: "Forgets what was said of a field.",
      params: idParam,
      body: z.strictObject(edit),
      answer: z.object({ items: z.array(mappingItem) }),
      handle({ params: { id }, body }) {
        view.settings.remove("mapping", id, { by: body.by, version: body.version });
        return { items: saved(view) };
      },
    }),
  ];
}
