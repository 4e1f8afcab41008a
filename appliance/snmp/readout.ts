import type { ColumnForm } from "../model/profile.ts";
import { parseOid } from "./ber.ts";
import type { Varbind } from "./codec.ts";
import { type Cell, cellOf, octetsText } from "./decode.ts";
import type { Scope } from "./expression.ts";
import type { ResolvedColumn, ResolvedGroup } from "./resolve.ts";
import type { Column } from "./walk.ts";

/** Everything that was read of a device in one look over it. */
export class Readout {
  readonly scalars = new Map<string, Varbind>();
  readonly columns = new Map<string, Column>();
  readonly #groups: ReadonlyMap<string, ResolvedGroup>;
  readonly #scalarColumns: ReadonlyMap<string, ResolvedColumn>;
  readonly #rows = new Map<string, readonly string[]>();
  readonly #named = new Map<string, ReadonlyMap<string, string>>();

  constructor(scalars: ResolvedGroup, tables: readonly ResolvedGroup[]) {
    this.#scalarColumns = scalars.columns;
    this.#groups = new Map(tables.map((table) => [table.name, table]));
  }

  /** Indexes of a table's rows in the agent's order: of all the columns that are its own. */
  rowsOf(group: ResolvedGroup): readonly string[] {
    if (group.oid === "") return [""];
    const known = this.#rows.get(group.name);
    if (known) return known;
    const own = [...group.columns.values()].filter(isOwn).map((column) => this.#indexesOf(column));
    const longest = own.sort((a, b) => b.length - a.length);
    const indexes = new Set<string>();
    for (const keys of longest) for (const index of keys) indexes.add(index);
    const list = [...indexes];
    this.#rows.set(group.name, list);
    return list;
  }

  #indexesOf({ oid, after }: ResolvedColumn): string[] {
    const keys = [...(this.columns.get(oid)?.rows.keys() ?? [])];
    if (after === undefined) return keys;
    return keys.flatMap((key) => {
      const row = key.slice(0, -after.length - 1);
      return key.endsWith(`.${after}`) && /^\d+$/.test(row) ? [row] : [];
    });
  }

  /** Index of the row beside `index`, below the same leading arcs, whose text is `text`. */
  beside(column: ResolvedColumn, index: string, text: string): string | undefined {
    let named = this.#named.get(column.oid);
    if (!named) {
      const rows = this.columns.get(column.oid)?.rows ?? new Map<string, Varbind>();
      named = new Map(
        [...rows].map(([key, varbind]) => [`${leading(key)} ${cellOf(varbind, column.as)}`, key]),
      );
      this.#named.set(column.oid, named);
    }
    return named.get(`${leading(index)} ${text}`);
  }

  scalar(name: string): Cell {
    if (name === "enterprise") return this.#enterprise();
    const column = this.#scalarColumns.get(name);
    return column && cellOf(this.scalars.get(column.oid), column.as);
  }

  scalarPlace(name: string): Place | undefined {
    const column = this.#scalarColumns.get(name);
    return column && { column: column.oid, index: "", form: column.as };
  }

  /** The enterprise number of the sysObjectID (IANA, 1.3.6.1.4.1.N). */
  #enterprise(): Cell {
    const match = /^1\.3\.6\.1\.4\.1\.(\d+)/.exec(String(this.scalar("sysObjectID") ?? ""));
    return match?.[1];
  }

  rowCount(table: string): number {
    const group = this.#groups.get(table);
    return group ? this.rowsOf(group).length : 0;
  }

  /** The row of a table, or of the scalars with an empty index. */
  row(group: ResolvedGroup, index: string): Row {
    return new Row(this, group, index);
  }

  find(oid: string, index: string): Varbind | undefined {
    return this.columns.get(oid)?.rows.get(index);
  }
}

/** Columns read under the row's own index; the others are looked up. */
export function isOwn(column: ResolvedColumn): boolean {
  return column.at === undefined && column.via === undefined && column.of === undefined;
}

/** Column and instance of a variable, and how its octets are read. */
export interface Place {
  readonly column: string;
  readonly index: string;
  readonly form?: ColumnForm | undefined;
}

export class Row implements Scope {
  readonly index: string;
  readonly #readout: Readout;
  readonly #group: ResolvedGroup;

  constructor(readout: Readout, group: ResolvedGroup, index: string) {
    this.#readout = readout;
    this.#group = group;
    this.index = index;
  }

  cell(name: string): Cell {
    if (this.index === "") return this.#readout.scalar(name);
    const column = this.#group.columns.get(name);
    if (column) return cellOf(this.varbind(name), column.as);
    if (name === "index") return this.index;
    if (name === "indexText") return indexText(this.index);
    return this.#readout.scalar(name);
  }

  arc(position: number): number | undefined {
    return this.index === "" ? undefined : parseOid(this.index)[position];
  }

  rows(table: string): number {
    return this.#readout.rowCount(table);
  }

  /** Column and instance behind a name of this row; undefined for names without one. */
  place(name: string): Place | undefined {
    if (this.index === "") {
      return this.#readout.scalarPlace(name);
    }
    const column = this.#group.columns.get(name);
    if (!column) return this.#readout.scalarPlace(name);
    const index = this.#indexFor(column);
    return index === undefined ? undefined : { column: column.oid, index, form: column.as };
  }

  varbind(name: string): Varbind | undefined {
    const place = this.place(name);
    if (!place) return undefined;
    return place.index === ""
      ? this.#readout.scalars.get(place.column)
      : this.#readout.find(place.column, place.index);
  }

  /** Where the value stands, as a full OID. */
  oid(name: string): string | undefined {
    const place = this.place(name);
    if (!place) return undefined;
    return place.index === "" ? place.column : `${place.column}.${place.index}`;
  }

  #beside(of: string, [ending, other]: readonly [string, string]): string | undefined {
    const column = this.#group.columns.get(of);
    const text = String(this.cell(of) ?? "");
    if (!column || !text.endsWith(ending)) return undefined;
    return this.#readout.beside(column, this.index, text.slice(0, -ending.length) + other);
  }

  #indexFor(column: ResolvedColumn): string | undefined {
    if (column.via !== undefined) {
      const via = this.cell(column.via);
      return via === undefined ? undefined : String(via);
    }
    if (column.of !== undefined) return this.#beside(column.of, column.swap ?? ["", ""]);
    const row = column.at === undefined ? this.index : pick(this.index, column.at);
    return row === undefined || column.after === undefined ? row : `${row}.${column.after}`;
  }
}

function leading(index: string): string {
  return index.slice(0, Math.max(index.lastIndexOf("."), 0));
}

function pick(index: string, places: readonly number[]): string | undefined {
  const arcs = parseOid(index);
  const picked = places.map((position) => arcs[position]);
  return picked.includes(undefined) ? undefined : picked.join(".");
}

/**
 * An index that spells a text, with or without its length in front; undefined when it spells none. Numbers may stand
 * before the length: `1 vcp-0` of member 1 and the port `vcp-0`. Several texts follow one another: `line_card 1/1`.
 */
export function indexText(index: string): string | undefined {
  const arcs = parseOid(index);
  const several = severalTexts(arcs);
  if (several !== undefined) return several;
  const at = arcs.findIndex((arc, position) => position < 3 && arc > 0 && arc === arcs.length - position - 1);
  const text = spelled(arcs.slice(at + 1));
  return text === undefined || at < 1 ? text : [arcs.slice(0, at).join("."), text].join(" ");
}

/** Two texts or more, each behind its length and of two characters at least, with nothing else between. */
function severalTexts(arcs: readonly number[]): string | undefined {
  const texts: string[] = [];
  for (let at = 0; at < arcs.length; ) {
    const length = arcs[at] ?? 0;
    const part = arcs.slice(at + 1, at + 1 + length);
    if (length < 2 || part.length < length || part.some((arc) => arc < 32 || arc > 126)) return undefined;
    texts.push(String.fromCharCode(...part));
    at += length + 1;
  }
  return texts.length < 2 ? undefined : texts.join(" ");
}

function spelled(arcs: readonly number[]): string | undefined {
  if (arcs.length === 0 || arcs.some((arc) => arc > 255)) return undefined;
  const text = octetsText(Uint8Array.from(arcs), "text");
  return text === "" ? undefined : text;
}
