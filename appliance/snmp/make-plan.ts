import { metricOf } from "../model/metric.ts";
import type { Series } from "../model/series.ts";
import { oidBytes, parseOid, tag } from "./ber.ts";
import type { CellLayout, Cells, CellWidth } from "./cells.ts";
import { type Cell, numberOf } from "./decode.ts";
import type { Scope } from "./expression.ts";
import { columnOids, endsOf, type OidEnds, wholeOids } from "./oid-list.ts";
import {
  type ColumnRequest,
  type Computed,
  type GetRequest,
  Plan,
  type PlanRequest,
  type PortPositions,
  uptimeOid,
} from "./plan.ts";
import type { BoundCell, Reading } from "./reading.ts";
import type { Survey } from "./survey.ts";
import { isBelievable, round, stateNumber } from "./value.ts";

const oidsAtOnce = 20;
/** From so many rows on a column is asked as one. */
const columnRows = 5;
export interface PlanOptions {
  readonly survey: Survey;
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
  for (const cell of watchCells(survey)) cellOf(cell, { watched: true });
  const uptimeCell = cellOf({ column: uptimeOid, index: "", tag: 0 });
  const plan = new Plan({
    requests: requestsOf(survey, places, options.bulk),
    layout,
    series,
    widths: Uint8Array.from(widths),
    uptimeCell,
    direct: direct.length,
    computed,
    ports: portPositions(survey, [...direct.map(({ entry }) => entry), ...others]),
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
  return cell.tag === tag.counter64 ? 64 : 32;
}

/** A computed counter (pages counted in hundreds) wraps as the one it is made of. */
function soleWidth(reading: Reading): CellWidth {
  const cell = [...reading.binding.cells.values()].find((bound) => "column" in bound);
  return cell && "column" in cell ? widthOf(reading, cell) : 0;
}

/** Keeps only what a poll needs of a reading: its binding is large, and there is one for every port of every device. */
function computedOf(reading: Reading, position: number, cellOf: (cell: VariableCell) => number): Computed {
  const { binding, metric } = reading;
  const places = new Map<string, number>();
  const constants = new Map<string, Cell>();
  for (const [name, cell] of binding.cells) {
    if ("column" in cell) places.set(name, cellOf(cell));
    else constants.set(name, cell.constant);
  }
  const inputs = [...places.values()];
  const { expression, words, index } = binding;
  const read = expression
    ? readExpression(expression, { places, constants, index })
    : (cells: Cells): Cell => cells.value(inputs[0] as number);
  return {
    position,
    inputs,
    compute: computeAs(metric, words, read),
    last: new Array(inputs.length).fill(""),
  };
}

function readExpression(
  expression: NonNullable<Reading["binding"]["expression"]>,
  from: {
    readonly places: ReadonlyMap<string, number>;
    readonly constants: ReadonlyMap<string, Cell>;
    readonly index: string;
  },
): (cells: Cells) => Cell {
  const { places, constants, index } = from;
  return (cells) => {
    const scope: Scope = {
      cell(name) {
        const place = places.get(name);
        return place === undefined ? constants.get(name) : cells.value(place);
      },
      arc: (place) => (index === "" ? undefined : parseOid(index)[place]),
      rows: () => 0,
    };
    return expression.evaluate(scope);
  };
}

function computeAs(
  metric: string,
  words: Reading["binding"]["words"],
  read: (cells: Cells) => Cell,
): (cells: Cells) => number {
  const isState = metricOf(metric)?.kind === "state";
  return (cells) => (isState ? stateNumber(read(cells), words) : believed(metric, read(cells)));
}

function believed(metric: string, cell: Cell): number {
  const value = numberOf(cell);
  return value !== undefined && isBelievable(metric, value) ? round(value) : Number.NaN;
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
  const shared = sharedEnds();
  for (const [column, { rows }] of survey.readout.columns) {
    const wanted = [...rows.keys()].filter((index) => places.has(`${column}.${index}`));
    if (!bulk || wanted.length < columnRows || rows.size > wanted.length * 3) continue;
    const indexes = [...rows.keys()];
    columns.push(columnRequest(column, indexes, places, shared(indexes)));
    for (const index of wanted) done.add(`${column}.${index}`);
  }
  for (const [oid, cell] of places) if (!done.has(oid)) single.set(oid, cell);
  const oids = [...single.keys()];
  const gets: GetRequest[] = [];
  for (let at = 0; at < oids.length; at += oidsAtOnce)
    gets.push(getRequest(oids.slice(at, at + oidsAtOnce), single));
  return [...gets, ...columns];
}

/** Columns with the same rows get the same object: less to keep, and less to fetch with each poll. */
function sharedEnds(): (indexes: readonly string[]) => OidEnds {
  const known = new Map<string, OidEnds>();
  return (indexes) => {
    const key = indexes.join(" ");
    const ends = known.get(key) ?? endsOf(indexes);
    known.set(key, ends);
    return ends;
  };
}

function columnRequest(
  column: string,
  indexes: readonly string[],
  places: ReadonlyMap<string, number>,
  ends: OidEnds,
): ColumnRequest {
  return {
    kind: "column",
    column,
    columnBytes: oidBytes(parseOid(column)),
    rows: columnOids(column, ends),
    cells: Int32Array.from(indexes, (index) => places.get(`${column}.${index}`) ?? -1),
  };
}

function getRequest(oids: readonly string[], places: ReadonlyMap<string, number>): GetRequest {
  return {
    kind: "get",
    oids,
    oidList: wholeOids(oids),
    cells: Int32Array.from(oids, (oid) => places.get(oid) ?? -1),
  };
}

const octetMetrics = new Set(["if_in_octets", "if_out_octets"]);
const packetMetrics = new Set(["if_in_packets", "if_out_packets"]);
const stateMetrics = ["if_oper_status", "if_admin_status", "if_speed"];

function portPositions(survey: Survey, channelled: readonly Channelled[]): PortPositions {
  const numbers = new Map(survey.ports.map(({ index }, number) => [index, number]));
  const states = new Int32Array(survey.ports.length * 3).fill(-1);
  const octets: number[] = [];
  const packets: number[] = [];
  channelled.forEach(({ reading: { list, index, metric } }, position) => {
    const number = numbers.get(index);
    if (list !== "ports" || number === undefined) return;
    const state = stateMetrics.indexOf(metric);
    if (state >= 0) states[number * 3 + state] = position;
    if (octetMetrics.has(metric)) octets.push(position, number);
    if (packetMetrics.has(metric)) packets.push(position, number);
  });
  return { states, octets: Int32Array.from(octets), packets: Int32Array.from(packets) };
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
