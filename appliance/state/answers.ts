import type { AnswersKeeper, RememberedAnswers } from "../model/contracts.ts";
import type { DeviceId } from "../model/site.ts";
import { readBody } from "./body.ts";
import type { StateDatabase } from "./database.ts";

/** As it lies in the table: the bins that hold something, by their number. */
interface Body {
  readonly lastSeenMs: number;
  readonly bins: Readonly<Record<string, number>>;
}

/** When devices were heard last and their rhythms, in state.db. Writes only what changed since the last save. */
export function createAnswersKeeper({ db, transaction }: StateDatabase): AnswersKeeper {
  const all = db.prepare<[], { device: string; body: string }>("SELECT device, body FROM answers");
  const upsert = db.prepare<[string, string]>(
    "INSERT INTO answers (device, body) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET body = excluded.body",
  );
  const remove = db.prepare<[string]>("DELETE FROM answers WHERE device = ?");
  const written = new Map<string, string>();
  return {
    load() {
      const rows = all.all();
      for (const { device, body } of rows) written.set(device, body);
      return rows.flatMap(({ device, body }) => {
        const read = readBody<Body>(body, isBody);
        return read
          ? [{ device: device as DeviceId, lastSeenMs: read.lastSeenMs, rhythm: binsOf(read) }]
          : [];
      });
    },
    save: (entries) =>
      transaction(() => {
        const gone = new Set(written.keys());
        for (const entry of entries) {
          const body = bodyOf(entry);
          gone.delete(entry.device);
          if (written.get(entry.device) === body) continue;
          upsert.run(entry.device, body);
          written.set(entry.device, body);
        }
        for (const device of gone) {
          remove.run(device);
          written.delete(device);
        }
      }),
  };
}

const isBody = (body: Partial<Body>) =>
  Number.isFinite(body.lastSeenMs) && typeof body.bins === "object" && body.bins !== null;

function bodyOf({ lastSeenMs, rhythm }: RememberedAnswers): string {
  const bins = Object.fromEntries(
    rhythm.flatMap((count, at) => (count > 0 ? [[at, Math.round(count * 1_000) / 1_000]] : [])),
  );
  return JSON.stringify({ lastSeenMs: Math.round(lastSeenMs), bins } satisfies Body);
}

function binsOf({ bins }: Body): number[] {
  const found: number[] = [];
  for (const [at, count] of Object.entries(bins)) {
    const index = Number(at);
    if (Number.isInteger(index) && index >= 0 && index < 256 && Number.isFinite(count)) found[index] = count;
  }
  return Array.from(found, (count) => count ?? 0);
}
