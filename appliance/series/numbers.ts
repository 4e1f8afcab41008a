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
  return new StoredNumbers(table);
}

class StoredNumbers implements Numbers {
  readonly #table: SeriesTable;
  readonly #byId: (Series | undefined)[] = [];
  /** By `Series.index`. */
  readonly #idByIndex: (number | undefined)[] = [];
  readonly #unstored = new Set<number>();
  #next = 0;

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  load(stored: readonly StoredSeries[]): void {
    for (const { id, name, unit } of stored) {
      this.#next = Math.max(this.#next, id + 1);
      const parts = parseSeriesId(name);
      if (!parts) continue;
      const series = this.#table.of(parts.device, parts.metric, parts.channel, unit);
      if (series.id !== name) continue;
      this.#byId[id] = series;
      this.#idByIndex[series.index] = id;
    }
  }

  idOf(series: Series): number | undefined {
    return this.#idByIndex[series.index];
  }

  readonly seriesOf = (id: number): Series | undefined => this.#byId[id];

  *all(): Iterable<Series> {
    for (const series of this.#byId) if (series) yield series;
  }

  roundOf(batch: SampleBatch): { round: Round; fresh: readonly StoredSeries[] } {
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
      if (!isMoment(timeMs) || (Number.isNaN(value) && Number.isNaN(count))) continue;
      const id = this.#idFor(series);
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
    const fresh =
      this.#unstored.size === 0 ? [] : this.named(round).filter(({ id }) => this.#unstored.has(id));
    return { round, fresh };
  }

  stored(fresh: readonly StoredSeries[]): void {
    for (const { id } of fresh) this.#unstored.delete(id);
  }

  named(round: Round): readonly StoredSeries[] {
    return [...new Set(round.ids)].flatMap((id) => {
      const series = this.#byId[id];
      return series ? [{ id, name: series.id, unit: series.unit }] : [];
    });
  }

  batchOf(rounds: readonly Round[]): SampleBatch {
    return joined(rounds, this.#byId);
  }

  /** Undefined when there are as many series as keys can tell apart. */
  #idFor(series: Series): number | undefined {
    const known = this.#idByIndex[series.index];
    if (known !== undefined) return known;
    if (this.#next >= keySpan) return undefined;
    const id = this.#next++;
    this.#byId[id] = series;
    this.#idByIndex[series.index] = id;
    this.#unstored.add(id);
    return id;
  }
}

function isMoment(timeMs: number): boolean {
  return timeMs >= 0 && timeMs < latestMs;
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
