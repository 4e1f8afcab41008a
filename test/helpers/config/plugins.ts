import { z } from "zod";
import {
  duration,
  host,
  pollFields,
  port,
  secret,
  secretUrl,
  targetPollFields,
  url,
} from "../../../appliance/config/fields.ts";
import type { LoadContext } from "../../../appliance/config/load.ts";
import type { PluginSection } from "../../../appliance/config/schema.ts";

const byType = (...plugins: (PluginSection & { about?: "series" | "device" })[]) =>
  new Map(plugins.map((plugin) => [plugin.type, plugin]));

/** A small set of plugins with one of each kind of field: what the loader is tested with. */
export const context: LoadContext = {
  plugins: {
    collectors: byType(
      {
        type: "ping",
        summary: "Echo requests.",
        config: z
          .strictObject({
            ...pollFields({ interval: "10s", timeout: "1s" }),
            probes: z.int().min(1).max(20).prefault(3),
          })
          .prefault({}),
        target: z.strictObject(targetPollFields()).prefault({}),
      },
      {
        type: "snmp",
        summary: "SNMP.",
        config: z.strictObject(pollFields({ interval: "60s", timeout: "2s" })).prefault({}),
        target: z.strictObject({
          version: z.enum(["1", "2c", "3"]).prefault("2c"),
          port: port().prefault(161),
          community: secret().optional(),
          user: z.string().optional(),
          auth: z
            .strictObject({
              protocol: z.enum(["sha256", "sha1", "md5"]),
              key: secret(),
            })
            .optional(),
        }),
      },
      {
        type: "http",
        summary: "A web page.",
        config: z.strictObject(pollFields({ interval: "60s", timeout: "10s" })).prefault({}),
        target: z.strictObject({ url: url(), expect: z.string().optional() }),
      },
    ),
    stores: byType({
      type: "influx",
      summary: "InfluxDB.",
      config: z.strictObject({
        url: url(),
        database: z.string().min(1),
        user: z.string().optional(),
        password: secret().optional(),
      }),
    }),
    dialects: byType({
      type: "generic",
      summary: "JSON.",
      config: z.strictObject({ depth: z.int().prefault(4) }).prefault({}),
    }),
    checks: byType(
      {
        type: "threshold",
        about: "series",
        summary: "Over or under.",
        config: z
          .strictObject({
            over: z.number().optional(),
            under: z.number().optional(),
            clear: z.number().optional(),
          })
          .refine((s) => s.over !== undefined || s.under !== undefined, {
            error: "expected over or under",
          }),
      },
      {
        type: "down",
        about: "device",
        summary: "Does not answer.",
        config: z.strictObject({ confirm: duration().prefault("5s") }),
      },
    ),
    finders: byType({
      type: "sweep",
      summary: "Ping.",
      config: z.strictObject({ timeout: duration().prefault("1s") }).prefault({}),
    }),
    notifiers: byType(
      {
        type: "webhook",
        summary: "A web hook.",
        config: z.strictObject({
          type: z.literal("webhook"),
          url: secretUrl(),
        }),
      },
      {
        type: "email",
        summary: "Mail.",
        config: z.strictObject({
          type: z.literal("email"),
          server: host(),
          port: port().prefault(587),
          password: secret().optional(),
          to: z.array(z.string()).min(1),
        }),
      },
    ),
  },
  shippedRules: [
    {
      id: "device-down",
      check: "down",
      where: { device: ["*"] },
      settings: { confirm: 5_000 },
      forMs: 0,
      severity: "critical",
      tell: [],
      origin: "shipped",
    },
  ],
  builtInIds: ["box", "gateway", "internet"],
  env: { COMMUNITY: "canary-community", EMPTY: "" },
  machine: { hostname: "Box One", timezone: "Europe/Berlin" },
};
