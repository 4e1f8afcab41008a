import type { DocumentKeeper, DocumentKind, Edit, StoredDocument } from "../model/documents.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import { readBody } from "./body.ts";
import type { StateDatabase } from "./database.ts";

interface Row {
  readonly id: string;
  readonly version: number;
  readonly body: string;
  readonly by: string;
  readonly at_ms: number;
}

/** What pages and the API made, in state.db. */
export function createDocumentKeeper({ db, transaction }: StateDatabase, clock: Clock): DocumentKeeper {
  const columns = "id, version, body, by, at_ms";
  const all = db.prepare<[string], Row>(`SELECT ${columns} FROM documents WHERE kind = ? ORDER BY id`);
  const one = db.prepare<[string, string], Row>(`SELECT ${columns} FROM documents WHERE kind = ? AND id = ?`);
  const upsert = db.prepare<[string, string, number, string, string, number]>(
    `INSERT INTO documents (kind, id, version, body, by, at_ms) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, body = excluded.body, by = excluded.by, at_ms = excluded.at_ms`,
  );
  const remove = db.prepare<[string, string]>("DELETE FROM documents WHERE kind = ? AND id = ?");

  function expectVersion(kind: DocumentKind, id: string, { version }: Edit): void {
    const now = one.get(kind, id)?.version ?? 0;
    if (now === version) return;
    throw new ApplianceError(
      "CONFLICT",
      now === 0
        ? `The ${kind} "${id}" is no longer there. Open the page again.`
        : `The ${kind} "${id}" was changed meanwhile (it is version ${now}, not ${version}). Open the page again, then change it.`,
    );
  }

  return {
    all: (kind) => all.all(kind).flatMap((row) => documentOf(kind, row) ?? []),
    get(kind, id) {
      const row = one.get(kind, id);
      return row && documentOf(kind, row);
    },
    save: (kind, id, body, edit) =>
      transaction(() => {
        expectVersion(kind, id, edit);
        const saved = {
          kind,
          id,
          version: edit.version + 1,
          body,
          by: edit.by,
          atMs: Math.round(clock.nowMs()),
        };
        upsert.run(kind, id, saved.version, JSON.stringify(body), saved.by, saved.atMs);
        return saved;
      }),
    remove: (kind, id, edit) =>
      transaction(() => {
        if (!one.get(kind, id)) return;
        expectVersion(kind, id, edit);
        remove.run(kind, id);
      }),
  };
}

function documentOf(kind: DocumentKind, { id, version, body, by, at_ms }: Row): StoredDocument | undefined {
  const whole = readBody<StoredDocument["body"]>(body, () => true);
  return whole && { kind, id, version, body: whole, by, atMs: at_ms };
}
