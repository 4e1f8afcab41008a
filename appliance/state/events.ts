import type { EventKeeper } from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";
import { readBodies } from "./body.ts";
import type { StateDatabase } from "./database.ts";

type Kept = Event & { readonly timeMs: number };

/** Events of devices, in state.db. A range answers the newest `limit` of it, oldest first. */
export function createEventKeeper({ db }: StateDatabase): EventKeeper {
  const insert = db.prepare<[string, number, string]>(
    "INSERT INTO events (device, time_ms, body) VALUES (?, ?, ?)",
  );
  const some = db.prepare<
    { device: string | null; fromMs: number; toMs: number; limit: number },
    { body: string }
  >(
    `SELECT body FROM events WHERE (@device IS NULL OR device = @device)
			AND time_ms >= @fromMs AND time_ms < @toMs
		ORDER BY time_ms DESC, sequence DESC LIMIT @limit`,
  );
  const drop = db.prepare<[number]>("DELETE FROM events WHERE time_ms < ?");
  return {
    add: (event) => void insert.run(event.device, Math.round(event.timeMs), JSON.stringify(event)),
    events: (device, { fromMs, toMs }, limit) =>
      readBodies<Kept>(
        some.all({ device: device ?? null, fromMs, toMs, limit }),
        (value) => typeof value.timeMs === "number" && typeof value.metric === "string",
      ).reverse(),
    prune: (beforeMs) => void drop.run(beforeMs),
  };
}
