import type { Series } from "../model/series.ts";
import { type CellLayout, Cells } from "./cells.ts";
import type { OidList } from "./oid-list.ts";

/** Virtual ports of many systems claim 10 Mbit/s and carry more. */
const leastSpeedBps = 100_000_000;
/** The smallest Ethernet frame takes 84 octets of the wire. */
const leastFrameBits = 84 * 8;
export const uptimeOid = "1.3.6.1.2.1.1.3.0";

/** Variables asked by name. */
export interface GetRequest {
  readonly kind: "get";
  readonly oids: readonly string[];
  /** Of the OIDs, as they stand in an answer. */
  readonly oidList: OidList;
  /** Cell of each. */
  readonly cells: Int32Array;
}

/** A column asked as a whole, its rows as they were when the device was looked over. */
export interface ColumnRequest {
  readonly kind: "column";
  readonly column: string;
  readonly columnBytes: Uint8Array;
  readonly rows: OidList;
  /** Cell of each row; -1 for one that nobody needs. */
  readonly cells: Int32Array;
}

export type PlanRequest = GetRequest | ColumnRequest;

/** A value that is more than one cell as it came. */
export interface Computed {
  readonly position: number;
  readonly inputs: readonly number[];
  readonly compute: (cells: Cells) => number;
  readonly last: (number | string | undefined)[];
}

/** Where among the series the values lie that a port's description follows; -1 for none. */
export interface PortPositions {
  /** Three a port: ifOperStatus, ifAdminStatus, speed. */
  readonly states: Int32Array;
  /** Counters whose rate the port's speed limits: position among the series, and number of the port. */
  readonly octets: Int32Array;
  readonly packets: Int32Array;
}

/** What one device is asked with each poll, and how its answers become series. Made once after each look over it. */
export class Plan {
  readonly requests: readonly PlanRequest[];
  readonly cells: Cells;
  readonly series: readonly Series[];
  readonly widths: Uint8Array;
  /** Cell of sysUpTime. */
  readonly uptimeCell: number;
  readonly ports: PortPositions;
  maxRates: Float64Array;
  readonly #direct: number;
  readonly #computed: readonly Computed[];
  readonly #lastComputed: Float64Array;
  #lastStates: Float64Array | undefined;

  constructor(parts: {
    readonly requests: readonly PlanRequest[];
    readonly layout: readonly CellLayout[];
    readonly series: readonly Series[];
    readonly widths: Uint8Array;
    readonly uptimeCell: number;
    readonly direct: number;
    readonly computed: readonly Computed[];
    readonly ports: PortPositions;
  }) {
    this.requests = parts.requests;
    this.cells = new Cells(parts.layout);
    this.series = parts.series;
    this.widths = parts.widths;
    this.uptimeCell = parts.uptimeCell;
    this.ports = parts.ports;
    this.#direct = parts.direct;
    this.#computed = parts.computed;
    this.#lastComputed = new Float64Array(parts.computed.length).fill(Number.NaN);
    this.maxRates = new Float64Array(parts.series.length).fill(Number.NaN);
  }

  /** The values of this poll, one a series. What has the same inputs as before is not computed again. */
  values(): Float64Array {
    const { cells } = this;
    const values = new Float64Array(this.series.length);
    values.set(cells.numbers.subarray(0, this.#direct));
    for (let at = 0; at < this.#computed.length; at++) {
      const computed = this.#computed[at] as Computed;
      const { inputs, last } = computed;
      let same = true;
      for (let k = 0; k < inputs.length; k++) {
        const stamp = cells.stamp(inputs[k] as number);
        if (Object.is(stamp, last[k])) continue;
        last[k] = stamp;
        same = false;
      }
      if (!same) this.#lastComputed[at] = computed.compute(cells);
      values[computed.position] = this.#lastComputed[at] as number;
    }
    return values;
  }

  /** Whether a port's state or speed is another than with the last call; then the believable rates follow it. */
  portsChanged(values: Float64Array): boolean {
    const { states } = this.ports;
    const last = this.#lastStates;
    let changed = last === undefined;
    const now = last ?? new Float64Array(states.length);
    for (let k = 0; k < states.length; k++) {
      const position = states[k] as number;
      const value = position < 0 ? Number.NaN : (values[position] as number);
      if (!Object.is(now[k], value)) changed = true;
      now[k] = value;
    }
    this.#lastStates = now;
    if (changed) this.#limitRates(now);
    return changed;
  }

  #limitRates(states: Float64Array): void {
    const rates = new Float64Array(this.series.length).fill(Number.NaN);
    const limit = (pairs: Int32Array, bits: number) => {
      for (let k = 0; k < pairs.length; k += 2) {
        const speedBps = states[(pairs[k + 1] as number) * 3 + 2] as number;
        if (speedBps > 0) rates[pairs[k] as number] = Math.max(speedBps, leastSpeedBps) / bits;
      }
    };
    limit(this.ports.octets, 8);
    limit(this.ports.packets, leastFrameBits);
    this.maxRates = rates;
  }
}
