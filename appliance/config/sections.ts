import { z } from "zod";
import { slug } from "../model/site.ts";
import { deviceConfig } from "./devices.ts";
import { type Finding, type Parsed, type Path, parseWith } from "./problems.ts";
import { doubleIds } from "./references.ts";
import { type CheckSection, parseRule, type RuleEntry } from "./rules.ts";
import {
  asZod,
  brokerSection,
  type Config,
  type DeviceConfig,
  deviceSchema,
  laterSections,
  type NotifierConfig,
  type PluginSection,
  type PluginSections,
  sectionNames,
  sectionsSchema,
  siteSection,
} from "./schema.ts";
import { didYouMean } from "./suggest.ts";

export type Section = Record<string, unknown>;

/** Gathers findings of all sections; nothing is thrown until every part was looked at. */
export function gather() {
  const findings: Finding[] = [];
  return {
    findings,
    add: (...more: readonly Finding[]) => void findings.push(...more),
    take<T>(parsed: Parsed<T>): T | undefined {
      if (parsed.ok) return parsed.value;
      findings.push(...parsed.findings);
      return undefined;
    },
  };
}
export type Gather = ReturnType<typeof gather>;

export function topLevel(data: unknown, found: Gather): Section {
  if (data === null || data === undefined) {
    found.add({
      path: [],
      message: "the file is empty; expected sections such as site and devices (version: 1 alone is enough)",
    });
    return {};
  }
  if (typeof data !== "object" || Array.isArray(data)) {
    found.add({
      path: [],
      message: "expected sections such as site: and devices:, got other text",
    });
    return {};
  }
  const sections: Section = {};
  const known: readonly string[] = sectionNames;
  for (const [key, value] of Object.entries(data)) {
    if (known.includes(key)) {
      // A section whose entries are all commented out is as good as none.
      if (value !== null) sections[key] = value;
    } else
      found.add({
        path: [key],
        atKey: true,
        message: laterSections.includes(key)
          ? "this version does not know this section yet; take it out"
          : `unknown section${didYouMean(key, known)}`,
      });
  }
  return sections;
}

export function list(section: unknown, name: string, found: Gather): unknown[] {
  if (section === undefined) return [];
  if (Array.isArray(section)) return section;
  found.add({
    path: [name],
    message: `expected a list; each entry begins with "- "`,
  });
  return [];
}

export function readDevices(sections: Section, plugins: PluginSections, found: Gather) {
  const schema = deviceSchema(plugins.collectors);
  const devices: { path: Path; value: DeviceConfig }[] = [];
  const entries = list(sections.devices, "devices", found);
  for (const [at, entry] of entries.entries()) {
    const path = ["devices", at];
    const parsed = found.take(parseWith(schema, entry, path));
    if (parsed === undefined) continue;
    const { device, findings } = deviceConfig(parsed, entry, plugins.collectors, path);
    found.add(...findings);
    devices.push({ path, value: device });
  }
  found.add(...doubleIds(sections.devices, "id", ["devices"]));
  return { devices, entries };
}

export function readRules(sections: Section, checks: ReadonlyMap<string, CheckSection>, found: Gather) {
  const entries: { path: Path; value: RuleEntry }[] = [];
  for (const [at, raw] of list(sections.rules, "rules", found).entries()) {
    const path = ["rules", at];
    const value = found.take(parseRule(raw, checks, "file", path));
    if (value) entries.push({ path, value });
  }
  found.add(...doubleIds(sections.rules, "id", ["rules"]));
  return entries;
}

export function readNotifiers(
  section: unknown,
  plugins: ReadonlyMap<string, PluginSection>,
  found: Gather,
): NotifierConfig[] {
  const ids = z.record(
    z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
      error: "expected an id of 1 to 64 lower-case letters, digits, dots, dashes and underscores",
    }),
    z.looseObject({
      type: z.string({ error: "expected the type of a notifier" }),
    }),
  );
  found.take(parseWith(ids, section ?? {}, ["notify"]));
  if (typeof section !== "object" || section === null) return [];
  const notifiers: NotifierConfig[] = [];
  for (const [id, entry] of Object.entries(section)) {
    const type = (entry as Section | null)?.type;
    if (typeof type !== "string") continue;
    const plugin = plugins.get(type);
    if (!plugin) {
      found.add({
        path: ["notify", id, "type"],
        message: `expected one of ${[...plugins.keys()].join(", ")}, got ${JSON.stringify(type.slice(0, 60))}${didYouMean(type, plugins.keys())}`,
      });
      continue;
    }
    const settings = found.take(parseWith(asZod(plugin.config, `${type}.config`), entry, ["notify", id]));
    if (settings !== undefined) notifiers.push({ id, type, settings });
  }
  return notifiers;
}

/** Sections by plugin type; `filled`: those the file leaves out get the plugin's defaults. */
export function readPluginSections(
  section: unknown,
  path: Path,
  plugins: ReadonlyMap<string, PluginSection>,
  found: Gather,
  options: { readonly filled: boolean },
): Record<string, unknown> {
  const parsed = found.take(parseWith(sectionsSchema(plugins), section ?? {}, path)) ?? {};
  const result: Record<string, unknown> = {};
  const written = (section ?? {}) as Section;
  for (const { type, config } of plugins.values()) {
    if (written[type] !== undefined) result[type] = (parsed as Section)[type];
    else if (options.filled) result[type] = config.parse(undefined);
  }
  return result;
}

export function readBroker(section: unknown, found: Gather): Config["broker"] {
  const parsed = found.take(parseWith(brokerSection, section ?? {}, ["broker"]));
  found.add(...doubleIds((section as Section | undefined)?.devices, "name", ["broker", "devices"]));
  const own = (name: string) => [`site/${name}/#`];
  return {
    listen: parsed?.listen,
    tls: parsed?.tls,
    websocket: parsed?.websocket,
    publish: parsed?.publish,
    sparkplugRebirth: parsed?.sparkplugRebirth ?? false,
    rate: parsed?.rate ?? 20,
    burst: parsed?.burst ?? 200,
    devices: (parsed?.devices ?? []).map((device) => ({
      name: device.name,
      password: device.password,
      publish: device.publish ?? own(device.name),
      subscribe: device.subscribe ?? own(device.name),
    })),
  };
}

/** What the machine says of itself, for defaults. */
export interface Machine {
  readonly hostname: string;
  /** IANA name. */
  readonly timezone: string;
}

export function readSite(section: unknown, machine: Machine, found: Gather): Config["site"] {
  const parsed = found.take(parseWith(siteSection, section, ["site"]));
  return {
    id: parsed?.id ?? (slug(machine.hostname, 32) || "site"),
    name: parsed?.name ?? "Office",
    timezone: parsed?.timezone ?? machine.timezone,
    anchors: parsed?.anchors ?? [],
    ...(parsed?.url === undefined ? {} : { url: parsed.url }),
    ...(parsed?.provider === undefined ? {} : { provider: parsed.provider }),
  };
}
