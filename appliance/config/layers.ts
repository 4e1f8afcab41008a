import { z } from "zod";
import type { StoredDocument } from "../model/documents.ts";
import { pathDevices } from "../model/path.ts";
import { deviceConfig } from "./devices.ts";
import { type Finding, type Parsed, parseWith, pathText } from "./problems.ts";
import { checkBehind } from "./references.ts";
import { parseRule } from "./rules.ts";
import { type Config, type DeviceConfig, deviceSchema, type PluginSections } from "./schema.ts";

/** Parsed SNMP settings by the id of the credential that has them. */
export type SnmpCredentials = ReadonlyMap<string, unknown>;

type Body = StoredDocument["body"];

/** One line for all that is wrong with a document: `snmp.port: expected ...; ...`. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ path, message }) => (path.length > 0 ? `${pathText(path)}: ${message}` : message))
    .join("; ");
}

const byCredential = z.strictObject({
  credential: z.string({ error: "expected the id of a credential" }),
});

/** Takes `snmp: {credential: id}` out of a body; what it stands for comes in after the rest is parsed. */
function splitCredential(body: Body): { readonly rest: Body; readonly credential?: string } {
  const named = byCredential.safeParse(body.snmp);
  if (!named.success) return { rest: body };
  const { snmp: _, ...rest } = body;
  return { rest, credential: named.data.credential };
}

/**
 * A device as a page or the API wrote it: an entry of the file's `devices`, in which `snmp: {credential: id}` stands
 * for the settings of that credential.
 */
export function parseDevice(
  body: Body,
  plugins: PluginSections,
  credentials: SnmpCredentials,
): Parsed<DeviceConfig> {
  const { rest, credential } = splitCredential(body);
  const parsed = parseWith(deviceSchema(plugins.collectors), rest, []);
  if (!parsed.ok) return parsed;
  const { device, findings } = deviceConfig(parsed.value, rest, plugins.collectors, []);
  if (findings.length > 0) return { ok: false, findings };
  if (credential === undefined) return { ok: true, value: device };
  const snmp = credentials.get(credential);
  if (snmp !== undefined)
    return { ok: true, value: { ...device, sections: { ...device.sections, snmp: [snmp] } } };
  const message = `there is no SNMP credential "${credential.slice(0, 64)}"`;
  return { ok: false, findings: [{ path: ["snmp", "credential"], message }] };
}

/** What stands in state.db, as far as it goes into the configuration. */
export interface Layer {
  readonly devices: readonly StoredDocument[];
  readonly rules: readonly StoredDocument[];
  readonly credentials: SnmpCredentials;
}

/** A document that no longer fits: it is left out and told. */
export interface LeftOut {
  readonly document: StoredDocument;
  readonly why: string;
}

/** The file's configuration with what pages made below it: an item of the file comes whole from there. */
export function layered(
  config: Config,
  layer: Layer,
  plugins: PluginSections,
): { readonly config: Config; readonly leftOut: readonly LeftOut[] } {
  const leftOut: LeftOut[] = [];
  function take<T>(document: StoredDocument, parsed: Parsed<T>): T[] {
    if (parsed.ok) return [parsed.value];
    leftOut.push({ document, why: findingsText(parsed.findings) });
    return [];
  }
  const inFile = new Set<string>(config.devices.map(({ id }) => id));
  const devices = layer.devices
    .filter(({ id }) => !inFile.has(id))
    .flatMap((document) => take(document, parseDevice(document.body, plugins, layer.credentials)));
  const rules = new Map(config.rules.map((rule) => [rule.id, rule]));
  for (const document of layer.rules) {
    if (rules.get(document.id)?.origin === "file") continue;
    const [entry] = take(document, parseRule(document.body, plugins.checks, "page", []));
    if (entry?.kind === "rule") rules.set(entry.rule.id, entry.rule);
    else if (entry) rules.delete(entry.id);
  }
  return {
    config: { ...config, devices: unlooped([...config.devices, ...devices]), rules: [...rules.values()] },
    leftOut,
  };
}

/** A page's `behind` that leads nowhere or back to its start is dropped: the device is watched all the same. */
function unlooped(devices: readonly DeviceConfig[]): DeviceConfig[] {
  const ids = new Set<string>([...Object.values(pathDevices), ...devices.map(({ id }) => id)]);
  const placed = devices.map((value, at) => ({ path: [at], value }));
  const wrong = new Set(checkBehind(placed, ids).map(({ path }) => path[0]));
  return devices.map((device, at) => {
    if (!wrong.has(at)) return device;
    const { behind: _, ...rest } = device;
    return rest;
  });
}
