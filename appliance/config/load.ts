import { z } from "zod";
import type { Rule } from "../model/alert.ts";
import { ApplianceError } from "../model/errors.ts";
import { parseDeviceId } from "../model/site.ts";
import { readDiscover } from "./discover.ts";
import { readDocument } from "./document.ts";
import { type Problem, parseWith } from "./problems.ts";
import { checkBehind, checkRuleReferences } from "./references.ts";
import { layerRules } from "./rules.ts";
import { type Config, type PluginSections, webSection } from "./schema.ts";
import { putInSecrets } from "./secrets.ts";
import {
  type Gather,
  gather,
  type Machine,
  readBroker,
  readDevices,
  readNotifiers,
  readPluginSections,
  readRules,
  readSite,
  type Section,
  topLevel,
} from "./sections.ts";
import type { ConfigText } from "./text.ts";

/** What loading needs besides the text. */
export interface LoadContext {
  readonly plugins: PluginSections;
  readonly shippedRules: readonly Rule[];
  /** Devices that the box has by itself, so that rules and `behind` may name them. */
  readonly builtInIds: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
}

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Makes a value and all it holds unchangeable. Secrets and other objects of classes are frozen themselves. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}

const idsIn = (entries: readonly unknown[]): string[] =>
  entries.map((entry) => (entry as Section | null)?.id).filter((id) => typeof id === "string");

/** What hangs on what, also of entries that have another mistake. */
function chainOf(entries: readonly unknown[]) {
  return entries.flatMap((entry, at) => {
    const { id, behind } = (entry ?? {}) as Section;
    const own = typeof id === "string" ? parseDeviceId(id) : undefined;
    const front = typeof behind === "string" ? parseDeviceId(behind) : undefined;
    return own && front ? [{ path: ["devices", at], value: { id: own, behind: front } }] : [];
  });
}

function build(data: unknown, file: string | undefined, context: LoadContext, found: Gather): Config {
  const { plugins, shippedRules, builtInIds, machine } = context;
  const sections = topLevel(data, found);
  found.take(
    parseWith(
      z.literal(1, { error: "expected 1, the version of this format" }).optional(),
      sections.version,
      ["version"],
    ),
  );
  const site = readSite(sections.site, machine, found);
  const web = found.take(parseWith(webSection, sections.web, ["web"]));
  const { devices, entries } = readDevices(sections, plugins, found);
  const knownIds = new Set([...builtInIds, ...idsIn(entries)]);
  for (const { path, value } of devices)
    if (builtInIds.includes(value.id))
      found.add({
        path: [...path, "id"],
        message: `"${value.id}" is the id of a device that the box has by itself; choose another`,
      });
  const rules = readRules(sections, plugins.checks, found);
  const notify = readNotifiers(sections.notify, plugins.notifiers, found);
  const notifierIds = new Set(Object.keys((sections.notify as object | undefined) ?? {}));
  found.add(
    ...checkBehind(chainOf(entries), knownIds),
    ...checkRuleReferences(
      rules.flatMap(({ path, value }) => (value.kind === "rule" ? [{ path, value: value.rule }] : [])),
      knownIds,
      notifierIds,
    ),
  );
  return {
    ...(file === undefined ? {} : { file }),
    site,
    web: { listen: web?.listen ?? [], names: web?.names ?? [] },
    devices: devices.map(({ value }) => value),
    collect: readPluginSections(sections.collect, ["collect"], plugins.collectors, found, { filled: true }),
    broker: readBroker(sections.broker, found),
    dialects: readPluginSections(sections.dialects, ["dialects"], plugins.dialects, found, { filled: true }),
    discover: readDiscover(sections.discover, plugins, found),
    stores: readPluginSections(sections.stores, ["stores"], plugins.stores, found, { filled: false }),
    rules: layerRules(
      shippedRules,
      rules.map(({ value }) => value),
    ),
    notify,
  };
}

/** Checks a configuration text whole: either the frozen configuration, or every problem in the order of the file. */
export function loadConfig(source: ConfigText, context: LoadContext): Loaded {
  const document = readDocument(source.text, source.file);
  const problems: Problem[] = [...document.problems];
  if (document.data === undefined) return { ok: false, problems };
  const secrets = putInSecrets(document.data, {
    env: context.env,
    folder: source.folder,
  });
  const found = gather();
  found.add(...secrets.findings);
  const config = build(secrets.data, source.file, context, found);
  const missing = secrets.findings.map(({ path }) => path.join("\0"));
  for (const finding of found.findings) {
    const followsMissing = !secrets.findings.includes(finding) && missing.includes(finding.path.join("\0"));
    if (!followsMissing) problems.push(document.place(finding));
  }
  if (problems.length === 0) return { ok: true, config: deepFreeze(config) };
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, problems };
}

/** The configuration of a box without a file: it watches itself, its gateway, names and the way to the internet. */
export function defaultConfig(context: LoadContext): Config {
  const found = gather();
  const config = build({ version: 1 }, undefined, context, found);
  if (found.findings.length > 0)
    throw new ApplianceError(
      "PLUGIN_INVALID",
      `The built-in defaults have mistakes: ${found.findings.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
    );
  return deepFreeze(config);
}
