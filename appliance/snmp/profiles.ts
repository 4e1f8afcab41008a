import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { ApplianceError } from "../model/errors.ts";
import type { Profile, ProfileMatch } from "../model/profile.ts";
import { safePattern } from "./pattern.ts";
import { profileSchema } from "./profile-schema.ts";
import { moveTarget, type ResolvedProfile, resolveProfile } from "./resolve.ts";

const fileLimit = 1024 * 1024;
/** Profiles that are put together without a pause. */
const profilesAtOnce = 8;
const fallbackName = "generic";

/** A mistake in a profile: `file:line:column: what`. */
export type ProfileProblem = string;

export interface LoadedProfiles {
  readonly library: ProfileLibrary;
  /** Files that were left out, each for these reasons. */
  readonly problems: readonly ProfileProblem[];
}

/**
 * Reads every profile of the folders, later ones over earlier ones of the same name. A file with mistakes is left out
 * alone; a folder that does not exist holds none.
 *
 * @param before - what was read last: a file that has a mistake now stays as it was there
 */
export async function loadProfiles(
  folders: readonly string[],
  before?: ProfileLibrary,
): Promise<LoadedProfiles> {
  const profiles = new Map<string, RankedProfile>();
  const problems: ProfileProblem[] = [];
  for (const [rank, folder] of folders.entries()) {
    for (const file of await profileFiles(folder)) {
      const text = await readFile(path.join(folder, file), "utf8");
      const parsed = parseProfile(text, path.join(folder, file));
      if ("profile" in parsed) profiles.set(parsed.profile.name, { profile: parsed.profile, rank });
      else {
        problems.push(...parsed.problems);
        const kept = before?.ranked(path.basename(file, ".yaml"));
        if (kept?.rank === rank) profiles.set(kept.profile.name, kept);
      }
    }
  }
  const library = new ProfileLibrary(profiles);
  return { library, problems: [...problems, ...(await dropImpossible(library, profiles))] };
}

/** Takes out those that cannot be put together, and says why. */
async function dropImpossible(
  library: ProfileLibrary,
  profiles: Map<string, RankedProfile>,
): Promise<ProfileProblem[]> {
  const problems: ProfileProblem[] = [];
  for (const [position, name] of library.names.entries()) {
    // All of them take seconds on a small computer; pages are served in between.
    if (position % profilesAtOnce === 0) await setImmediate();
    // Only to see whether it can be: kept, all of them together would take as much memory as the rest of the box.
    const problem = problemOf(() => resolveProfile(name, (wanted) => library.get(wanted)));
    if (problem === undefined) continue;
    problems.push(problem);
    profiles.delete(name);
  }
  return problems;
}

function problemOf(resolve: () => unknown): string | undefined {
  try {
    resolve();
    return undefined;
  } catch (error) {
    if (error instanceof ApplianceError) return error.message;
    throw error;
  }
}

async function profileFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ApplianceError("PROFILE_INVALID", `The folder ${folder} cannot be read: ${error.message}`, {
      cause: error,
    });
  });
  return names.filter((name) => name.endsWith(".yaml")).sort();
}

/** One file as a profile, or everything that is wrong with it. `where` is how the messages call it. */
export function parseProfile(
  text: string,
  where: string,
): { readonly profile: Profile } | { readonly problems: ProfileProblem[] } {
  if (text.length > fileLimit) return { problems: [`${where}:1:1: larger than 1 MiB`] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${where}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  if (document.errors.length > 0)
    return {
      problems: document.errors.map((error) => `${place(error.pos[0])}: ${error.message.split("\n")[0]}`),
    };
  const result = profileSchema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (result.success) return checkName(result.data, where);
  return {
    problems: result.error.issues
      .flatMap(innerIssues)
      .map(
        (issue) =>
          `${place(offsetOf(document.contents, issue.path))}: ${issue.path.join(".") || "file"}: ${issue.message}`,
      ),
  };
}

function checkName(profile: Profile, where: string): { profile: Profile } | { problems: ProfileProblem[] } {
  const expected = path.basename(where, ".yaml");
  if (profile.name === expected) return { profile };
  return { problems: [`${where}:1:1: name: expected "${expected}", as the file is called`] };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A union hides what is wrong inside it: of its branches the one that came farthest is told. */
function innerIssues(
  issue: Issue & {
    readonly code?: string;
    readonly errors?: readonly (readonly Issue[])[];
    readonly keys?: readonly string[];
  },
): Issue[] {
  if (issue.code === "unrecognized_keys")
    return (issue.keys ?? []).map((key) => ({
      path: [...issue.path, key],
      message: "there is no such member",
    }));
  if (issue.code !== "invalid_union" || !issue.errors) return [issue];
  const deepest = (issues: readonly Issue[]) => Math.max(0, ...issues.map((inner) => inner.path.length));
  const branch = [...issue.errors].sort((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0] ?? [];
  if (deepest(branch) === 0 && issue.errors.length > 1) return [issue, ...branch].slice(0, 1);
  return branch.flatMap((inner) => innerIssues({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Where a path of the data stands in the text; the nearest parent that stands there when it does not. */
function offsetOf(root: Node | null, keys: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of keys) {
    const next = childOf(node, key);
    if (!next) break;
    node = next.node;
    offset = next.offset ?? offset;
  }
  return offset;
}

function childOf(node: unknown, key: PropertyKey): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
    );
    if (!pair) return undefined;
    return { node: pair.value, offset: (pair.key as Node).range?.[0] };
  }
  const items = (node as { items?: readonly unknown[] } | null)?.items;
  const item = items?.[Number(key)] as Node | undefined;
  return item ? { node: item, offset: item.range?.[0] } : undefined;
}

interface RankedProfile {
  readonly profile: Profile;
  /** Position of its folder: the user's come after the shipped ones. */
  readonly rank: number;
}

interface Candidate extends RankedProfile {
  readonly match: ProfileMatch;
  readonly score: number;
}

/** What a device says of itself before anything is known of it. */
export interface Looks {
  readonly sysObjectID?: string | undefined;
  readonly sysDescr?: string | undefined;
}

/** All profiles that loaded. Picks the one for a device; the pieces it extends are put together once. */
export class ProfileLibrary {
  readonly #profiles: ReadonlyMap<string, RankedProfile>;
  readonly #resolved = new Map<string, ResolvedProfile>();

  constructor(profiles: ReadonlyMap<string, RankedProfile>) {
    this.#profiles = profiles;
  }

  get names(): string[] {
    return [...this.#profiles.keys()];
  }

  get(name: string): Profile | undefined {
    return this.#profiles.get(name)?.profile;
  }

  /** The profile of this name, and the place of its folder. */
  ranked(name: string): RankedProfile | undefined {
    return this.#profiles.get(name);
  }

  /** OIDs worth asking for before `pick`: the ones that tell profiles apart for a device of these looks. */
  distinguishing(looks: Looks): string[] {
    const asked = this.#candidates(looks).flatMap(({ match }) => (match.has ? [match.has] : []));
    return [...new Set(asked)];
  }

  /** The profile that fits best: the longest sysObjectID, then what asks for more, then the user's. */
  pick(looks: Looks, has: (oid: string) => boolean): ResolvedProfile {
    const best = this.#candidates(looks)
      .filter(({ match }) => match.has === undefined || has(match.has))
      .sort((a, b) => b.score - a.score || b.rank - a.rank)[0];
    return this.resolve(best?.profile.name ?? fallbackName, looks.sysObjectID);
  }

  resolve(name: string, sysObjectID?: string): ResolvedProfile {
    const move = this.get(name)?.moved;
    const key = move ? `${name} ${moveTarget(move, sysObjectID)}` : name;
    const known = this.#resolved.get(key);
    if (known) return known;
    const resolved = resolveProfile(name, (wanted) => this.get(wanted), sysObjectID);
    this.#resolved.set(key, resolved);
    return resolved;
  }

  /** Names of traps by OID, of all profiles. */
  traps(): Map<string, string> {
    const found = new Map<string, string>();
    for (const { profile } of this.#profiles.values())
      for (const [name, oid] of Object.entries(profile.traps ?? {})) found.set(oid, name);
    return found;
  }

  #candidates(looks: Looks): Candidate[] {
    const found: Candidate[] = [];
    for (const ranked of this.#profiles.values())
      for (const match of ranked.profile.match ?? []) {
        const score = scoreOf(match, looks);
        if (score !== undefined) found.push({ ...ranked, match, score });
      }
    return found;
  }
}

/** How much a match asks for; undefined when the device does not look like it. */
function scoreOf(match: ProfileMatch, looks: Looks): number | undefined {
  let score = 0;
  if (match.sysObjectID !== undefined) {
    const { sysObjectID } = looks;
    if (sysObjectID !== match.sysObjectID && !sysObjectID?.startsWith(`${match.sysObjectID}.`))
      return undefined;
    score += match.sysObjectID.split(".").length * 10;
  }
  if (match.sysDescr !== undefined) {
    if (looks.sysDescr === undefined || !safePattern(match.sysDescr).exec(looks.sysDescr)) return undefined;
    score += 5;
  }
  return match.has === undefined ? score : score + 6;
}
