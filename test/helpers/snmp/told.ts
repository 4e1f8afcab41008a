/** What an inspection tells, as the short lines that a profile's fixture expects. */
export interface Told {
  readonly identity: Readonly<Record<string, string>>;
  readonly interfaces?: number;
  readonly sensors?: readonly string[];
  readonly wireless?: readonly string[];
  readonly processors?: readonly string[];
  readonly memory?: readonly string[];
  readonly storage?: readonly string[];
  readonly supplies?: readonly string[];
  readonly poe?: string;
}

type Row = Readonly<Record<string, unknown>>;

const limitNames = ["low", "lowWarn", "highWarn", "high"] as const;
const lists = ["sensors", "wireless", "processors", "memory", "storage", "supplies"] as const;

/** `inspection` in the words of a fixture; lists that are empty are left out. */
export function toldBy(inspection: Row): Told {
  const told: Record<string, unknown> = { identity: identityOf(inspection.identity as Row) };
  const interfaces = (inspection.interfaces as readonly Row[]).length;
  if (interfaces > 0) told.interfaces = interfaces;
  for (const list of lists) {
    const rows = (inspection[list] ?? []) as readonly Row[];
    if (rows.length > 0) told[list] = rows.map(lineOf[list]);
  }
  if (inspection.poe) told.poe = poeLine(inspection.poe as Row);
  return told as unknown as Told;
}

function identityOf(identity: Row): Record<string, string> {
  const wanted = ["vendor", "model", "version", "serial", "kind", "profile"];
  const given = wanted.filter((name) => typeof identity[name] === "string");
  return Object.fromEntries(given.map((name) => [name, String(identity[name])]));
}

function readingLine(row: Row): string {
  const name = `${String(row.class)} ${String(row.description)} =`;
  const number = row.value === null ? "" : ` ${String(row.value)}`;
  if (row.class === "state") return `${name}${number} ${String(row.text)}, ${String(row.severity)}`;
  const limits = (row.limits ?? {}) as Row;
  const given = limitNames.filter((limit) => typeof limits[limit] === "number");
  const told = given.map((limit) => `${limit} ${String(limits[limit])}`).join(", ");
  return `${name}${number} ${String(row.unit ?? "")}`.trimEnd() + (told === "" ? "" : ` (${told})`);
}

function roomLine(row: Row): string {
  const bytes = typeof row.totalBytes === "number" ? ` of ${row.totalBytes} B` : "";
  const used = typeof row.usedPercent === "number" ? `${Math.round(row.usedPercent)} %` : "";
  return `${String(row.description)} = ${used}${bytes}`;
}

const lineOf: Readonly<Record<(typeof lists)[number], (row: Row) => string>> = {
  sensors: readingLine,
  wireless: readingLine,
  processors: (row) => `${String(row.description)} = ${String(row.usagePercent)} %`,
  memory: roomLine,
  storage: roomLine,
  supplies: (row) => `${String(row.type)} ${String(row.description)} = ${String(row.percent)} %`,
};

function poeLine(poe: Row): string {
  const supplies = (poe.supplies ?? []) as readonly Row[];
  const watts = supplies.map((row) => `${String(row.consumptionW)} of ${String(row.powerW)} W`);
  return `${String(poe.delivering)} of ${String(poe.ports)} ports, ${watts.join(", ")}`;
}
