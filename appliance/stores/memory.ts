import { z } from "zod";
import type { Step, Store, StorePlugin } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Columns, SampleBatch, Series } from "../model/series.ts";
import type { SeriesId } from "../model/site.ts";
import type { TimeRange } from "../model/time.ts";
import { gatherRaw, gatherSteps, matches, stepMsOf } from "../series/steps.ts";

/** Keeps samples in this process only: for tests. */
class MemoryStore implements Store {
  readonly #samples = new Map<SeriesId, Map<number, number>>();
  #closed = false;

  async start(): Promise<void> {
    // Nothing to open.
  }

  async write(batch: SampleBatch): Promise<void> {
    if (this.#closed) throw new ApplianceError("STORE_UNAVAILABLE", "The store in memory was closed.");
    for (let i = 0; i < batch.length; i++) {
      const { id } = batch.series[i] as Series;
      const value = batch.values[i] as number;
      const samples = this.#samples.get(id) ?? new Map<number, number>();
      this.#samples.set(id, samples);
      if (Number.isFinite(value)) samples.set(Math.round(batch.timesMs[i] as number), value);
    }
  }

  async query(id: SeriesId, range: TimeRange, step: Step): Promise<Columns> {
    const stepMs = stepMsOf(step, range);
    const gathering =
      stepMs === undefined ? gatherRaw(range, "memory") : gatherSteps(range, stepMs, "memory");
    for (const [timeMs, value] of this.#samples.get(id) ?? [])
      gathering.visit(timeMs, value, value, value, 1);
    return gathering.columns();
  }

  async series(matcher: string): Promise<readonly SeriesId[]> {
    return [...this.#samples.keys()].filter(matches(matcher));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

export const store = {
  type: "memory",
  summary: "Keeps samples in memory, for tests.",
  config: z.strictObject({}).optional(),
  create: () => new MemoryStore(),
} satisfies StorePlugin<unknown>;
