/** Markup that is safe to send: made by `html` only. There is no way round its escaping. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What a template may hold. Lists are joined; `false`, `null` and `undefined` leave nothing behind. */
export type Part = Html | string | number | false | null | undefined | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escaped(text: string): string {
  return /[&<>"'`]/.test(text) ? text.replace(/[&<>"'`]/g, (char) => entities[char] ?? char) : text;
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "string") return escaped(part);
  if (typeof part === "number") return String(part);
  if (Array.isArray(part)) return part.map(render).join("");
  // Not by the types: whatever it is, it is text.
  return escaped(String(part));
}

/**
 * The one template of all pages: what is put in is escaped, for text and for quoted attributes alike.
 * Attributes must stand in quotes.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? "";
  for (const [index, part] of parts.entries()) text += render(part) + (strings[index + 1] ?? "");
  return new Html(text);
}

/** Nothing. */
html.none = new Html("");

const longest = 200;

/**
 * A text from a device, fit to be shown: at most 200 characters, no control characters, no half pairs.
 * For attributes; in running text use `device`.
 */
export function cut(text: string, length = longest): string {
  const clean = text
    .slice(0, length * 4)
    .replace(/\p{Cc}+/gu, " ")
    .replace(/\p{Cs}/gu, "\uFFFD");
  const chars = Array.from(clean);
  return chars.length > length ? `${chars.slice(0, length - 1).join("")}…` : clean;
}

/** A text from a device within a sentence: cut, and kept from turning the direction of what stands around it. */
export function foreign(text: string): Html {
  return html`<bdi>${cut(text)}</bdi>`;
}
