import { type Chunk, packTimes } from "./chunk.ts";
import type { RoundRow } from "./log.ts";
import { hourMs } from "./resolution.ts";
import { type Round, readRound } from "./round.ts";

/** One series' samples of one hour: whole milliseconds after its start, strictly increasing. */
export interface HourColumn {
  readonly offsetsMs: Float64Array;
  readonly values: Float64Array;
}

/** All samples of one hour, by series. */
export interface HourSamples {
  readonly hour: number;
  /** Stored numbers of its series, increasing. */
  readonly ids: readonly number[];
  of(id: number): HourColumn;
}

export interface Collected {
  /** Oldest first. */
  readonly hours: readonly HourSamples[];
  /** The last round read; 0 when there was none. */
  readonly throughSeq: number;
  /** The first round that holds a sample of an hour that is still open. */
  readonly firstOpenSeq?: number;
  /** The limit was reached before the end of the log. */
  readonly more: boolean;
}

/** About 24 MB of samples at once. */
const sampleLimit = 1_500_000;

class HourBuffer {
  #ids = new Uint32Array(4_096);
  #offsets = new Uint32Array(4_096);
  #values = new Float64Array(4_096);
  #length = 0;

  add(id: number, offsetMs: number, value: number): void {
    if (this.#length === this.#ids.length) this.#grow();
    this.#ids[this.#length] = id;
    this.#offsets[this.#length] = offsetMs;
    this.#values[this.#length++] = value;
  }

  #grow(): void {
    const size = this.#length * 2;
    const ids = new Uint32Array(size);
    ids.set(this.#ids);
    this.#ids = ids;
    const offsets = new Uint32Array(size);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
    const values = new Float64Array(size);
    values.set(this.#values);
    this.#values = values;
  }

  /** Groups by series with one counting sort, which keeps the order of arrival. */
  done(hour: number): HourSamples {
    const used = this.#ids.subarray(0, this.#length);
    let highest = 0;
    for (const id of used) if (id > highest) highest = id;
    const ends = new Uint32Array(highest + 2);
    for (const id of used) ends[id + 1] = (ends[id + 1] as number) + 1;
    for (let id = 0; id <= highest; id++) ends[id + 1] = (ends[id + 1] as number) + (ends[id] as number);
    const next = ends.slice();
    const order = new Uint32Array(this.#length);
    for (let at = 0; at < this.#length; at++) {
      const id = used[at] as number;
      const place = next[id] as number;
      order[place] = at;
      next[id] = place + 1;
    }
    const ids: number[] = [];
    for (let id = 0; id <= highest; id++) if ((ends[id] as number) < (ends[id + 1] as number)) ids.push(id);
    return {
      hour,
      ids,
      of: (id) =>
        ordered(order.subarray(ends[id] as number, ends[id + 1] as number), this.#offsets, this.#values),
    };
  }
}

/** Sorted by time; of two samples with the same time the one that arrived later stays. */
function ordered(places: Uint32Array, offsets: Uint32Array, values: Float64Array): HourColumn {
  let increasing = true;
  for (let i = 1; i < places.length && increasing; i++)
    increasing = (offsets[places[i] as number] as number) > (offsets[places[i - 1] as number] as number);
  const sorted = increasing
    ? places
    : Uint32Array.from(places).sort((a, b) => (offsets[a] as number) - (offsets[b] as number) || a - b);
  const offsetsMs = new Float64Array(sorted.length);
  const column = new Float64Array(sorted.length);
  let count = 0;
  for (const place of sorted) {
    const offset = offsets[place] as number;
    if (count > 0 && offsetsMs[count - 1] === offset) count--;
    offsetsMs[count] = offset;
    column[count++] = values[place] as number;
  }
  return count === sorted.length
    ? { offsetsMs, values: column }
    : {
        offsetsMs: offsetsMs.slice(0, count),
        values: column.slice(0, count),
      };
}

interface Limits {
  readonly before: number;
  readonly from: number;
}

/**
 * Reads rounds and groups what may be packed by hour and series.
 *
 * @param limits - hours before `before`, and from `from` on, may be packed
 */
export function collectHours(rows: Iterable<RoundRow>, limits: Limits, limit = sampleLimit): Collected {
  const hours = new Map<number, HourBuffer>();
  let samples = 0;
  let throughSeq = 0;
  let firstOpenSeq: number | undefined;
  let more = false;
  for (const { seq, data } of rows) {
    if (samples >= limit) {
      more = true;
      break;
    }
    throughSeq = seq;
    const round = readRound(data);
    if (!round) continue;
    const taken = takeRound(round, limits, hours);
    samples += taken.samples;
    if (taken.isOpen) firstOpenSeq ??= seq;
  }
  return {
    hours: [...hours].sort(([a], [b]) => a - b).map(([hour, buffer]) => buffer.done(hour)),
    throughSeq,
    more,
    ...(firstOpenSeq === undefined ? {} : { firstOpenSeq }),
  };
}

/** @returns how many samples may be packed, and whether some may not yet */
function takeRound(round: Round, limits: Limits, hours: Map<number, HourBuffer>) {
  let samples = 0;
  let isOpen = false;
  for (let i = 0; i < round.ids.length; i++) {
    const timeMs = round.timesMs[i] as number;
    const hour = Math.floor(timeMs / hourMs);
    const value = round.values[i] as number;
    if (hour >= limits.before && hour < limits.from) isOpen = true;
    else if (!Number.isNaN(value)) {
      const buffer = hours.get(hour) ?? new HourBuffer();
      hours.set(hour, buffer);
      buffer.add(round.ids[i] as number, timeMs - hour * hourMs, value);
      samples++;
    }
  }
  return { samples, isOpen };
}

/** Both in order of time; where both have a sample, the fresh one counts. */
export function mergeColumns(old: Chunk, fresh: HourColumn, hour: number): HourColumn {
  const startMs = hour * hourMs;
  const size = old.timesMs.length + fresh.offsetsMs.length;
  const offsetsMs = new Float64Array(size);
  const values = new Float64Array(size);
  let count = 0;
  let a = 0;
  let b = 0;
  while (a < old.timesMs.length || b < fresh.offsetsMs.length) {
    const oldMs = a < old.timesMs.length ? (old.timesMs[a] as number) - startMs : Infinity;
    const freshMs = b < fresh.offsetsMs.length ? (fresh.offsetsMs[b] as number) : Infinity;
    const takeFresh = freshMs <= oldMs;
    offsetsMs[count] = takeFresh ? freshMs : oldMs;
    values[count++] = (takeFresh ? fresh.values[b] : old.values[a]) as number;
    if (oldMs <= freshMs) a++;
    if (takeFresh) b++;
  }
  return {
    offsetsMs: offsetsMs.slice(0, count),
    values: values.slice(0, count),
  };
}

/** Fewer series than this with the same times: a column of its own would not pay. */
const sharingPays = 3;

/** Which series have the same times as others, as most columns of one table do: the packed times by series. */
export function shareTimes(samples: HourSamples): ReadonlyMap<number, string> {
  const packed = new Map<number, string>();
  const uses = new Map<string, number>();
  for (const id of samples.ids) {
    const { offsetsMs } = samples.of(id);
    const bytes = packTimes(offsetsMs, offsetsMs.length);
    if (!bytes) continue;
    const text = Buffer.from(bytes).toString("latin1");
    packed.set(id, text);
    uses.set(text, (uses.get(text) ?? 0) + 1);
  }
  for (const [id, text] of packed) if ((uses.get(text) ?? 0) < sharingPays) packed.delete(id);
  return packed;
}
