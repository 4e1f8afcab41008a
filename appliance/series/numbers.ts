import type { SeriesTable } from "../model/contracts.ts";
import type { SampleBatch, Series } from "../model/series.ts";
import { parseSeriesId } from "../model/site.ts";
import { roundDigits } from "./fold.ts";
import type { StoredSeries } from "./log.ts";
import { keySpan } from "./resolution.ts";
import type { Round } from "./round.ts";

/** A rate is a quotient: beyond six digits, or three decimals, it holds noise that would cost six bytes a sample. */
const rateDigits = 6;
const rateDecimals = 3;
/** The year 2100: what lies beyond is no time stamp. */
const latestMs = 4_102_444_800_000;

/** The numbers under which series are stored, and both ways between batches and rounds. */
export interface Numbers {
  /** What the file holds already. */
  load(stored: readonly StoredSeries[]): void;
  idOf(series: Series): number | undefined;
  seriesOf(id: number): Series | undefined;
  all(): Iterable<Series>;
  /** Finite numbers and whole times only; the rest is left out. `fresh` names the series that the file lacks. */
  roundOf(batch: SampleBatch): { readonly round: Round; readonly fresh: readonly StoredSeries[] };
  /** The file has these now. */
  stored(fresh: readonly StoredSeries[]): void;
  /** The series of a round, as the file keeps them. */
  named(round: Round): readonly StoredSeries[];
  batchOf(rounds: readonly Round[]): SampleBatch;
}

export function createNumbers(table: SeriesTable): Numbers {
  const byId: (Series | undefined)[] = [];
  /** By `Series.index`. */
  const idByIndex: (number | undefined)[] = [];
  const unstored = new Set<number>();
  let next = 0;

  function idFor(series: Series): number | undefined {
    const known = idByIndex[series.index];
    if (known !== undefined) return known;
    if (next >= keySpan) return undefined;
    const id = next++;
    byId[id] = series;
    idByIndex[series.index] = id;
    unstored.add(id);
    return id;
  }

  function freshOf(ids: Float64Array): StoredSeries[] {
    if (unstored.size === 0) return [];
    const fresh: StoredSeries[] = [];
    for (const id of new Set(ids)) {
      const series = unstored.has(id) ? byId[id] : undefined;
      if (series) fresh.push({ id, name: series.id, unit: series.unit });
    }
    return fresh;
  }

  return {
    load(stored) {
      for (const { id, name, unit } of stored) {
        next = Math.max(next, id + 1);
        const parts = parseSeriesId(name);
        if (!parts) continue;
        const series = table.of(parts.device, parts.metric, parts.channel, unit);
        if (series.id !== name) continue;
        byId[id] = series;
        idByIndex[series.index] = id;
      }
    },
    idOf: (series) => idByIndex[series.index],
    seriesOf: (id) => byId[id],
    *all() {
      for (const series of byId) if (series) yield series;
    },
    roundOf(batch) {
      const ids = new Float64Array(batch.length);
      const timesMs = new Float64Array(batch.length);
      const values = new Float64Array(batch.length);
      const counts = new Float64Array(batch.length);
      let length = 0;
      for (let i = 0; i < batch.length; i++) {
        const series = batch.series[i] as Series;
        const timeMs = Math.round(batch.timesMs[i] as number);
        const value = finite(batch.values[i] as number);
        const count = finite(batch.counts[i] as number);
        if (!(timeMs >= 0 && timeMs < latestMs) || (Number.isNaN(value) && Number.isNaN(count))) continue;
        const id = idFor(series);
        if (id === undefined) continue;
        ids[length] = id;
        timesMs[length] = timeMs;
        values[length] = series.kind === "counter" ? roundDigits(value, rateDigits, rateDecimals) : value;
        counts[length++] = count;
      }
      const round = {
        ids: ids.slice(0, length),
        timesMs: timesMs.slice(0, length),
        values: values.slice(0, length),
        counts: counts.slice(0, length),
      };
      return { round, fresh: freshOf(round.ids) };
    },
    stored(fresh) {
      for (const { id } of fresh) unstored.delete(id);
    },
    named(round) {
      return [...new Set(round.ids)].flatMap((id) => {
        const series = byId[id];
        return series ? [{ id, name: series.id, unit: series.unit }] : [];
      });
    },
    batchOf: (rounds) => joined(rounds, byId),
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function joined(rounds: readonly Round[], byId: readonly (Series | undefined)[]): SampleBatch {
  const size = rounds.reduce((sum, round) => sum + round.ids.length, 0);
  const series: Series[] = [];
  const timesMs = new Float64Array(size);
  const values = new Float64Array(size);
  const counts = new Float64Array(size);
  for (const round of rounds)
    for (let i = 0; i < round.ids.length; i++) {
      const its = byId[round.ids[i] as number];
      if (!its) continue;
      const at = series.length;
      timesMs[at] = round.timesMs[i] as number;
      values[at] = round.values[i] as number;
      counts[at] = round.counts[i] as number;
      series.push(its);
    }
  return { length: series.length, series, timesMs, values, counts };
}
