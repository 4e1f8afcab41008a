import { ApplianceError } from "../model/errors.ts";
import {
  type IdentityField,
  type IdentitySource,
  identityFields,
  type Profile,
  type ProfileColumn,
  type ProfileMove,
  type ProfilePool,
  type ProfileSensor,
  type ProfileSupply,
  type ProfileTable,
  type ProfileWords,
  type TableRole,
} from "../model/profile.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { safePattern } from "./pattern.ts";
import { compileTemplate, type Template } from "./template.ts";

export interface ResolvedSource {
  readonly text: Template;
  readonly pattern?: ReturnType<typeof safePattern>;
  readonly map?: Readonly<Record<string, string>>;
  readonly when?: Expression;
  readonly table?: string;
}

export interface ResolvedSensor {
  readonly metric: string;
  readonly value: readonly Expression[];
  readonly description: Template;
  readonly channel?: Template;
  readonly when?: Expression;
  readonly words?: ProfileWords;
  readonly limits?: Readonly<Partial<Record<"low" | "lowWarn" | "highWarn" | "high", Expression>>>;
  readonly class?: string;
}

export interface ResolvedPool {
  readonly description: Template;
  readonly channel?: Template;
  readonly when?: Expression;
  readonly total?: Expression;
  readonly used?: Expression;
  readonly free?: Expression;
  readonly percent?: Expression;
}

export interface ResolvedSupply {
  readonly description: Template;
  readonly type?: Template;
  readonly unit?: Template;
  readonly level: Expression;
  readonly capacity?: Expression;
  readonly when?: Expression;
}

export interface ResolvedColumn extends Omit<ProfileColumn, "oid"> {
  /** Absolute. */
  readonly oid: string;
}

/** A table, or all scalars together: then `oid` is empty and there is one row with an empty index. */
export interface ResolvedGroup {
  readonly name: string;
  readonly oid: string;
  readonly role?: TableRole;
  readonly fields: Readonly<Record<string, Expression>>;
  readonly columns: ReadonlyMap<string, ResolvedColumn>;
  readonly when?: Expression;
  readonly channel?: Template;
  readonly watch: readonly string[];
  readonly sensors: readonly ResolvedSensor[];
  readonly processors: readonly ResolvedSensor[];
  readonly wireless: readonly ResolvedSensor[];
  readonly memory: readonly ResolvedPool[];
  readonly storage: readonly ResolvedPool[];
  readonly supplies: readonly ResolvedSupply[];
}

/** A profile with all it extends, compiled. */
export interface ResolvedProfile {
  readonly name: string;
  readonly identity: Readonly<Record<IdentityField, readonly ResolvedSource[]>>;
  readonly scalars: ResolvedGroup;
  readonly tables: readonly ResolvedGroup[];
}

const defaultBase = "generic";

/**
 * `sysObjectID` is the device's, for trees that lie below a part of it.
 * @throws ApplianceError PROFILE_INVALID for a profile that does not exist, extends itself, or uses unknown words
 */
export function resolveProfile(
  name: string,
  find: (name: string) => Profile | undefined,
  sysObjectID?: string,
): ResolvedProfile {
  const chain = chainOf(name, find, []).map((profile, _, all) => movedProfile(profile, all, sysObjectID));
  const words: Record<string, ProfileWords> = {};
  for (const profile of [...chain].reverse()) Object.assign(words, profile.words);
  const without = new Set(chain.flatMap((profile) => profile.without ?? []));
  const compile = new Compiler(name, words);
  const tables = new Map<string, ResolvedGroup>();
  for (const profile of chain)
    for (const [key, table] of Object.entries(profile.tables ?? {}))
      if (!without.has(key) && !tables.has(key)) tables.set(key, compile.table(key, table));
  const identity = Object.fromEntries(
    identityFields.map((field) => [
      field,
      chain.flatMap((profile) => (profile.identity?.[field] ?? []).map(compile.source)),
    ]),
  ) as Record<IdentityField, ResolvedSource[]>;
  return { name, identity, scalars: compile.scalars(chain), tables: [...tables.values()] };
}

/** The profile and what it extends, most special first, each once; `without` may name whole profiles. */
function chainOf(
  name: string,
  find: (name: string) => Profile | undefined,
  above: readonly string[],
): Profile[] {
  const profile = find(name);
  if (!profile)
    throw invalid(above.at(-1) ?? name, `it extends "${name}", which does not exist or has mistakes`);
  if (above.includes(name)) throw invalid(name, `it extends itself by way of ${above.join(", ")}`);
  const bases = profile.extends ?? (profile.match && name !== defaultBase ? [defaultBase] : []);
  const without = new Set(profile.without ?? []);
  const chain = [profile, ...bases.flatMap((base) => chainOf(base, find, [...above, name]))];
  return [...new Set(chain)].filter((member) => !without.has(member.name));
}

/** Where the tree of `move` lies on a device with this sysObjectID. */
export function moveTarget({ from, to }: ProfileMove, sysObjectID: string | undefined): string {
  if (typeof to === "string") return to;
  const arcs = sysObjectID?.split(".") ?? [];
  return arcs.length < to.sysObjectID ? from : arcs.slice(0, to.sysObjectID).join(".");
}

function movedProfile(profile: Profile, chain: readonly Profile[], sysObjectID: string | undefined): Profile {
  const moves = chain.flatMap(({ moved }) => (moved ? [moved] : []));
  if (moves.length === 0) return profile;
  const oidOf = (oid: string) => {
    const move = moves.find(({ from }) => oid === from || oid.startsWith(`${from}.`));
    return move ? moveTarget(move, sysObjectID) + oid.slice(move.from.length) : oid;
  };
  const columns = (of: Readonly<Record<string, ProfileColumn>> = {}) =>
    Object.fromEntries(
      Object.entries(of).map(([key, column]) => [key, { ...column, oid: oidOf(column.oid) }]),
    );
  const tables = Object.entries(profile.tables ?? {}).map(([key, table]) => [
    key,
    { ...table, oid: oidOf(table.oid), columns: columns(table.columns) },
  ]);
  return { ...profile, scalars: columns(profile.scalars), tables: Object.fromEntries(tables) };
}

function invalid(profile: string, what: string): ApplianceError {
  return new ApplianceError("PROFILE_INVALID", `The profile "${profile}" cannot be used: ${what}.`);
}

class Compiler {
  readonly #profile: string;
  readonly #words: Readonly<Record<string, ProfileWords>>;

  constructor(profile: string, words: Readonly<Record<string, ProfileWords>>) {
    this.#profile = profile;
    this.#words = words;
  }

  readonly source = (source: IdentitySource): ResolvedSource => ({
    text: compileTemplate(source.text),
    ...(source.pattern === undefined ? {} : { pattern: safePattern(source.pattern) }),
    ...(source.map ? { map: source.map } : {}),
    ...optional("when", source.when, compileExpression),
    ...(source.table ? { table: source.table } : {}),
  });

  table(name: string, table: ProfileTable): ResolvedGroup {
    const columns = new Map<string, ResolvedColumn>();
    for (const [key, column] of Object.entries(table.columns))
      columns.set(key, { ...column, oid: absolute(table.oid, column.oid) });
    const fields = Object.fromEntries(
      Object.entries(table.fields ?? {}).map(([key, text]) => [key, compileExpression(text)]),
    );
    return {
      name,
      oid: table.oid,
      columns,
      fields,
      watch: table.watch ?? [],
      ...(table.role ? { role: table.role } : {}),
      ...optional("when", table.when, compileExpression),
      ...optional("channel", table.channel, compileTemplate),
      ...this.#lists(table),
      supplies: (table.supplies ?? []).map((supply) => this.#supply(supply)),
    };
  }

  scalars(chain: readonly Profile[]): ResolvedGroup {
    const columns = new Map<string, ResolvedColumn>();
    for (const profile of [...chain].reverse())
      for (const [key, column] of Object.entries(profile.scalars ?? {})) columns.set(key, column);
    const lists = chain.map((profile) => this.#lists(profile));
    return {
      name: "scalars",
      oid: "",
      columns,
      fields: {},
      watch: [],
      sensors: lists.flatMap((list) => list.sensors),
      processors: lists.flatMap((list) => list.processors),
      wireless: lists.flatMap((list) => list.wireless),
      memory: lists.flatMap((list) => list.memory),
      storage: lists.flatMap((list) => list.storage),
      supplies: [],
    };
  }

  #lists(part: Pick<Profile, "sensors" | "processors" | "wireless" | "memory" | "storage">) {
    const sensors = (list: readonly ProfileSensor[] | undefined) =>
      (list ?? []).map((entry) => this.#sensor(entry));
    const pools = (list: readonly ProfilePool[] | undefined) =>
      (list ?? []).map((entry) => this.#pool(entry));
    return {
      sensors: sensors(part.sensors),
      processors: sensors(part.processors),
      wireless: sensors(part.wireless),
      memory: pools(part.memory),
      storage: pools(part.storage),
    };
  }

  #sensor(sensor: ProfileSensor): ResolvedSensor {
    const limits = sensor.limits
      ? Object.fromEntries(
          Object.entries(sensor.limits).flatMap(([key, text]) =>
            text ? [[key, compileExpression(text)]] : [],
          ),
        )
      : undefined;
    return {
      metric: sensor.metric,
      value: sensor.value.map(compileExpression),
      description: compileTemplate(sensor.description),
      ...optional("channel", sensor.channel, compileTemplate),
      ...optional("when", sensor.when, compileExpression),
      ...(sensor.words ? { words: this.#wordsOf(sensor.words) } : {}),
      ...(limits ? { limits } : {}),
      ...(sensor.class ? { class: sensor.class } : {}),
    };
  }

  #wordsOf(words: ProfileWords | string): ProfileWords {
    if (typeof words !== "string") return words;
    const found = this.#words[words];
    if (!found) throw invalid(this.#profile, `no words are called "${words}"`);
    return found;
  }

  #pool(pool: ProfilePool): ResolvedPool {
    return {
      description: compileTemplate(pool.description),
      ...optional("channel", pool.channel, compileTemplate),
      ...optional("when", pool.when, compileExpression),
      ...optional("total", pool.total, compileExpression),
      ...optional("used", pool.used, compileExpression),
      ...optional("free", pool.free, compileExpression),
      ...optional("percent", pool.percent, compileExpression),
    };
  }

  #supply(supply: ProfileSupply): ResolvedSupply {
    return {
      description: compileTemplate(supply.description),
      level: compileExpression(supply.level),
      ...optional("type", supply.type, compileTemplate),
      ...optional("unit", supply.unit, compileTemplate),
      ...optional("capacity", supply.capacity, compileExpression),
      ...optional("when", supply.when, compileExpression),
    };
  }
}

function optional<K extends string, T>(
  key: K,
  text: string | undefined,
  compile: (text: string) => T,
): Partial<Record<K, T>> {
  return text === undefined ? {} : ({ [key]: compile(text) } as Record<K, T>);
}

/** A column given as a number lies below the entry; `1.3.6...` is an OID already; nothing is the entry itself. */
function absolute(entry: string, column: string): string {
  if (column === "") return entry;
  return /^[0-2](?:\.\d+){4,}$/.test(column) ? column : `${entry}.${column}`;
}
