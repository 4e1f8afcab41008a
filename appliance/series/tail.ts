import { hourMs } from "./resolution.ts";
import { pickSamples, type Round } from "./round.ts";
import type { Visit } from "./steps.ts";

/** The hours that are not packed yet, in memory: what queries read beside the packed chunks. */
export interface Tail {
  append(round: Round): void;
  /** Samples of one series and hour, oldest first; the later of two with one time. */
  samples(hour: number, id: number): { offsetsMs: Float64Array; values: Float64Array } | undefined;
  /** Hours with samples of that series within the range, oldest first. */
  hours(id: number, range: { readonly fromMs: number; readonly toMs: number }): readonly number[];
  /** Packed: hours before `before` and from `from` on are dropped. */
  drop(limits: { readonly before: number; readonly from: number }): void;
  /** Everything that is held, as rounds. */
  rounds(): Iterable<Round>;
}

export function createTail(): Tail {
  return new OpenHours();
}

interface Samples {
  readonly offsetsMs: Float64Array;
  readonly values: Float64Array;
}

class OpenHours implements Tail {
  readonly #open = new Map<number, OpenHour>();

  append(round: Round): void {
    for (let i = 0; i < round.ids.length; i++) {
      const value = round.values[i] as number;
      if (Number.isNaN(value)) continue;
      const timeMs = round.timesMs[i] as number;
      const hour = Math.floor(timeMs / hourMs);
      this.#hour(hour).append(round.ids[i] as number, timeMs - hour * hourMs, value);
    }
  }

  #hour(hour: number): OpenHour {
    let open = this.#open.get(hour);
    if (!open) {
      open = new OpenHour();
      this.#open.set(hour, open);
    }
    return open;
  }

  samples(hour: number, id: number): Samples | undefined {
    return this.#open.get(hour)?.samples(id);
  }

  hours(id: number, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): readonly number[] {
    const found: number[] = [];
    for (const [hour, open] of this.#open)
      if ((hour + 1) * hourMs > fromMs && hour * hourMs < toMs && open.has(id)) found.push(hour);
    return found.sort((a, b) => a - b);
  }

  drop({ before, from }: { readonly before: number; readonly from: number }): void {
    for (const hour of this.#open.keys()) if (hour < before || hour >= from) this.#open.delete(hour);
  }

  *rounds(): Iterable<Round> {
    for (const [hour, open] of this.#open) yield open.round(hour * hourMs);
  }
}

/** Samples in a block: 160 KiB. A device that catches up opens hundreds of hours with a few samples each. */
const blockSize = 8_192;

interface Block {
  /** Place of the series' sample before; -1: none. */
  readonly before: Int32Array;
  readonly offsetsMs: Int32Array;
  readonly values: Float64Array;
  readonly ids: Int32Array;
}

/**
 * Samples of one hour in the order they came, each with the place of the series' one before it: some blocks for all
 * series, because 100,000 small arrays cost more than what is in them.
 */
class OpenHour {
  readonly #blocks: Block[] = [];
  #length = 0;
  /** By series: the place of its newest sample plus 1; 0: none. */
  #newest = new Int32Array(1_024);

  append(id: number, offsetMs: number, value: number): void {
    if (id >= this.#newest.length) {
      const wider = new Int32Array(Math.max(id + 1, this.#newest.length * 2));
      wider.set(this.#newest);
      this.#newest = wider;
    }
    const place = this.#length++;
    const at = place % blockSize;
    if (at === 0) this.#blocks.push(newBlock());
    const block = this.#blockOf(place);
    block.before[at] = (this.#newest[id] as number) - 1;
    block.offsetsMs[at] = offsetMs;
    block.values[at] = value;
    block.ids[at] = id;
    this.#newest[id] = place + 1;
  }

  has(id: number): boolean {
    return (this.#newest[id] ?? 0) > 0;
  }

  samples(id: number): Samples | undefined {
    if (!this.has(id)) return undefined;
    const first = (this.#newest[id] as number) - 1;
    let count = 0;
    for (let place = first; place >= 0; place = this.#before(place)) count++;
    const offsetsMs = new Float64Array(count);
    const values = new Float64Array(count);
    let isIncreasing = true;
    for (let place = first, at = count - 1; at >= 0; place = this.#before(place), at--) {
      const block = this.#blockOf(place);
      offsetsMs[at] = block.offsetsMs[place % blockSize] as number;
      values[at] = block.values[place % blockSize] as number;
      if (at + 1 < count && (offsetsMs[at] as number) >= (offsetsMs[at + 1] as number)) isIncreasing = false;
    }
    return isIncreasing ? { offsetsMs, values } : inOrder({ offsetsMs, values });
  }

  #before(place: number): number {
    return this.#blockOf(place).before[place % blockSize] as number;
  }

  #blockOf(place: number): Block {
    return this.#blocks[Math.floor(place / blockSize)] as Block;
  }

  round(startMs: number): Round {
    const ids = new Float64Array(this.#length);
    const timesMs = new Float64Array(this.#length);
    const values = new Float64Array(this.#length);
    for (let place = 0; place < this.#length; place++) {
      const block = this.#blockOf(place);
      const at = place % blockSize;
      ids[place] = block.ids[at] as number;
      timesMs[place] = startMs + (block.offsetsMs[at] as number);
      values[place] = block.values[at] as number;
    }
    return { ids, timesMs, values, counts: new Float64Array(this.#length).fill(Number.NaN) };
  }
}

function newBlock(): Block {
  return {
    before: new Int32Array(blockSize),
    offsetsMs: new Int32Array(blockSize),
    values: new Float64Array(blockSize),
    ids: new Int32Array(blockSize),
  };
}

/** In order of time; of two samples with one time the one appended later stays. */
function inOrder({ offsetsMs, values }: Samples): Samples {
  const byOffset = new Map<number, number>();
  offsetsMs.forEach((offsetMs, at) => void byOffset.set(offsetMs, values[at] as number));
  const ordered = [...byOffset].sort(([a], [b]) => a - b);
  return {
    offsetsMs: Float64Array.from(ordered, ([offsetMs]) => offsetMs),
    values: Float64Array.from(ordered, ([, value]) => value),
  };
}

/** Gives samples of an hour to a visitor. */
export function visitSamples(
  samples: { readonly offsetsMs: Float64Array; readonly values: Float64Array },
  startMs: number,
  visit: Visit,
): void {
  for (let i = 0; i < samples.offsetsMs.length; i++) {
    const value = samples.values[i] as number;
    visit(startMs + (samples.offsetsMs[i] as number), value, value, value, 1);
  }
}

/** The samples of a round whose hours are packed: before `before`, or from `from` on. */
export function outside(
  round: Round,
  { before, from }: { readonly before: number; readonly from: number },
): Round {
  const keep = [...round.ids.keys()].filter((at) => {
    const hour = Math.floor((round.timesMs[at] as number) / hourMs);
    return hour < before || hour >= from;
  });
  return pickSamples(round, keep);
}
