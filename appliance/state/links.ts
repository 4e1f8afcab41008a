import type { LinkKeeper } from "../model/contracts.ts";
import type { TopologyLink } from "../model/topology.ts";
import { readBodies } from "./body.ts";
import type { StateDatabase } from "./database.ts";

interface Body {
  readonly body: string;
}

/** Links between devices, in state.db: a row for each time that one was there. */
export function createLinkKeeper({ db, transaction }: StateDatabase): LinkKeeper {
  const open = db.prepare<[], Body>("SELECT body FROM links WHERE gone_ms IS NULL ORDER BY id");
  const then = db.prepare<{ atMs: number }, Body>(
    "SELECT body FROM links WHERE first_ms <= @atMs AND (gone_ms IS NULL OR gone_ms > @atMs) ORDER BY id",
  );
  const first = db.prepare<[], { first: number | null }>("SELECT MIN(first_ms) AS first FROM links");
  const put = db.prepare<[string, number, number | null, string]>(
    `INSERT INTO links (id, first_ms, gone_ms, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (id, first_ms) DO UPDATE SET gone_ms = excluded.gone_ms, body = excluded.body`,
  );
  const drop = db.prepare<[number]>("DELETE FROM links WHERE gone_ms < ?");
  const read = (rows: readonly Body[]) => readBodies<TopologyLink>(rows, isLink);
  return {
    current: () => read(open.all()),
    at: (atMs) => read(then.all({ atMs })),
    save: (links) =>
      transaction(() => {
        for (const link of links)
          put.run(link.id, Math.round(link.firstMs), link.goneMs ?? null, JSON.stringify(link));
      }),
    sinceMs: () => first.get()?.first ?? undefined,
    prune: (beforeMs) => void drop.run(beforeMs),
  };
}

function isLink({ id, from, to, evidence, firstMs, lastMs }: Partial<TopologyLink>): boolean {
  return (
    typeof id === "string" &&
    typeof from === "object" &&
    typeof to === "object" &&
    Array.isArray(evidence) &&
    typeof firstMs === "number" &&
    typeof lastMs === "number"
  );
}
