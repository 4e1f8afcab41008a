import { metricOf } from "../model/metric.ts";
import type { Series } from "../model/series.ts";
import type { PortId } from "../model/site.ts";
import { oidBytes, parseOid } from "./ber.ts";
import { type CellLayout, Cells, type CellWidth } from "./cells.ts";
import type { Cell } from "./decode.ts";
import { type BoundCell, isBelievable, type Reading, round, stateNumber } from "./evaluate.ts";
import type { Scope } from "./expression.ts";
import type { Survey } from "./survey.ts";

export const uptimeOid = "1.3.6.1.2.1.1.3.0";
const oidsAtOnce = 20;
/** From so many rows on a column is asked as one. */
const columnRows = 5;

/** Variables asked by name. */
export interface GetRequest {
  readonly kind: "get";
  readonly oids: readonly string[];
  /** Of the OIDs, as they stand in an answer. */
  readonly oidBytes: readonly Uint8Array[];
  /** Cell of each. */
  readonly cells: Int32Array;
}

/** A column asked as a whole, its rows as they were when the device was looked over. */
export interface ColumnRequest {
  readonly kind: "column";
  readonly column: string;
  readonly columnBytes: Uint8Array;
  readonly rows: readonly Uint8Array[];
  /** Cell of each row; -1 for one that nobody needs. */
  readonly cells: Int32Array;
}

export type PlanRequest = GetRequest | ColumnRequest;

/** A value that is more than one cell as it came. */
interface Computed {
  readonly position: number;
  readonly inputs: Int32Array;
  readonly compute: (cells: Cells) => number;
  readonly last: (number | string | undefined)[];
}

/** Positions among the series that a port's description follows. */
export interface PortSeries {
  readonly oper: number;
  readonly admin: number;
  readonly speed: number;
  /** Counters whose rate the port's speed limits, with units a bit. */
  readonly limited: readonly { readonly position: number; readonly perBit: number }[];
}

/** What one device is asked with each poll, and how its answers become series. Made once after each look over it. */
export class Plan {
  readonly requests: readonly PlanRequest[];
  readonly cells: Cells;
  readonly series: readonly Series[];
  readonly widths: Uint8Array;
  /** Cell of sysUpTime. */
  readonly uptimeCell: number;
  readonly ports: readonly PortSeries[];
  maxRates: Float64Array;
  readonly #direct: number;
  readonly #computed: readonly Computed[];
  readonly #lastComputed: Float64Array;

  constructor(parts: {
    readonly requests: readonly PlanRequest[];
    readonly layout: readonly CellLayout[];
    readonly series: readonly Series[];
    readonly widths: Uint8Array;
    readonly uptimeCell: number;
    readonly direct: number;
    readonly computed: readonly Computed[];
    readonly ports: readonly PortSeries[];
  }) {
    this.requests = parts.requests;
    this.cells = new Cells(parts.layout);
    this.series = parts.series;
    this.widths = parts.widths;
    this.uptimeCell = parts.uptimeCell;
    this.ports = parts.ports;
    this.#direct = parts.direct;
    this.#computed = parts.computed;
    this.#lastComputed = new Float64Array(parts.series.length).fill(Number.NaN);
    this.maxRates = new Float64Array(parts.series.length).fill(Number.NaN);
  }

  /** The values of this poll, one a series. What has the same inputs as before is not computed again. */
  values(): Float64Array {
    const { cells } = this;
    const values = new Float64Array(this.series.length);
    values.set(cells.numbers.subarray(0, this.#direct));
    for (const computed of this.#computed) {
      const { inputs, last, position } = computed;
      let same = true;
      for (let k = 0; k < inputs.length; k++) {
        const stamp = cells.stamp(inputs[k] as number);
        if (Object.is(stamp, last[k])) continue;
        last[k] = stamp;
        same = false;
      }
      if (!same) this.#lastComputed[position] = computed.compute(cells);
      values[position] = this.#lastComputed[position] as number;
    }
    return values;
  }

  /** The highest believable rate of each port's counters, from the speeds just read. */
  limitRates(values: Float64Array): void {
    const rates = new Float64Array(this.series.length).fill(Number.NaN);
    for (const { speed, limited } of this.ports) {
      const speedBps = speed < 0 ? 0 : (values[speed] as number);
      if (!(speedBps > 0)) continue;
      for (const { position, perBit } of limited)
        rates[position] = Math.max(speedBps, leastSpeedBps) * perBit;
    }
    this.maxRates = rates;
  }
}

/** Virtual ports of many systems claim 10 Mbit/s and carry more. */
const leastSpeedBps = 100_000_000;
/** Octets and packets a bit: the smallest Ethernet frame takes 84 octets of the wire. */
const perBit: Readonly<Record<string, number>> = {
  if_in_octets: 1 / 8,
  if_out_octets: 1 / 8,
  if_in_packets: 1 / (84 * 8),
  if_out_packets: 1 / (84 * 8),
};

export interface PlanOptions {
  readonly survey: Survey;
  /** In the order of `survey.ports`. */
  readonly portIds: readonly PortId[];
  readonly seriesOf: (metric: string, channel: string | undefined) => Series;
  /** v1 has no GETBULK. */
  readonly bulk: boolean;
}

/** A reading with the channel under which it is kept. */
export interface Channelled {
  readonly reading: Reading;
  readonly channel?: string | undefined;
}

type VariableCell = Extract<BoundCell, { column: string }>;

export function makePlan(options: PlanOptions, channelled: readonly Channelled[]): Plan {
  const { survey } = options;
  const layout: CellLayout[] = [];
  const places = new Map<string, number>();
  const cellOf = (cell: VariableCell, more: Partial<CellLayout> = {}): number => {
    const key = cell.index === "" ? cell.column : `${cell.column}.${cell.index}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, layout.length);
    layout.push({ width: 0, form: cell.form, ...more });
    return layout.length - 1;
  };
  const { direct, others } = split(survey, channelled);
  const series: Series[] = [];
  const widths: CellWidth[] = [];
  const addSeries = ({ reading, channel }: Channelled, width: CellWidth) => {
    series.push(options.seriesOf(reading.metric, channel));
    widths.push(width);
  };
  for (const { entry, cell } of direct) {
    const width = widthOf(entry.reading, cell);
    cellOf(cell, { width });
    addSeries(entry, width);
  }
  const computed: Computed[] = others.map((entry) => {
    addSeries(entry, soleWidth(entry.reading));
    return computedOf(entry.reading, series.length - 1, cellOf);
  });
  watchCells(survey).forEach((cell) => cellOf(cell, { watched: true }));
  const uptimeCell = cellOf({ column: uptimeOid, index: "", tag: 0 });
  const plan = new Plan({
    requests: requestsOf(survey, places, options.bulk),
    layout,
    series,
    widths: Uint8Array.from(widths),
    uptimeCell,
    direct: direct.length,
    computed,
    ports: portSeries(survey, [...direct.map(({ entry }) => entry), ...others]),
  });
  prime(plan, survey, places);
  return plan;
}

interface Direct {
  readonly entry: Channelled;
  readonly cell: VariableCell;
}

/**
 * Port values and counters that are one cell as it is are copied whole, a column at a time; all else is computed.
 */
function split(
  survey: Survey,
  channelled: readonly Channelled[],
): { direct: Direct[]; others: Channelled[] } {
  const byColumn = new Map<string, Direct[]>();
  const others: Channelled[] = [];
  const taken = new Set<string>();
  for (const entry of channelled) {
    const cell = directCell(entry.reading);
    const key = cell && `${cell.column}.${cell.index}`;
    if (!cell || key === undefined || taken.has(key)) {
      others.push(entry);
      continue;
    }
    taken.add(key);
    const list = byColumn.get(cell.column) ?? [];
    list.push({ entry, cell });
    byColumn.set(cell.column, list);
  }
  const order = (column: string) =>
    new Map([...(survey.readout.columns.get(column)?.rows.keys() ?? [])].map((index, at) => [index, at]));
  const direct = [...byColumn].flatMap(([column, list]) => {
    const places = order(column);
    return list.sort((a, b) => (places.get(a.cell.index) ?? 0) - (places.get(b.cell.index) ?? 0));
  });
  return { direct, others };
}

function directCell({ list, metric, binding }: Reading): VariableCell | undefined {
  const counter = metricOf(metric)?.kind === "counter";
  if (binding.expression || binding.words || !(counter || list === "ports")) return undefined;
  const [cell] = binding.cells.values();
  return cell && "column" in cell ? cell : undefined;
}

function widthOf({ metric }: Reading, cell: VariableCell): CellWidth {
  if (metricOf(metric)?.kind !== "counter") return 0;
  return cell.tag === 0x46 ? 64 : 32;
}

/** A computed counter (pages counted in hundreds) wraps as the one it is made of. */
function soleWidth(reading: Reading): CellWidth {
  const cell = [...reading.binding.cells.values()].find((bound) => "column" in bound);
  return cell && "column" in cell ? widthOf(reading, cell) : 0;
}

function computedOf(reading: Reading, position: number, cellOf: (cell: VariableCell) => number): Computed {
  const { binding, metric } = reading;
  const places = new Map<string, number>();
  for (const [name, cell] of binding.cells) if ("column" in cell) places.set(name, cellOf(cell));
  const inputs = Int32Array.from(places.values());
  const read = (cells: Cells): Cell => {
    if (!binding.expression) return cells.value(inputs[0] as number);
    const scope: Scope = {
      cell(name) {
        const place = places.get(name);
        if (place !== undefined) return cells.value(place);
        const cell = binding.cells.get(name);
        return cell && "constant" in cell ? cell.constant : undefined;
      },
      arc: binding.arc,
      rows: () => 0,
    };
    return binding.expression.evaluate(scope);
  };
  const compute = (cells: Cells): number => {
    const cell = read(cells);
    if (metricOf(metric)?.kind === "state") return stateNumber(cell, binding.words);
    return believed(metric, cell);
  };
  return { position, inputs, compute, last: new Array<number | string | undefined>(inputs.length).fill("") };
}

function believed(metric: string, cell: Cell): number {
  const value = typeof cell === "number" ? cell : Number.parseFloat(cell ?? "");
  return isBelievable(metric, value) ? round(value) : Number.NaN;
}

function watchCells(survey: Survey): VariableCell[] {
  const cells: VariableCell[] = [];
  for (const group of survey.profile.tables)
    for (const watch of group.watch) {
      const column = watch
        .split("|")
        .map((name) => group.columns.get(name))
        .find((candidate) => candidate && (survey.readout.columns.get(candidate.oid)?.rows.size ?? 0) > 0);
      const rows = column && survey.readout.columns.get(column.oid)?.rows;
      if (!column || !rows) continue;
      for (const [index, varbind] of rows)
        cells.push({ column: column.oid, index, tag: varbind.tag, form: column.as });
    }
  return cells;
}

/** Groups the variables by column: long ones are walked, the rest is asked by name, sysUpTime first. */
function requestsOf(survey: Survey, places: ReadonlyMap<string, number>, bulk: boolean): PlanRequest[] {
  const single = new Map<string, number>([[uptimeOid, places.get(uptimeOid) as number]]);
  const columns: ColumnRequest[] = [];
  const done = new Set<string>();
  for (const [column, { rows }] of survey.readout.columns) {
    const wanted = [...rows.keys()].filter((index) => places.has(`${column}.${index}`));
    if (!bulk || wanted.length < columnRows || rows.size > wanted.length * 3) continue;
    columns.push(columnRequest(column, [...rows.keys()], places));
    for (const index of wanted) done.add(`${column}.${index}`);
  }
  for (const [oid, cell] of places) if (!done.has(oid)) single.set(oid, cell);
  const oids = [...single.keys()];
  const gets: GetRequest[] = [];
  for (let at = 0; at < oids.length; at += oidsAtOnce)
    gets.push(getRequest(oids.slice(at, at + oidsAtOnce), single));
  return [...gets, ...columns];
}

function columnRequest(
  column: string,
  indexes: readonly string[],
  places: ReadonlyMap<string, number>,
): ColumnRequest {
  return {
    kind: "column",
    column,
    columnBytes: oidBytes(parseOid(column)),
    rows: indexes.map((index) => oidBytes(parseOid(`${column}.${index}`))),
    cells: Int32Array.from(indexes, (index) => places.get(`${column}.${index}`) ?? -1),
  };
}

export function getRequest(oids: readonly string[], places: ReadonlyMap<string, number>): GetRequest {
  return {
    kind: "get",
    oids,
    oidBytes: oids.map((oid) => oidBytes(parseOid(oid))),
    cells: Int32Array.from(oids, (oid) => places.get(oid) ?? -1),
  };
}

function portSeries(survey: Survey, channelled: readonly Channelled[]): PortSeries[] {
  const positions = new Map<string, Map<string, number>>();
  channelled.forEach(({ reading }, position) => {
    if (reading.list !== "ports") return;
    const of = positions.get(reading.index) ?? new Map<string, number>();
    of.set(reading.metric, position);
    positions.set(reading.index, of);
  });
  return survey.ports.map(({ index }) => {
    const of = positions.get(index) ?? new Map<string, number>();
    return {
      oper: of.get("if_oper_status") ?? -1,
      admin: of.get("if_admin_status") ?? -1,
      speed: of.get("if_speed") ?? -1,
      limited: Object.entries(perBit).flatMap(([metric, factor]) => {
        const position = of.get(metric);
        return position === undefined ? [] : [{ position, perBit: factor }];
      }),
    };
  });
}

/** Puts the texts of the survey into the cells, so that the first poll already sees a change. */
function prime(plan: Plan, survey: Survey, places: ReadonlyMap<string, number>): void {
  for (const [column, { rows }] of survey.readout.columns)
    for (const [index, varbind] of rows) {
      const cell = places.get(`${column}.${index}`);
      if (cell !== undefined && varbind.value instanceof Uint8Array) plan.cells.putVarbind(cell, varbind);
    }
  plan.cells.clear();
}
