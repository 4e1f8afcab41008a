import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { type MibModule, parseMib } from "./mib-file.ts";
import { MibMistake } from "./mib-tokens.ts";

/** Names that need no file. Source: RFC 1155, RFC 2578 §2, RFC 1213. */
const roots: Readonly<Record<string, string>> = {
  ccitt: "0",
  iso: "1",
  org: "1.3",
  dod: "1.3.6",
  internet: "1.3.6.1",
  directory: "1.3.6.1.1",
  mgmt: "1.3.6.1.2",
  "mib-2": "1.3.6.1.2.1",
  transmission: "1.3.6.1.2.1.10",
  snmp: "1.3.6.1.2.1.11",
  experimental: "1.3.6.1.3",
  private: "1.3.6.1.4",
  enterprises: "1.3.6.1.4.1",
  security: "1.3.6.1.5",
  snmpV2: "1.3.6.1.6",
  snmpDomains: "1.3.6.1.6.1",
  snmpProxys: "1.3.6.1.6.2",
  snmpModules: "1.3.6.1.6.3",
};
/** Files of a folder that people call MIBs. */
const endings = /\.(mib|my|txt|asn1?)$/i;
const mostFiles = 500;
const deepest = 128;

export interface MibNames {
  /** OID to name of every trap. */
  readonly traps: ReadonlyMap<string, string>;
  /** `file:line: what`; a file with a mistake is left out alone. */
  readonly problems: readonly string[];
}

/** Reads every MIB file of a folder; one that does not exist holds none. */
export async function loadMibs(folder: string): Promise<MibNames> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const files = names.filter((name) => endings.test(name)).sort();
  const problems: string[] = [];
  if (files.length > mostFiles)
    problems.push(`${folder}: more than ${mostFiles} files; the rest is not read`);
  const read: { readonly file: string; readonly module: MibModule }[] = [];
  for (const name of files.slice(0, mostFiles)) {
    const file = path.join(folder, name);
    try {
      for (const module of parseMib(await readFile(file, "utf8"))) read.push({ file, module });
    } catch (error) {
      const line = error instanceof MibMistake ? error.line : 1;
      problems.push(`${file}:${line}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const resolved = resolveAll(read);
  return { traps: resolved.traps, problems: [...problems, ...resolved.problems] };
}

function resolveAll(read: readonly { readonly file: string; readonly module: MibModule }[]): MibNames {
  const modules = new Map(read.map(({ module }) => [module.name, module]));
  const traps = new Map<string, string>();
  const problems: string[] = [];
  for (const { file, module } of read)
    for (const { name, line, place } of module.traps) {
      const oid = oidOf(place, module, modules);
      if ("missing" in oid)
        problems.push(`${file}:${line}: ${name} hangs on ${oid.missing}, which no file here defines`);
      else if (!traps.has(oid.text)) traps.set(oid.text, name);
    }
  return { traps, problems };
}

/** The whole OID of a place, name by name up to a root. */
function oidOf(
  place: { readonly parent: string | undefined; readonly arcs: readonly number[] },
  module: MibModule,
  modules: ReadonlyMap<string, MibModule>,
): { readonly text: string } | { readonly missing: string } {
  let { parent } = place;
  let within: MibModule | undefined = module;
  let arcs: readonly number[] = place.arcs;
  for (let depth = 0; parent !== undefined; depth++) {
    if (depth > deepest) return { missing: `${parent} (a circle)` };
    const own: typeof place | undefined = within?.places.get(parent);
    const root = roots[parent];
    if (own) {
      arcs = [...own.arcs, ...arcs];
      parent = own.parent;
    } else if (root !== undefined) {
      arcs = [...root.split(".").map(Number), ...arcs];
      parent = undefined;
    } else {
      const from = elsewhere(parent, within, modules);
      if (!from) return { missing: parent };
      within = from;
    }
  }
  return { text: arcs.join(".") };
}

/** The module that defines a name which is not the module's own: as its imports say, else any that does. */
function elsewhere(
  name: string,
  within: MibModule | undefined,
  modules: ReadonlyMap<string, MibModule>,
): MibModule | undefined {
  const imported = modules.get(within?.imports.get(name) ?? "");
  if (imported?.places.has(name)) return imported;
  return [...modules.values()].find((other) => other !== within && other.places.has(name));
}
