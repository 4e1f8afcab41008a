/** One word of a MIB file, and the line it stands in. */
export interface Token {
  readonly text: string;
  readonly line: number;
}

/** A mistake in a MIB file, and the line it stands in. */
export class MibMistake extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = "MibMistake";
    this.line = line;
  }
}

const mostTokens = 1_000_000;
/** Words, numbers, `::=`, whole strings, comments to the end of the line, and whatever else there is, one by one. */
const pattern = /\s+|--[^\n]*|"[^"]*"|::=|[A-Za-z][A-Za-z0-9_-]*|\d+|'[0-9A-Fa-f]*'[HhBb]|./suy;

/**
 * Takes a MIB file apart; strings and comments are left out. Throws MibMistake for a string without an end and for what
 * is no text.
 * Source: RFC 2578 §3.1 (the subset of ASN.1 that MIBs are written in).
 */
export function mibTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)?.[0] ?? "";
    if (match === "") throw new MibMistake(line, "it cannot be read here");
    if (match === '"') throw new MibMistake(line, "a string begins here and never ends");
    if (match === "\0") throw new MibMistake(line, "it is no text file");
    const first = match.charCodeAt(0);
    const isSpace = match.trim() === "";
    if (!isSpace && first !== 34 && !match.startsWith("--")) tokens.push({ text: match, line });
    if (tokens.length > mostTokens) throw new MibMistake(line, "it is too long");
    for (let at = match.indexOf("\n"); at >= 0; at = match.indexOf("\n", at + 1)) line++;
  }
  return tokens;
}
