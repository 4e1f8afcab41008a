import { readFileSync } from "node:fs";
import type { Part } from "./html.ts";
import { html } from "./html.ts";

type Plural = Partial<Record<Intl.LDMLPluralRule, string>>;
type Entry = string | Plural;

/** Values for the `{name}` places of a text; `count` picks the plural form. */
export type Values = Readonly<Record<string, Part>>;

/** The texts of the pages in one language. */
export interface Texts {
  readonly language: string;
  /** The text as markup; values are escaped unless they are markup. */
  (key: string, values?: Values): Part;
  /** The same as plain text, for attributes and titles. */
  plain(key: string, values?: Readonly<Record<string, string | number>>): string;
}

function pattern(
  entries: ReadonlyMap<string, Entry>,
  rules: Intl.PluralRules,
  key: string,
  count: unknown,
): string {
  const entry = entries.get(key);
  if (entry === undefined) return key;
  if (typeof entry === "string") return entry;
  const form = rules.select(typeof count === "number" ? count : 0);
  return entry[form] ?? entry.other ?? key;
}

/** Reads `locales/<language>.json`. A key without an entry shows itself. */
export function loadTexts(language: string, folder = new URL("./locales/", import.meta.url)): Texts {
  const file = readFileSync(new URL(`${language}.json`, folder), "utf8");
  const entries = new Map(Object.entries(JSON.parse(file) as Record<string, Entry>));
  const rules = new Intl.PluralRules(language);
  const pieces = (key: string, values: Readonly<Record<string, unknown>>) =>
    pattern(entries, rules, key, values.count).split(/\{(\w+)\}/);
  const markup = (key: string, values: Values = {}): Part => {
    const [first = "", ...rest] = pieces(key, values);
    return rest.reduce<Part>(
      (text, piece, index) => html`${text}${index % 2 === 0 ? values[piece] : piece}`,
      first,
    );
  };
  return Object.assign(markup, {
    language,
    plain: (key: string, values: Readonly<Record<string, string | number>> = {}) =>
      pieces(key, values)
        .map((piece, index) => (index % 2 === 1 ? String(values[piece] ?? "") : piece))
        .join(""),
  });
}
