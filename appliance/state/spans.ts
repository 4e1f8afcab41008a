import type { SpanKeeper, StateSpan } from "../model/contracts.ts";
import type { DeviceId, State } from "../model/site.ts";
import type { StateDatabase } from "./database.ts";

interface Row {
  readonly from_ms: number;
  readonly to_ms: number | null;
  readonly state: State;
}

const read = ({ from_ms, to_ms, state }: Row): StateSpan =>
  to_ms === null ? { state, fromMs: from_ms } : { state, fromMs: from_ms, toMs: to_ms };

/** State spans of devices, in state.db. Spans of one device never overlap; an empty one is not kept. */
export function createSpanKeeper({ db, transaction }: StateDatabase): SpanKeeper {
  const open = db.prepare<[string], Row>(
    "SELECT from_ms, to_ms, state FROM spans WHERE device = ? AND to_ms IS NULL ORDER BY from_ms DESC LIMIT 1",
  );
  const end = db.prepare<[number, string]>("UPDATE spans SET to_ms = ? WHERE device = ? AND to_ms IS NULL");
  const forget = db.prepare<[string, number]>("DELETE FROM spans WHERE device = ? AND from_ms >= ?");
  const shorten = db.prepare<{ device: string; atMs: number }>(
    "UPDATE spans SET to_ms = @atMs WHERE device = @device AND (to_ms IS NULL OR to_ms > @atMs)",
  );
  const insert = db.prepare<[string, number, string]>(
    "INSERT INTO spans (device, from_ms, state) VALUES (?, ?, ?)",
  );
  const touching = db.prepare<[string, number, number], Row>(
    "SELECT from_ms, to_ms, state FROM spans WHERE device = ? AND from_ms < ? AND (to_ms IS NULL OR to_ms > ?) ORDER BY from_ms",
  );
  const drop = db.prepare<[number]>("DELETE FROM spans WHERE to_ms < ?");
  return {
    change: (device: DeviceId, state, atMs) =>
      transaction(() => {
        const at = Math.round(atMs);
        // A state that is known only now may have begun earlier than the newest span: what it covers goes.
        forget.run(device, at);
        shorten.run({ device, atMs: at });
        end.run(at, device);
        insert.run(device, at, state);
      }),
    open(device) {
      const row = open.get(device);
      return row && read(row);
    },
    spans: (device, { fromMs, toMs }) => touching.all(device, toMs, fromMs).map(read),
    prune: (beforeMs) => void drop.run(beforeMs),
  };
}
