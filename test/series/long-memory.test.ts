import t from "tap";
import type { Store } from "../../appliance/model/contracts.ts";
import type { SeriesId } from "../../appliance/model/site.ts";
import type { TimeRange } from "../../appliance/model/time.ts";
import { withLongMemory } from "../../appliance/series/long-memory.ts";
import { gatherSteps, stepMsOf } from "../../appliance/series/steps.ts";
import { silentLog } from "../helpers/stores.ts";

const dayMs = 86_400_000;
const id = "sw1:load" as SeriesId;

/** Answers each step of its days with `value`. */
function storeOf(source: "local" | "influx", value: number, days: TimeRange) {
  const asked: TimeRange[] = [];
  const store: Store & { oldestMs(): number | undefined } = {
    write: async () => undefined,
    series: async () => [],
    close: async () => undefined,
    oldestMs: () => days.fromMs,
    async query(_, range, step) {
      asked.push(range);
      const gathering = gatherSteps(range, stepMsOf(step, range) ?? 1, source);
      for (let timeMs = days.fromMs; timeMs < days.toMs; timeMs += 3_600_000)
        gathering.visit(timeMs, value, value, value, 1);
      return gathering.columns();
    },
  };
  return { store, asked };
}

t.test(
  "what is older than the local history comes from the remote store, joined without a gap",
  async (t) => {
    const local = storeOf("local", 1, { fromMs: 10 * dayMs, toMs: 20 * dayMs });
    const remote = storeOf("influx", 2, { fromMs: 0, toMs: 20 * dayMs });
    const store = withLongMemory({ local: local.store, remote: remote.store, log: silentLog });
    const columns = await store.query(id, { fromMs: 5 * dayMs, toMs: 15 * dayMs }, dayMs);
    t.same(
      [...columns.timesMs],
      Array.from({ length: 10 }, (_, day) => (5 + day) * dayMs),
    );
    t.same([...columns.avg], [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
    t.equal(columns.source, "influx");
    const recent = await store.query(id, { fromMs: 12 * dayMs, toMs: 15 * dayMs }, dayMs);
    t.equal(recent.source, "local");
    t.equal(remote.asked.length, 1, "a recent range does not ask the remote store");
  },
);

t.test("a remote store that does not answer takes nothing away", async (t) => {
  const local = storeOf("local", 1, { fromMs: 10 * dayMs, toMs: 20 * dayMs });
  const remote: Store = {
    ...local.store,
    query: async () => {
      throw new Error("connect ECONNREFUSED");
    },
  };
  const store = withLongMemory({ local: local.store, remote, log: silentLog });
  const columns = await store.query(id, { fromMs: 5 * dayMs, toMs: 15 * dayMs }, dayMs);
  t.same([...columns.avg], [1, 1, 1, 1, 1]);
});
