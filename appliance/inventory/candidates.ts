import { randomInt } from "node:crypto";
import type {
  Candidate,
  CandidateKeeper,
  Discovered,
  Evidence,
  StoredCandidate,
} from "../model/discovery.ts";
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
  ignore(candidate: Candidate, by: string): void;
  restore(candidate: Candidate): void;
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
    const candidate = this.#save(stored);
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

  ignore({ id, firstSeenMs, seenMs }: Candidate, by: string): void {
    // One that speaks by MQTT has no evidence of ours: only that it is ignored is kept.
    const stored = this.#stored.get(id) ?? { id, firstSeenMs, seenMs, evidence: [] };
    this.#save({ ...stored, state: "ignored", ignoredBy: by });
  }

  restore({ id }: Candidate): void {
    const { ignoredBy: _, ...stored } = this.#stored.get(id) ?? {};
    if ("evidence" in stored) this.#save({ ...stored, state: "new" });
  }

  #save(stored: StoredCandidate): Candidate {
    this.#deps.keeper.save(stored);
    return this.#put(stored);
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
    // What somebody ignored stays ignored as long as there is anything else to forget.
    const rank = ({ state }: StoredCandidate) => (state === "ignored" ? 1 : 0);
    const [oldest] = [...this.#stored.values()].sort((a, b) => rank(a) - rank(b) || a.seenMs - b.seenMs);
    if (oldest) this.take(oldest.id);
  }
}

export function createCandidateBook(deps: CandidateBookDeps): CandidateBook {
  return new Book(deps);
}
