import { z } from "zod";
import type { Rule } from "../model/alert.ts";
import type { Schema } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Secret } from "../model/secret.ts";
import { type DeviceId, type DeviceKind, deviceKinds } from "../model/site.ts";
import type { DiscoverConfig } from "./discover.ts";
import { deviceIdField, host, publishField, secret, timezone, topicFilter, url } from "./fields.ts";
import { listenAddress } from "./listen.ts";

/** What the loader needs of a plugin: its type and the schemas of its parts. */
export interface PluginSection {
  readonly type: string;
  readonly summary: string;
  readonly config: Schema<unknown>;
  /** Collectors only: schema of `devices[].<type>`. */
  readonly target?: Schema<unknown>;
}

/** The plugins whose sections are joined, by kind and type. A new plugin file brings its section with it. */
export interface PluginSections {
  readonly collectors: ReadonlyMap<string, PluginSection>;
  readonly stores: ReadonlyMap<string, PluginSection>;
  readonly dialects: ReadonlyMap<string, PluginSection>;
  readonly checks: ReadonlyMap<string, PluginSection>;
  readonly notifiers: ReadonlyMap<string, PluginSection>;
  readonly finders: ReadonlyMap<string, PluginSection>;
}

/** One line of text. */
export const text = (max = 100) =>
  z
    .string({ error: "expected text" })
    .min(1, { error: "expected text, not an empty one" })
    .max(max, { error: `expected at most ${max} characters` })
    .regex(/^\P{Cc}*$/u, { error: "expected text without control characters" });

/** A path from the root. */
const absolutePath = () =>
  z.string({ error: "expected a path" }).regex(/^\/[^\0]{1,1000}$/, {
    error: "expected a path from the root, such as /etc/porchlight/broker.crt",
  });

/** Reaching one of these means that the internet works. */
export const defaultAnchors = ["1.1.1.1", "8.8.8.8", "9.9.9.9"];

export const siteSection = z
  .strictObject({
    id: z
      .string({ error: "expected a short name" })
      .regex(/^[a-z0-9-]{1,32}$/, {
        error: "expected 1 to 32 lower-case letters, digits and dashes",
      })
      .optional()
      .describe("Added to whatever leaves the box. Default: the name of this machine."),
    name: text().prefault("Office").describe("What the page calls this place."),
    timezone: timezone()
      .optional()
      .describe("Rules times on the page and in messages. Default: the time zone of this machine."),
    url: url().optional().describe("Where people open the page; links in messages begin with it."),
    provider: text().optional().describe("Name of the internet provider, as the headline says it."),
    anchors: z
      .array(host(), { error: "expected a list of addresses" })
      .max(8, { error: "expected at most 8 anchors" })
      .prefault(defaultAnchors)
      .describe(
        "Addresses beyond the provider, asked by ping and DNS. An empty list: the internet is not checked.",
      ),
  })
  .prefault({});

export const brokerSection = z.strictObject({
  listen: listenAddress().optional().describe("Where the built-in MQTT broker listens. Default: off."),
  tls: z
    .strictObject({
      listen: listenAddress().describe("Where it listens with TLS, usually :8883."),
      certificate: absolutePath()
        .optional()
        .describe(
          "PEM file, with what it was signed by behind it. Default: the box's own, by its own authority.",
        ),
      key: absolutePath().optional().describe("PEM file of its key."),
    })
    .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
      error: "expected both certificate and key, or neither",
    })
    .optional()
    .describe("MQTT with TLS. Default: off."),
  websocket: z
    .strictObject({
      listen: listenAddress().describe("Where it listens for WebSocket, usually :8083."),
      security: z
        .enum(["none", "tls"])
        .prefault("none")
        .describe("none: ws://; tls: wss:// with the certificate of broker.tls."),
    })
    .optional()
    .describe("MQTT over WebSocket. Default: off."),
  sparkplugRebirth: z
    .boolean({ error: "expected true or false" })
    .prefault(false)
    .describe("Ask Sparkplug edge nodes whose birth we missed to say all again."),
  publish: publishField().describe(
    "What the box itself publishes there, retained below porchlight/<site>/: headline, incidents, states of devices. Default: nothing.",
  ),
  rate: z
    .int({ error: "expected a whole number of messages a second" })
    .min(1)
    .max(10_000)
    .prefault(20)
    .describe("Messages a second that one device may publish."),
  burst: z
    .int({ error: "expected a whole number of messages" })
    .min(1)
    .max(100_000)
    .prefault(200)
    .describe("Messages that one device may publish at once."),
  devices: z
    .array(
      z.strictObject({
        name: text(64)
          .regex(/^[^+#/$]+$/, {
            error: "expected a name without + # / $",
          })
          .describe("User name of the device."),
        password: secret().describe("Password of the device."),
        publish: z
          .array(topicFilter(), { error: "expected a list of topic filters" })
          .optional()
          .describe("Where it may publish. Default: site/<name>/#."),
        subscribe: z
          .array(topicFilter(), { error: "expected a list of topic filters" })
          .optional()
          .describe("Where it may subscribe. Default: site/<name>/#."),
      }),
      { error: "expected a list of devices" },
    )
    .prefault([])
    .describe("Who may connect; nobody is let in without a password."),
});

export const webSection = z
  .strictObject({
    listen: z
      .union([listenAddress(), z.array(listenAddress()).min(1)], {
        error: `expected HOST:PORT, ":PORT" or a list of them`,
      })
      .prefault(":8080")
      .transform((value) => (Array.isArray(value) ? value : [value]))
      .describe("Where the page and the API listen."),
    names: z
      .array(host(), { error: "expected a list of host names" })
      .prefault([])
      .describe("Further host names under which this box is opened, for instance behind a proxy."),
  })
  .prefault({});

/** The part of a device that belongs to no collector. */
export const deviceFields = {
  id: deviceIdField().describe("Lasting name: lower-case letters, digits and dashes. History hangs on it."),
  name: text().optional().describe("What people call it. Default: the id."),
  address: host().optional().describe("Host name or IP address."),
  kind: z.enum(deviceKinds).prefault("other").describe("What it is; rules and groups follow it."),
  room: text().optional().describe("Where it stands."),
  group: text().optional().describe("Where it is shown. Default: a word for its kind."),
  behind: deviceIdField()
    .optional()
    .describe("The device it hangs on: when that is down, this one is unreachable and not down."),
};

/** The schema of one entry of `devices`: the common fields and one section for each collector with a target. */
export function deviceSchema(collectors: PluginSections["collectors"]) {
  const sections: Record<string, z.ZodType> = {};
  for (const plugin of collectors.values()) {
    if (!plugin.target) continue;
    const target = asZod(plugin.target, `${plugin.type}.target`);
    sections[plugin.type] = z
      .union([z.literal("off"), target, z.array(target).min(1)], {
        error: `expected a section such as ${plugin.type}: {}, or off`,
      })
      .optional()
      .describe(plugin.summary);
  }
  return z.strictObject({ ...deviceFields, ...sections });
}

/** One section for each plugin of a kind, under its type. */
export function sectionsSchema(plugins: ReadonlyMap<string, PluginSection>) {
  const shape: Record<string, z.ZodType> = {};
  for (const plugin of plugins.values())
    shape[plugin.type] = asZod(plugin.config, `${plugin.type}.config`).optional().describe(plugin.summary);
  return z.strictObject(shape);
}

/** Top-level keys of the file, in the order of the reference page. */
export const sectionNames = [
  "version",
  "site",
  "web",
  "devices",
  "collect",
  "broker",
  "dialects",
  "discover",
  "rules",
  "notify",
  "stores",
] as const;

/** Sections that a later version will know: named, so that the message can say so. */
export const laterSections: readonly string[] = ["maintenance", "access", "backup"];

/** A plugin's schema as zod knows it. */
export function asZod(schema: Schema<unknown>, name: string): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new ApplianceError("PLUGIN_INVALID", `The schema ${name} of a plugin is not made by zod.`);
}

export interface DeviceConfig {
  readonly id: DeviceId;
  readonly name: string;
  readonly address?: string;
  readonly kind: DeviceKind;
  readonly room?: string;
  readonly group?: string;
  readonly behind?: DeviceId;
  /** By collector type: parsed target settings, one for each target. */
  readonly sections: Readonly<Record<string, readonly unknown[]>>;
}

export interface BrokerConfig {
  readonly publish?:
    | { readonly discovery: "none" | "homeassistant"; readonly sensors: "none" | "main" }
    | undefined;
  readonly sparkplugRebirth: boolean;
  readonly listen?: string | undefined;
  readonly tls?:
    | {
        readonly listen: string;
        readonly certificate?: string | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly websocket?: { readonly listen: string; readonly security: "none" | "tls" } | undefined;
  /** Messages a second and device. */
  readonly rate: number;
  readonly burst: number;
  readonly devices: readonly {
    readonly name: string;
    readonly password: Secret;
    readonly publish: readonly string[];
    readonly subscribe: readonly string[];
  }[];
}

export interface NotifierConfig {
  readonly id: string;
  readonly type: string;
  readonly settings: unknown;
}

/** The whole configuration, deep-frozen. Running state never lives here. */
export interface Config {
  /** Path of the file; absent when there is none. */
  readonly file?: string;
  readonly site: {
    readonly id: string;
    readonly name: string;
    readonly timezone: string;
    readonly url?: string;
    readonly provider?: string;
    readonly anchors: readonly string[];
  };
  readonly web: {
    readonly listen: readonly string[];
    readonly names: readonly string[];
  };
  readonly devices: readonly DeviceConfig[];
  /** By collector type, every collector with its defaults. */
  readonly collect: Readonly<Record<string, unknown>>;
  readonly broker: BrokerConfig;
  /** By dialect type, every dialect with its defaults. */
  readonly dialects: Readonly<Record<string, unknown>>;
  readonly discover: DiscoverConfig;
  /** By store type: only those that the file names. */
  readonly stores: Readonly<Record<string, unknown>>;
  /** Shipped rules, replaced by the file's of the same id. */
  readonly rules: readonly Rule[];
  readonly notify: readonly NotifierConfig[];
}
