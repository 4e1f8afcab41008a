import type { StateDatabase } from "./database.ts";

/** Numbers about the box itself that outlive it. */
export interface Marks {
  /** When the box was last known to run, Unix milliseconds; undefined at the first start. */
  lastAliveMs(): number | undefined;
  setAlive(atMs: number): void;
}

/** Marks in state.db. */
export function createMarks({ db }: StateDatabase): Marks {
  const get = db.prepare<[string], { value: number }>("SELECT value FROM marks WHERE name = ?");
  const set = db.prepare<[string, number]>(
    "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  return {
    lastAliveMs: () => get.get("alive")?.value,
    setAlive: (atMs) => void set.run("alive", Math.round(atMs)),
  };
}
