import type { PortDescription } from "../model/observation.ts";
import { type Port, type PortId, slug } from "../model/site.ts";
import { cleanText } from "../model/words.ts";

type Marks = Pick<PortDescription, "ifName" | "mac" | "ifDescr" | "ifAlias">;

/** By what a port is found again, in this order: its number changes when the device renumbers. */
const marks: readonly (keyof Marks)[] = ["ifName", "mac", "ifDescr", "ifAlias"];

/** Entries by a mark that only one of them has. */
function unique<T extends Marks>(entries: readonly T[], mark: keyof Marks): Map<string, T> {
  const found = new Map<string, T>();
  const twice = new Set<string>();
  for (const entry of entries) {
    const value = entry[mark];
    if (!value) continue;
    if (found.has(value)) twice.add(value);
    found.set(value, entry);
  }
  for (const value of twice) found.delete(value);
  return found;
}

function newId(row: PortDescription, taken: ReadonlySet<PortId>): PortId {
  const base = slug(row.ifName ?? "") || slug(row.ifDescr ?? "") || `if${row.ifIndex}`;
  let id = base as PortId;
  for (let at = 2; taken.has(id); at++) id = `${base}-${at}` as PortId;
  return id;
}

/**
 * Gives every row of an interface table its lasting id: that of the known port with the same ifName, MAC, ifDescr or
 * ifAlias, as far as that names one port alone; else a new one.
 *
 * @returns one id for each row, in order, all different
 */
export function matchPorts(known: readonly Port[], rows: readonly PortDescription[]): PortId[] {
  const ids = new Map<PortDescription, PortId>();
  const taken = new Set<PortId>();
  for (const mark of marks) {
    const free = known.filter(({ id }) => !taken.has(id));
    const byMark = unique(free, mark);
    for (const [value, row] of unique(
      rows.filter((one) => !ids.has(one)),
      mark,
    )) {
      const port = byMark.get(value);
      if (!port) continue;
      ids.set(row, port.id);
      taken.add(port.id);
    }
  }
  // An id is never used again for another port while the old one is known.
  const used = new Set<PortId>([...taken, ...known.map(({ id }) => id)]);
  for (const row of rows) {
    if (ids.has(row)) continue;
    const same = known.find(
      (port) => !taken.has(port.id) && isNameless(port) && port.ifIndex === row.ifIndex,
    );
    const id = same?.id ?? newId(row, used);
    ids.set(row, id);
    taken.add(id);
    used.add(id);
  }
  return rows.map((row) => ids.get(row) ?? newId(row, used));
}

const isNameless = ({ ifName, ifDescr }: Port) => !ifName && !ifDescr;

/** A row as a port, its texts made harmless. */
export function portOf(row: PortDescription, id: PortId): Port {
  const texts = ["ifName", "ifDescr", "ifAlias"] as const;
  const clean = Object.fromEntries(
    texts.flatMap((key) => {
      const text = cleanText(row[key] ?? "");
      return text === "" ? [] : [[key, text]];
    }),
  );
  const { ifName: _name, ifDescr: _descr, ifAlias: _alias, ...rest } = row;
  return { ...rest, ...clean, id };
}
