import type { Cell } from "./decode.ts";

const sourceLimit = 600;

export interface Template {
  readonly names: readonly string[];
  /** The text with its places filled; empty places leave no double spaces. Undefined when all places are empty. */
  fill(lookup: (name: string) => Cell): string | undefined;
}

/**
 * A text with places: `{name}`, or `{name|other|"fixed"}` for the first that is there.
 *
 * @throws RangeError for a brace without its partner
 */
export function compileTemplate(source: string): Template {
  if (source.length > sourceLimit) throw new RangeError(`text longer than ${sourceLimit} characters`);
  const parts = source.split(/\{([^{}]*)\}/);
  if (parts.some((part, at) => at % 2 === 0 && /[{}]/.test(part)))
    throw new RangeError("a brace without its partner");
  const places = parts.map((part, at) => (at % 2 === 1 ? part.split("|").map((name) => name.trim()) : []));
  const names = [...new Set(places.flat().filter((name) => /^[A-Za-z_]/.test(name)))];
  return {
    names,
    fill(lookup) {
      let filled = false;
      const text = parts.map((part, at) => {
        if (at % 2 === 0) return part;
        const found = firstText(places[at] as string[], lookup);
        if (found !== "") filled = true;
        return found;
      });
      return names.length > 0 && !filled ? undefined : text.join("").replace(/\s+/g, " ").trim();
    },
  };
}

function firstText(names: readonly string[], lookup: (name: string) => Cell): string {
  for (const name of names) {
    const value = name.startsWith('"') ? name.replace(/^"|"$/g, "") : lookup(name);
    const text = value === undefined ? "" : String(value).trim();
    if (text !== "") return text;
  }
  return "";
}
