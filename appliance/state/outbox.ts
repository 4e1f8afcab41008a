import type { OutboxEntry, OutboxKeeper } from "../model/contracts.ts";
import { readBodies } from "./body.ts";
import type { StateDatabase } from "./database.ts";

/** Messages to be sent and sent, in state.db, in the order of their decisions. */
export function createOutboxKeeper({ db, transaction }: StateDatabase): OutboxKeeper {
  const insert = db.prepare<[string, number, string, number, string]>(
    "INSERT INTO outbox (id, incident, state, created_ms, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  const change = db.prepare<[string, string, string]>("UPDATE outbox SET state = ?, body = ? WHERE id = ?");
  const waiting = db.prepare<[], { body: string }>(
    "SELECT body FROM outbox WHERE state = 'waiting' ORDER BY sequence",
  );
  const ofIncident = db.prepare<[number], { body: string }>(
    "SELECT body FROM outbox WHERE incident = ? ORDER BY sequence",
  );
  return {
    waiting: () => readBodies<OutboxEntry>(waiting.all(), isEntry),
    add: (entries) =>
      transaction(() => {
        for (const entry of entries)
          insert.run(
            entry.id,
            entry.incident,
            entry.state,
            Math.round(entry.createdMs),
            JSON.stringify(entry),
          );
      }),
    update: (entry) => void change.run(entry.state, JSON.stringify(entry), entry.id),
    ofIncident: (incident) => readBodies<OutboxEntry>(ofIncident.all(incident), isEntry),
  };
}

function isEntry(value: Partial<OutboxEntry>): boolean {
  return (
    typeof value.id === "string" &&
    typeof value.notifier === "string" &&
    typeof value.tries === "number" &&
    typeof value.message?.incident === "object" &&
    typeof value.message.site === "object"
  );
}
