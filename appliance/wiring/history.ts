import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { createFollower, type Follower } from "../engine/follow.ts";
import type { LatestTable } from "../engine/latest.ts";
import { append, asBatch, newRound } from "../engine/round.ts";
import type { LatestValue, Log, SeriesTable, Store, StoreDeps } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { FollowStatus } from "../model/rounds.ts";
import type { Clock } from "../model/time.ts";
import type { LocalStore } from "../series/local.ts";
import { withLongMemory } from "../series/long-memory.ts";
import { fileQuarantine } from "../series/quarantine.ts";
import type { HealthProblem } from "./health.ts";
import type { Plugins } from "./plugins.ts";

const localType = "local";
/** A remote store that is away for less is no news. */
const awayNewsMs = 5 * 60_000;

export interface HistoryDeps {
  readonly config: Pick<Config, "stores" | "site">;
  readonly plugins: Pick<Plugins, "stores">;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly series: SeriesTable;
  readonly tagsOf: StoreDeps["tagsOf"];
}

/** Where samples go and come from: the store of this box, and those that follow its log. */
export interface History {
  readonly local: LocalStore;
  /** What pages and the API read: ranges older than the local history come from a remote store, if there is one. */
  readonly reading: Store;
  start(): Promise<void>;
  /** Followers after their request in flight, then the last commit. */
  stop(): Promise<void>;
  followers(): readonly FollowStatus[];
  problems(): readonly HealthProblem[];
}

function awayProblem(status: FollowStatus, nowMs: number): HealthProblem[] {
  const { name, awaySinceMs, reason = "it does not answer", roundsBehind } = status;
  if (awaySinceMs === undefined || nowMs - awaySinceMs < awayNewsMs) return [];
  return [
    {
      degree: "degraded",
      part: `store ${name}`,
      what: `${name} takes no samples (${reason}); ${roundsBehind} rounds wait here`,
      remedy: `Nothing is lost: they are sent when it answers again. Check stores.${name} and the server.`,
      sinceMs: awaySinceMs,
    },
  ];
}

/** Gives back what was last known before the restart: pages are full at once, ages are honest. */
export function restoreLatest(latest: LatestTable, values: readonly LatestValue[], nowMs: number): void {
  const round = newRound(values.length + 1);
  for (const { series, timeMs, value, count } of values) append(round, series, timeMs, value, count);
  latest.take(asBatch(round), 0, nowMs);
}

export function createHistory(deps: HistoryDeps): History {
  const { config, plugins, dataDir, clock, series, tagsOf } = deps;
  const log = deps.log.part("history");
  const names = Object.keys(config.stores).filter((type) => type !== localType);
  const make = (type: string, followers: readonly string[]) => {
    const plugin = plugins.stores.get(type);
    if (!plugin) throw new ApplianceError("PLUGIN_INVALID", `There is no store of the type "${type}".`);
    const settings = config.stores[type] ?? plugin.config.parse(undefined);
    const log = deps.log.part(type);
    return plugin.create(settings, { clock, log, series, dataDir, site: config.site.id, tagsOf, followers });
  };
  // The local store's plugin gives a LocalStore; its contract suite holds it to that.
  const local = make(localType, names) as LocalStore;
  const remotes = names.map((name) => ({ name, store: make(name, []) }));
  const quarantine = fileQuarantine(join(dataDir, "quarantine.jsonl"), clock, log);
  const followers: Follower[] = remotes.map(({ name, store }) =>
    createFollower({ name, source: local.rounds, target: store, clock, log: log.part("follow"), quarantine }),
  );
  const statuses = () => followers.map((follower) => follower.status());
  return {
    local,
    reading: withLongMemory({ local, log, ...(remotes[0] ? { remote: remotes[0].store } : {}) }),
    async start() {
      await local.start();
      await Promise.all(remotes.map(({ store }) => store.start()));
      for (const follower of followers) follower.start();
    },
    async stop() {
      await Promise.all(followers.map((follower) => follower.stop()));
      await Promise.all(remotes.map(({ store }) => store.close()));
      await local.close();
    },
    followers: statuses,
    problems: () => [
      ...local.health().map((problem) => ({ ...problem, degree: "sick" as const })),
      ...statuses().flatMap((status) => awayProblem(status, clock.nowMs())),
    ],
  };
}
