import { z } from "zod";
import type { View } from "../model/contracts.ts";
import type { BrokerDesk, DeviceCredential } from "../model/credential.ts";
import { ApplianceError } from "../model/errors.ts";
import { iso, isoTime, type Operation, operation } from "./operation.ts";

const filters = z.array(z.string().max(512)).max(32);

const credentialItem = z
  .object({
    id: z.string().describe("User name of the device."),
    origin: z.enum(["file", "page"]).describe("file: read-only here."),
    publish: filters.describe("Where it may publish."),
    subscribe: filters.describe("Where it may subscribe."),
    preset: z.string().optional(),
    madeBy: z.string().optional(),
    made: isoTime.optional(),
    connections: z.int().optional().describe("Open now; absent while the broker is off."),
    messages: z.int().optional().describe("Taken since the start."),
    refused: z.record(z.string(), z.int()).optional().describe("Refused since the start, by reason."),
  })
  .meta({ id: "Credential" });

const entrance = z.object({
  protocol: z.enum(["mqtt", "mqtts", "ws", "wss"]),
  address: z.string().describe("Empty, 0.0.0.0 or ::: every address of the box."),
  port: z.int(),
});

function item(credential: DeviceCredential): z.input<typeof credentialItem> {
  const { name, origin, publish, subscribe, preset, by, atMs, connections, messages, refused } = credential;
  return {
    id: name,
    origin,
    publish: [...publish],
    subscribe: [...subscribe],
    preset,
    madeBy: by,
    made: iso(atMs),
    connections,
    messages,
    refused: refused && { ...refused },
  };
}

function deskOf({ broker }: View): BrokerDesk {
  if (broker) return broker;
  throw new ApplianceError("NOT_FOUND", "There is no built-in broker here.");
}

const line = z.string().trim().min(1).max(100);

function createOperation(view: View): Operation {
  return operation({
    method: "post",
    path: "/credentials",
    summary: "Makes a credential for one device. Its password is in this answer and nowhere else.",
    body: z.strictObject({
      id: line.describe("User name: letters, digits, dots, dashes and underscores."),
      preset: line.optional().describe("Topics of a firmware, such as tasmota; see presets. Default: own."),
      publish: filters.optional().describe("Instead of the preset's."),
      subscribe: filters.optional().describe("Instead of the preset's."),
      by: line.default("API"),
    }),
    answer: z.object({ credential: credentialItem, password: z.string() }),
    handle({ body: { id, preset, publish, subscribe, by } }) {
      const { credential, password } = deskOf(view).create({
        name: id,
        by,
        ...(preset === undefined ? {} : { preset }),
        ...(publish === undefined ? {} : { publish }),
        ...(subscribe === undefined ? {} : { subscribe }),
      });
      return { credential: item(credential), password };
    },
  });
}

/** Who may sign in at the built-in broker. */
export function credentialOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/credentials",
      summary: "Who may sign in at the built-in broker, without passwords, and where devices connect.",
      answer: z.object({
        on: z.boolean(),
        entrances: z.array(entrance),
        presets: z.array(z.object({ id: z.string(), title: z.string() })),
        version5: z
          .array(z.object({ name: z.string(), address: z.string(), at: isoTime }))
          .describe("Clients that tried MQTT 5, which this broker does not speak; newest last."),
        items: z.array(credentialItem),
      }),
      handle() {
        const desk = deskOf(view);
        return {
          on: desk.isOn,
          entrances: [...desk.entrances()],
          presets: desk.presets.map(({ id, title }) => ({ id, title })),
          version5: desk.version5().map(({ name, address, atMs }) => ({ name, address, at: iso(atMs) })),
          items: desk.credentials().map(item),
        };
      },
    }),
    createOperation(view),
    operation({
      method: "post",
      path: "/credentials/:id/revoke",
      summary: "Takes a credential away; connections made with it end at once. 409 for one of the file.",
      params: z.object({ id: z.string().max(64) }),
      body: z.strictObject({ by: line.default("API") }),
      answer: z.object({ revoked: z.string() }),
      handle({ params: { id }, body: { by } }) {
        deskOf(view).revoke(id, by);
        return { revoked: id };
      },
    }),
  ];
}
