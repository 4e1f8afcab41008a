import type { Log, Step, Store } from "../model/contracts.ts";
import type { Columns, SampleBatch } from "../model/series.ts";
import type { SeriesId } from "../model/site.ts";
import type { TimeRange } from "../model/time.ts";
import { stepMsOf } from "./steps.ts";

export interface LongMemoryOptions {
  readonly local: Store & { oldestMs(): number | undefined };
  /** Which other store holds what the local one has let go. */
  readonly remote?: Store;
  readonly log: Log;
}

/**
 * One store for pages and the API: the local one answers; what is older than its oldest data comes from the remote
 * one. When that does not answer, the local part is what there is.
 */
export function withLongMemory({ local, remote, log }: LongMemoryOptions): Store {
  return {
    write: (batch: SampleBatch) => local.write(batch),
    series: (matcher) => local.series(matcher),
    close: () => local.close(),
    async query(id: SeriesId, range: TimeRange, step: Step): Promise<Columns> {
      const oldestMs = local.oldestMs();
      const wanted = stepMsOf(step, range) ?? "raw";
      if (!remote || oldestMs === undefined || range.fromMs >= oldestMs)
        return local.query(id, range, wanted);
      const seamMs = seamOf(oldestMs, range, wanted);
      const recent =
        seamMs < range.toMs ? await local.query(id, { fromMs: seamMs, toMs: range.toMs }, wanted) : undefined;
      try {
        const older = await remote.query(id, { fromMs: range.fromMs, toMs: seamMs }, wanted);
        return recent ? joined(older, recent) : older;
      } catch (error) {
        log.debug("Older history could not be read from the remote store", {
          what: (error as Error).message,
        });
        return recent ?? local.query(id, range, wanted);
      }
    },
  };
}

/** Where the remote part ends and the local one begins, on the border of a step. */
function seamOf(oldestMs: number, range: TimeRange, step: "raw" | number): number {
  const seamMs = step === "raw" ? oldestMs : Math.ceil(oldestMs / step) * step;
  return Math.min(seamMs, range.toMs);
}

function joined(older: Columns, recent: Columns): Columns {
  if (older.timesMs.length === 0) return recent;
  const join = (name: "timesMs" | "min" | "avg" | "max") => {
    const column = new Float64Array(older[name].length + recent[name].length);
    column.set(older[name]);
    column.set(recent[name], older[name].length);
    return column;
  };
  return {
    timesMs: join("timesMs"),
    min: join("min"),
    avg: join("avg"),
    max: join("max"),
    step: older.step,
    source: older.source,
  };
}
