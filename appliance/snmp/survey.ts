import type { Counters } from "../model/contracts.ts";
import type { PortDescription } from "../model/observation.ts";
import type { IdentityField } from "../model/profile.ts";
import type { Identity, PortStatus } from "../model/site.ts";
import { type DeviceKind, deviceKinds } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { indexBelow } from "./ber.ts";
import { type Cell, cleanText, numberOf } from "./decode.ts";
import { evaluateAll } from "./evaluate.ts";
import type { ProfileLibrary } from "./profiles.ts";
import type { Reader } from "./reader.ts";
import { type Findings, holds } from "./reading.ts";
import { Readout, type Row } from "./readout.ts";
import type { ResolvedGroup, ResolvedProfile, ResolvedSource } from "./resolve.ts";
import { Walker } from "./walk.ts";

/** What one look over a device found. */
export interface Survey extends Findings {
  readonly profile: ResolvedProfile;
  readonly identity: Identity;
  readonly kind?: DeviceKind;
  readonly name?: string;
  readonly ports: readonly SurveyedPort[];
  /** Rows of the tables that the code has a meaning for, by role: members as the profile names them. */
  readonly roles: ReadonlyMap<string, readonly RoleRow[]>;
  readonly readout: Readout;
  /** sysUpTime in hundredths of a second. */
  readonly uptimeTicks?: number;
  readonly notes: readonly string[];
  /** Repetitions the device can bear. */
  readonly repetitions: number;
}

export interface SurveyedPort extends PortDescription {
  readonly index: string;
}
export type RoleRow = Readonly<Record<string, Cell>> & { readonly index: string };

export interface SurveyOptions {
  readonly library: ProfileLibrary;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Read the tables of neighbours, addresses and forwarding too; they can be long. */
  readonly neighbours: boolean;
  /** `identity`: only what tells who it is; the tables that tell what it has are left out. */
  readonly depth?: "identity";
}

const neighbourRoles: ReadonlySet<string> = new Set(["lldp", "cdp", "arp", "fdb"]);
const systemOids = {
  sysDescr: "1.3.6.1.2.1.1.1.0",
  sysObjectID: "1.3.6.1.2.1.1.2.0",
  sysUpTime: "1.3.6.1.2.1.1.3.0",
};

/**
 * Looks a device over: who it is, which profile fits, what it has. Rejects with SnmpFailure when it does not answer.
 */
export async function survey(reader: Reader, options: SurveyOptions): Promise<Survey> {
  const walker = new Walker(reader, options.clock);
  const system = await walker.values(Object.values(systemOids));
  const looks = {
    sysObjectID: textOf(system.get(systemOids.sysObjectID)?.value),
    sysDescr: textOf(system.get(systemOids.sysDescr)?.value),
  };
  const roots = options.library.distinguishing(looks);
  const behind = await walker.firstBehind(roots);
  const has = (oid: string) => {
    const first = behind.get(oid)?.oid;
    return first !== undefined && (first === oid || indexBelow(oid, first) !== undefined);
  };
  const profile = options.library.pick(looks, has);
  const wanted = wantedTables(profile, options);
  const readout = new Readout(profile.scalars, wanted);
  for (const [oid, varbind] of system) readout.scalars.set(oid, varbind);
  const notes = await readAll(walker, { ...profile, tables: wanted }, readout);
  return describe({ ...profile, tables: wanted }, readout, walker.repetitions, notes);
}

function wantedTables(profile: ResolvedProfile, { neighbours, depth }: SurveyOptions): ResolvedGroup[] {
  const named = new Set(Object.values(profile.identity).flatMap((sources) => sources.flatMap(tablesOf)));
  return profile.tables.filter(({ name, role }) =>
    depth === "identity" ? named.has(name) : neighbours || !neighbourRoles.has(role ?? ""),
  );
}

/** The table that a source reads, and those whose rows its condition counts. */
function tablesOf({ table, when }: ResolvedSource): string[] {
  const counted = [...(when?.source.matchAll(/\brows\(\s*([\w-]+)/g) ?? [])].map(([, name = ""]) => name);
  return table === undefined ? counted : [table, ...counted];
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Uint8Array) return cleanText(Buffer.from(value).toString("latin1"));
  return typeof value === "string" ? value : undefined;
}

async function readAll(walker: Walker, profile: ResolvedProfile, readout: Readout): Promise<string[]> {
  const scalarOids = [...profile.scalars.columns.values()].map(({ oid }) => oid);
  const missing = [...new Set(scalarOids)].filter((oid) => !readout.scalars.has(oid));
  for (const [oid, varbind] of await walker.values(missing)) readout.scalars.set(oid, varbind);
  const notes: string[] = [];
  for (const oid of await presentColumns(walker, profile.tables)) {
    const column = await walker.column(oid);
    readout.columns.set(oid, column);
    if (column.cut) notes.push(`column ${oid}: ended after ${column.rows.size} rows (${column.cut})`);
  }
  return notes;
}

/** The columns the device has: first by their entries, then one by one; twenty answers fit in one datagram. */
async function presentColumns(walker: Walker, tables: readonly ResolvedGroup[]): Promise<string[]> {
  const all = new Set(tables.flatMap((table) => [...table.columns.values()].map(({ oid }) => oid)));
  const entryOf = (oid: string) => oid.slice(0, oid.lastIndexOf("."));
  const below = (found: Map<string, { readonly oid: string }>) => (root: string) =>
    indexBelow(root, found.get(root)?.oid ?? "") !== undefined;
  const entries = await walker.firstBehind([...new Set([...all].map(entryOf))]);
  const hasEntry = below(entries);
  const columns = [...all].filter((oid) => hasEntry(entryOf(oid)));
  const hasColumn = below(await walker.firstBehind(columns));
  return columns.filter(hasColumn);
}

function describe(profile: ResolvedProfile, readout: Readout, repetitions: number, notes: string[]): Survey {
  const findings = evaluateAll(profile, readout);
  const facts = (field: IdentityField) => factOf(profile.identity[field], profile, readout);
  const kind = deviceKinds.find((known) => known === facts("kind"));
  const name = facts("name");
  const ticks = numberOf(readout.scalar("sysUpTime"));
  const roles = rolesOf(profile, readout);
  const ports = (roles.get("ports") ?? []).map(portOf);
  if (
    ports.length > 0 &&
    !findings.readings.some(({ metric, binding }) => metric === "if_in_octets" && isWide(binding))
  )
    notes.push("no ifXTable: 32-bit counters only");
  return {
    ...findings,
    profile,
    identity: identityOf(readout, facts, profile.name),
    ...(kind ? { kind } : {}),
    ...(name === undefined ? {} : { name }),
    ...(ticks === undefined ? {} : { uptimeTicks: ticks }),
    ports,
    roles,
    readout,
    notes,
    repetitions,
  };
}

function isWide(binding: Findings["readings"][number]["binding"]): boolean {
  return [...binding.cells.values()].some((cell) => "tag" in cell && cell.tag === 0x46);
}

function identityOf(
  readout: Readout,
  facts: (field: IdentityField) => string | undefined,
  profile: string,
): Identity {
  const said = (name: string) => {
    const cell = readout.scalar(name);
    return cell === undefined || cell === "" ? undefined : cleanText(String(cell));
  };
  const entries: Record<string, string | undefined> = {
    vendor: facts("vendor"),
    model: facts("model"),
    version: facts("version"),
    serial: facts("serial"),
    sysName: said("sysName"),
    sysDescr: said("sysDescr"),
    sysObjectID: said("sysObjectID"),
    location: said("sysLocation"),
    contact: said("sysContact"),
    profile,
  };
  return Object.fromEntries(Object.entries(entries).filter(([, text]) => text !== undefined));
}

/** The first source that gives a text. */
function factOf(
  sources: readonly ResolvedSource[],
  profile: ResolvedProfile,
  readout: Readout,
): string | undefined {
  for (const source of sources) {
    const group = source.table ? profile.tables.find(({ name }) => name === source.table) : profile.scalars;
    if (!group) continue;
    for (const index of readout.rowsOf(group)) {
      const row = readout.row(group, index);
      const fact = source.when && !holds(source.when, row) ? undefined : sourceText(source, row);
      if (fact !== undefined) return fact;
    }
  }
  return undefined;
}

function sourceText(source: ResolvedSource, row: Row): string | undefined {
  let text = source.text.fill((name) => row.cell(name));
  if (text !== undefined && source.pattern) {
    const match = source.pattern.exec(text);
    text = match ? (match[1] ?? match[0]) : undefined;
  }
  if (text !== undefined && source.map) text = source.map[text];
  const clean = text === undefined ? "" : cleanText(text);
  return clean === "" ? undefined : clean;
}

function rolesOf(profile: ResolvedProfile, readout: Readout): Map<string, RoleRow[]> {
  const roles = new Map<string, RoleRow[]>();
  for (const group of profile.tables) {
    if (!group.role) continue;
    const rows = roles.get(group.role) ?? [];
    for (const index of readout.rowsOf(group)) {
      const row = readout.row(group, index);
      if (group.when && !holds(group.when, row)) continue;
      const members = Object.entries(group.fields).map(([key, expression]) => [
        key,
        expression.evaluate(row),
      ]);
      rows.push({ ...Object.fromEntries(members), index });
    }
    roles.set(group.role, rows);
  }
  return roles;
}

/** RFC 2863 ifAdminStatus, ifOperStatus. */
export const portStates: readonly PortStatus[] = [
  "up",
  "down",
  "testing",
  "unknown",
  "dormant",
  "notPresent",
  "lowerLayerDown",
];

function portOf(row: RoleRow): SurveyedPort {
  const text = (name: string) => {
    const cell = row[name];
    return cell === undefined || cell === "" ? undefined : String(cell);
  };
  const number = (name: string) => {
    const value = numberOf(row[name]);
    return value === undefined || value < 0 ? undefined : value;
  };
  const entries: Record<string, unknown> = {
    ifIndex: number("ifIndex") ?? Number(row.index.split(".").at(-1)),
    ifName: text("ifName"),
    ifDescr: text("ifDescr"),
    ifAlias: text("ifAlias"),
    ifType: number("ifType"),
    mac: text("mac")?.replaceAll(":", ""),
    mtu: number("mtu"),
    speedBps: number("speedBps"),
    adminStatus: portStates[(numberOf(row.adminStatus) ?? 0) - 1],
    operStatus: portStates[(numberOf(row.operStatus) ?? 0) - 1],
    index: row.index,
  };
  return Object.fromEntries(
    Object.entries(entries).filter(([, value]) => value !== undefined),
  ) as unknown as SurveyedPort;
}
