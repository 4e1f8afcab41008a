import type { CandidateKeeper, Discovered, Sighting, StoredCandidate } from "../model/discovery.ts";
import { readBodies } from "./body.ts";
import type { StateDatabase } from "./database.ts";

/** Candidates, what discovery knows of watched devices, what changed, and which credential was tried where. */
export function createCandidateKeeper({ db, transaction }: StateDatabase): CandidateKeeper {
  const bodies = (table: "candidates" | "sightings") => {
    const all = db.prepare<[], { body: string }>(`SELECT body FROM ${table} ORDER BY id`);
    const upsert = db.prepare<[string, string]>(
      `INSERT INTO ${table} (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
    );
    const remove = db.prepare<[string]>(`DELETE FROM ${table} WHERE id = ?`);
    return {
      all: () => all.all(),
      save: (id: string, body: object) => void upsert.run(id, JSON.stringify(body)),
      remove: (id: string) => void remove.run(id),
    };
  };
  const candidates = bodies("candidates");
  const sightings = bodies("sightings");
  const someChanges = db.prepare<[number], { body: string }>(
    "SELECT body FROM discovered WHERE at_ms >= ? ORDER BY at_ms DESC, sequence DESC LIMIT 500",
  );
  const addChange = db.prepare<[number, string]>("INSERT INTO discovered (at_ms, body) VALUES (?, ?)");
  const dropChanges = db.prepare<[number]>("DELETE FROM discovered WHERE at_ms < ?");
  const tries = triesIn(db);
  return {
    together(run) {
      transaction(() => {
        tries.write();
        run();
      });
      tries.written();
    },
    load: () => readBodies<StoredCandidate>(candidates.all(), isCandidate),
    save: (candidate) => candidates.save(candidate.id, candidate),
    remove: candidates.remove,
    sightings: () =>
      readBodies<Sighting>(
        sightings.all(),
        ({ device, keys }) => typeof device === "string" && Array.isArray(keys),
      ),
    saveSighting: (sighting) => sightings.save(sighting.device, sighting),
    removeSighting: sightings.remove,
    changes: (sinceMs) =>
      readBodies<Discovered>(
        someChanges.all(Math.round(sinceMs)),
        ({ kind, atMs }) => typeof kind === "string" && typeof atMs === "number",
      ),
    addChange: (change) => void addChange.run(Math.round(change.atMs), JSON.stringify(change)),
    lastMs: tries.lastMs,
    tried: tries.tried,
    prune(beforeMs) {
      dropChanges.run(Math.round(beforeMs));
      tries.prune(beforeMs);
    },
  };
}

/** Which credential was tried where. Written with what a scan found: a card need not bear a commit for each. */
function triesIn(db: StateDatabase["db"]) {
  const last = db.prepare<[string, string], { at_ms: number }>(
    "SELECT at_ms FROM tries WHERE address = ? AND credential = ?",
  );
  const put = db.prepare<[string, string, number]>(
    `INSERT INTO tries (address, credential, at_ms) VALUES (?, ?, ?)
     ON CONFLICT (address, credential) DO UPDATE SET at_ms = excluded.at_ms`,
  );
  const drop = db.prepare<[number]>("DELETE FROM tries WHERE at_ms < ?");
  const waiting = new Map<string, readonly [address: string, credential: string, atMs: number]>();
  const slot = (address: string, credential: string) => `${address} ${credential}`;
  return {
    lastMs: (address: string, credential: string) =>
      waiting.get(slot(address, credential))?.[2] ?? last.get(address, credential)?.at_ms,
    tried: (address: string, credential: string, atMs: number) =>
      void waiting.set(slot(address, credential), [address, credential, Math.round(atMs)]),
    write() {
      for (const one of waiting.values()) put.run(...one);
    },
    written: () => waiting.clear(),
    prune: (beforeMs: number) => void drop.run(Math.round(beforeMs)),
  };
}

function isCandidate({ id, state, firstSeenMs, seenMs, evidence }: Partial<StoredCandidate>): boolean {
  return (
    typeof id === "string" &&
    typeof state === "string" &&
    typeof firstSeenMs === "number" &&
    typeof seenMs === "number" &&
    Array.isArray(evidence)
  );
}
