import { randomInt } from "node:crypto";
import type {
  Candidate,
  CandidateKeeper,
  Discovered,
  Evidence,
  StoredCandidate,
} from "../model/discovery.ts";
import { ApplianceError } from "../model/errors.ts";
import { type DeviceId, deviceId } from "../model/site.ts";
import { differInStronger } from "./keys.ts";
import { lookOf } from "./looks.ts";
import type { MakerOf } from "./makers.ts";
import { keysOfAll, type Thing } from "./things.ts";

export interface CandidateBookDeps {
  readonly keeper: CandidateKeeper;
  readonly makerOf: MakerOf;
  /** Ids that devices have or had. */
  readonly isTaken: (id: DeviceId) => boolean;
  readonly onChange: (change: Discovered) => void;
}

/** What is there and not watched. */
export interface CandidateBook {
  all(): readonly Candidate[];
  get(id: string): Candidate | undefined;
  /** A thing that was seen: another sight of a known candidate, or a new one. */
  see(thing: Thing, nowMs: number): Candidate;
  setState(id: string, state: "new" | "ignored", by?: string): void;
  /** It is watched now, or turned out to be a watched device. */
  take(id: DeviceId): void;
  /** The candidate that shows one of these keys. */
  find(keys: readonly string[]): Candidate | undefined;
  /** Forgets what was not seen since then; the ignored stay ignored. */
  forget(beforeMs: number): void;
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
const mostEvidence = 30;
/** More is no office; the longest not seen go first. */
const mostCandidates = 2_000;

type Dated = StoredCandidate["evidence"][number];

/** The newest of each finder and address. Whatever a device no longer says fades after a month. */
function merged(known: readonly Dated[], now: readonly Evidence[], nowMs: number): Dated[] {
  const slot = ({ finder, address, mac }: Evidence) => `${finder} ${address ?? mac ?? ""}`;
  const fresh = now.map((evidence) => ({ ...evidence, seenMs: nowMs }));
  const taken = new Set(fresh.map(slot));
  return [...fresh, ...known.filter((one) => !taken.has(slot(one)))].slice(0, mostEvidence);
}

class Book implements CandidateBook {
  readonly #deps: CandidateBookDeps;
  readonly #stored = new Map<DeviceId, StoredCandidate>();
  readonly #looks = new Map<DeviceId, Candidate>();
  readonly #byKey = new Map<string, Set<DeviceId>>();

  constructor(deps: CandidateBookDeps) {
    this.#deps = deps;
    for (const one of deps.keeper.load()) this.#put(one);
  }

  all(): readonly Candidate[] {
    return [...this.#looks.values()].sort((a, b) => b.firstSeenMs - a.firstSeenMs || (a.id < b.id ? -1 : 1));
  }

  get(id: string): Candidate | undefined {
    return this.#looks.get(id as DeviceId);
  }

  #put(stored: StoredCandidate): Candidate {
    this.#drop(stored.id);
    const { id, state, firstSeenMs, seenMs, ignoredBy } = stored;
    const keys = keysOfAll(stored.evidence);
    const candidate: Candidate = {
      id,
      state,
      firstSeenMs,
      seenMs,
      keys,
      ...lookOf(stored.evidence, this.#deps.makerOf),
      ...(ignoredBy === undefined ? {} : { ignoredBy }),
    };
    this.#stored.set(id, stored);
    this.#looks.set(id, candidate);
    for (const key of keys) {
      const holders = this.#byKey.get(key);
      if (holders) holders.add(id);
      else this.#byKey.set(key, new Set([id]));
    }
    return candidate;
  }

  #drop(id: DeviceId): void {
    for (const key of this.#looks.get(id)?.keys ?? []) this.#byKey.get(key)?.delete(id);
    this.#stored.delete(id);
    this.#looks.delete(id);
  }

  find(keys: readonly string[]): Candidate | undefined {
    for (const key of keys)
      for (const id of this.#byKey.get(key) ?? []) {
        const candidate = this.#looks.get(id);
        if (candidate && !differInStronger(candidate.keys, keys, key)) return candidate;
      }
    return undefined;
  }

  see(thing: Thing, nowMs: number): Candidate {
    const known = this.find(thing.keys);
    const before = known && this.#stored.get(known.id);
    const stored: StoredCandidate = {
      ...(before ?? { id: this.#newId(), state: "new", firstSeenMs: nowMs }),
      seenMs: nowMs,
      evidence: merged(before?.evidence ?? [], thing.evidence, nowMs),
    };
    const candidate = this.#put(stored);
    this.#deps.keeper.save(stored);
    this.#tell(known, candidate, nowMs);
    if (this.#looks.size > mostCandidates) this.#forgetOldest();
    return candidate;
  }

  #tell(before: Candidate | undefined, now: Candidate, atMs: number): void {
    if (now.state === "ignored") return;
    const about = { candidate: now.id, name: now.name, atMs };
    const [address = "", version = ""] = [now.addresses[0], now.identity.version];
    // What draws its address by lot passes by all the time.
    if (!before) {
      if (!now.isRandomMac) this.#deps.onChange({ ...about, kind: "new", text: address });
      return;
    }
    const old = before.identity.version;
    if (old !== undefined && version !== "" && old !== version)
      this.#deps.onChange({ ...about, kind: "firmware", text: `${old} → ${version}` });
  }

  #newId(): DeviceId {
    for (;;) {
      const id = deviceId(Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join(""));
      if (!this.#stored.has(id) && !this.#deps.isTaken(id)) return id;
    }
  }

  setState(id: string, state: "new" | "ignored", by?: string): void {
    const stored = this.#stored.get(id as DeviceId);
    if (!stored) throw new ApplianceError("NOT_FOUND", `There is no candidate "${id.slice(0, 64)}".`);
    const { ignoredBy: _, ...rest } = stored;
    const next = { ...rest, state, ...(by === undefined ? {} : { ignoredBy: by }) };
    this.#deps.keeper.save(next);
    this.#put(next);
  }

  take(id: DeviceId): void {
    this.#drop(id);
    this.#deps.keeper.remove(id);
  }

  forget(beforeMs: number): void {
    for (const { id, seenMs, state } of [...this.#stored.values()])
      if (seenMs < beforeMs && state === "new") this.take(id);
  }

  #forgetOldest(): void {
    const [oldest] = [...this.#stored.values()].sort((a, b) => a.seenMs - b.seenMs);
    if (oldest) this.take(oldest.id);
  }
}

export function createCandidateBook(deps: CandidateBookDeps): CandidateBook {
  return new Book(deps);
}
