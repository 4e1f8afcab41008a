import type { Incident } from "../model/alert.ts";
import type { IncidentFilter, IncidentKeeper } from "../model/contracts.ts";
import { readBody } from "./body.ts";
import type { StateDatabase } from "./database.ts";

interface Row {
  readonly id: number | bigint;
  readonly body: string;
}

export interface IncidentStore extends IncidentKeeper {
  /** Removes closed incidents, with their messages, that ended before. */
  prune(beforeMs: number): void;
}

/** Incidents in state.db. `load` gives the open ones and those closed in the last day, newest first. */
export function createIncidentKeeper(state: StateDatabase, nowMs: () => number): IncidentStore {
  const { db } = state;
  const insert = db.prepare<[string, string, number, number | null, string]>(
    "INSERT INTO incidents (device, state, started_ms, ended_ms, body) VALUES (?, ?, ?, ?, ?)",
  );
  const upsert = db.prepare<[number, string, string, number, number | null, string]>(
    `INSERT INTO incidents (id, device, state, started_ms, ended_ms, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET device = excluded.device, state = excluded.state,
			started_ms = excluded.started_ms, ended_ms = excluded.ended_ms, body = excluded.body`,
  );
  const current = db.prepare<[number], Row>(
    "SELECT id, body FROM incidents WHERE state = 'open' OR ended_ms >= ? ORDER BY id DESC",
  );
  const one = db.prepare<[number], Row>("SELECT id, body FROM incidents WHERE id = ?");
  const some = db.prepare<
    {
      state: string | null;
      device: string | null;
      beforeId: number | null;
      limit: number;
    },
    Row
  >(
    `SELECT id, body FROM incidents
		WHERE (@state IS NULL OR state = @state) AND (@device IS NULL OR device = @device)
			AND (@beforeId IS NULL OR id < @beforeId)
		ORDER BY id DESC LIMIT @limit`,
  );
  const read = ({ id, body }: Row): Incident[] => {
    const incident = readBody<Incident>(body, isIncident);
    return incident ? [{ ...incident, id: Number(id) }] : [];
  };
  return {
    load: () => current.all(nowMs() - 86_400_000).flatMap(read),
    save(incident) {
      const { id, device, state, startedMs, endedMs } = incident;
      const columns = [
        device,
        state,
        Math.round(startedMs),
        endedMs === undefined ? null : Math.round(endedMs),
        JSON.stringify(incident),
      ] as const;
      if (id !== 0) {
        upsert.run(id, ...columns);
        return incident;
      }
      return {
        ...incident,
        id: Number(insert.run(...columns).lastInsertRowid),
      };
    },
    list: (filter: IncidentFilter) =>
      some.all({ state: null, device: null, beforeId: null, ...filter }).flatMap(read),
    get: (id) => one.all(id).flatMap(read)[0],
    prune: (beforeMs) => prune(state, beforeMs),
  };
}

function prune({ db, transaction }: StateDatabase, beforeMs: number): void {
  const messages = db.prepare<[number]>(
    `DELETE FROM outbox WHERE state <> 'waiting' AND incident IN
      (SELECT id FROM incidents WHERE state = 'closed' AND ended_ms < ?)`,
  );
  const incidents = db.prepare<[number]>("DELETE FROM incidents WHERE state = 'closed' AND ended_ms < ?");
  transaction(() => {
    messages.run(beforeMs);
    incidents.run(beforeMs);
  });
}

function isIncident(value: Partial<Incident>): boolean {
  return (
    typeof value.device === "string" &&
    typeof value.startedMs === "number" &&
    typeof value.summary === "string" &&
    (value.state === "open" || value.state === "closed") &&
    Array.isArray(value.alerts) &&
    Array.isArray(value.affected) &&
    Array.isArray(value.timeline)
  );
}
