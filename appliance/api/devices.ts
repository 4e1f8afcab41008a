import { z } from "zod";
import type { LatestValue, View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { type Device, deviceKinds, parseDeviceId, states } from "../model/site.ts";
import { iso, isoTime, limitField, type Operation, operation, pageOf } from "./operation.ts";

export const deviceItem = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(deviceKinds),
    group: z.string(),
    room: z.string().optional(),
    address: z.string().optional(),
    behind: z.string().optional().describe("The device it hangs on."),
    state: z.enum(states),
    since: isoTime.optional(),
    sentence: z.string().describe("The state in words."),
    lastSeen: isoTime.optional().describe("Last sign of life."),
    incident: z.int().optional().describe("Open incident of this device."),
    acknowledgedBy: z.string().optional(),
    collectors: z.array(z.string()),
    source: z.enum(["built-in", "file", "page", "mqtt"]),
    approved: z.boolean(),
  })
  .meta({ id: "Device" });

const texts = z.record(z.string(), z.unknown());

export const deviceDetail = deviceItem
  .extend({
    identity: texts.describe("What the device says of itself."),
    ports: z.array(texts),
    sensors: z.array(texts),
    answers: z.array(
      z.object({
        via: z.string(),
        online: z.boolean(),
        since: isoTime.optional(),
        at: isoTime.optional(),
        reason: z.string().optional(),
        detail: z.string().optional(),
      }),
    ),
    values: z.array(
      z.object({
        series: z.string(),
        metric: z.string(),
        channel: z.string().optional(),
        unit: z.string(),
        value: z
          .number()
          .nullable()
          .describe("A counter's rate a second; null when only its count is known."),
        count: z.number().optional(),
        time: isoTime,
      }),
    ),
  })
  .meta({ id: "DeviceDetail" });

/** The unit of a value as stored: a counter's is that of its rate. */
export function valueUnit({ unit, kind }: { readonly unit: string; readonly kind: string }): string {
  return kind === "counter" ? `${unit}/s` : unit;
}

function item(view: View, device: Device): z.input<typeof deviceItem> {
  const status = view.status.device(device.id);
  return {
    id: device.id,
    name: device.name,
    kind: device.kind,
    group: device.group,
    room: device.room,
    address: device.address,
    behind: device.behind,
    state: status.state,
    since: iso(status.sinceMs),
    sentence: status.sentence,
    lastSeen: iso(status.lastSeenMs),
    incident: status.incident,
    acknowledgedBy: status.acknowledgedBy,
    collectors: [...device.collectors],
    source: device.source,
    approved: device.approved,
  };
}

function valueItem({ series, timeMs, value, count }: LatestValue) {
  return {
    series: series.id,
    metric: series.metric,
    channel: series.channel,
    unit: valueUnit(series),
    value: Number.isFinite(value) ? value : null,
    count,
    time: new Date(timeMs).toISOString(),
  };
}

function detail(view: View, device: Device): z.input<typeof deviceDetail> {
  const { answers } = view.status.device(device.id);
  return {
    ...item(view, device),
    identity: { ...device.identity },
    ports: device.ports.map((port) => ({ ...port })),
    sensors: device.sensors.map((sensor) => ({ ...sensor })),
    answers: [...answers.by].map(([via, answer]) => ({
      via,
      online: answer.online,
      since: iso(answer.sinceMs),
      at: iso(answer.atMs),
      reason: answer.reason,
      detail: answer.detail,
    })),
    values: view.latest.ofDevice(device.id).map(valueItem),
  };
}

/** The device of an id in a request. Throws NOT_FOUND. */
function known(view: View, text: string): Device {
  const id = parseDeviceId(text);
  const device = id && view.inventory.device(id);
  if (!device) throw new ApplianceError("NOT_FOUND", `There is no device "${text.slice(0, 64)}".`);
  return device;
}

function matches(
  view: View,
  query: { q?: string | undefined; state?: string | undefined; kind?: string | undefined },
) {
  const words = query.q?.toLowerCase();
  return (device: Device): boolean => {
    if (query.kind !== undefined && device.kind !== query.kind) return false;
    if (query.state !== undefined && view.status.device(device.id).state !== query.state) return false;
    if (words === undefined) return true;
    const { name, id, address, room, group, identity } = device;
    const searched = [name, id, address, room, group, identity.vendor, identity.model, identity.mac];
    return searched.some((text) => text?.toLowerCase().includes(words));
  };
}

export function deviceOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/devices",
      summary: "All devices, by id.",
      query: z.strictObject({
        q: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .describe("Part of name, id, address, room, group, maker, model or MAC."),
        state: z.enum(states).optional(),
        kind: z.enum(deviceKinds).optional(),
        limit: limitField,
        next: z.string().max(32).optional(),
      }),
      answer: pageOf(deviceItem),
      handle({ query }) {
        const { next = "", limit } = query;
        const found = view.inventory
          .devices()
          .filter(({ id }) => id > next)
          .filter(matches(view, query))
          .sort((a, b) => (a.id < b.id ? -1 : 1));
        const items = found.slice(0, limit).map((device) => item(view, device));
        return { items, next: found.length > limit ? items.at(-1)?.id : undefined };
      },
    }),
    operation({
      method: "get",
      path: "/devices/:id",
      summary: "One device with its ports, sensors and newest values.",
      params: z.object({ id: z.string() }),
      answer: deviceDetail,
      handle: ({ params }) => detail(view, known(view, params.id)),
    }),
  ];
}
