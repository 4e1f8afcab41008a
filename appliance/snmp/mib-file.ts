import { MibMistake, mibTokens, type Token } from "./mib-tokens.ts";

/** A place in the tree of names: below another name or from the top, and the numbers from there on. */
interface Place {
  readonly parent: string | undefined;
  readonly arcs: readonly number[];
}

export interface MibTrap {
  readonly name: string;
  readonly line: number;
  readonly place: Place;
}

/** What of a MIB module is needed to name traps. */
export interface MibModule {
  readonly name: string;
  readonly places: ReadonlyMap<string, Place>;
  /** Where a name comes from that is not the module's own. */
  readonly imports: ReadonlyMap<string, string>;
  readonly traps: readonly MibTrap[];
}

const largest = 4 * 1024 * 1024;
/** Macros that give a name its place. */
const placed: ReadonlySet<string> = new Set([
  "MODULE-IDENTITY",
  "OBJECT-IDENTITY",
  "OBJECT-TYPE",
  "OBJECT-GROUP",
  "NOTIFICATION-GROUP",
  "MODULE-COMPLIANCE",
  "AGENT-CAPABILITIES",
  "NOTIFICATION-TYPE",
]);
/** RFC 1215: the traps of version 1 itself are those of RFC 3418 today. */
const versionOneTraps = "snmp";

/** Every module of a MIB file. Throws MibMistake with the line of the first thing that cannot be. */
export function parseMib(text: string): MibModule[] {
  if (text.length > largest) throw new MibMistake(1, "it is larger than 4 MiB");
  const reader = new MibReader(mibTokens(text));
  const modules: MibModule[] = [];
  while (!reader.isAtEnd) modules.push(reader.module());
  if (modules.length === 0) throw new MibMistake(1, "there is no module in it");
  return modules;
}

class MibReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #places = new Map<string, Place>();
  #imports = new Map<string, string>();
  #traps: MibTrap[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  module(): MibModule {
    this.#places = new Map();
    this.#imports = new Map();
    this.#traps = [];
    const name = this.#next().text;
    // Some modules name their own OID in braces here.
    if (this.#peek() === "{") this.#skipTo("}");
    this.#expect("DEFINITIONS");
    this.#skipTo("BEGIN");
    while (this.#peek() !== "END") this.#statement();
    this.#at++;
    return { name, places: this.#places, imports: this.#imports, traps: this.#traps };
  }

  #statement(): void {
    const { text, line } = this.#next();
    const kind = this.#peek();
    if (text === "IMPORTS") this.#readImports();
    else if (text === "EXPORTS") this.#skipTo(";");
    else if (kind === "MACRO") this.#skipTo("END");
    else if (kind === "TRAP-TYPE") this.#readTrap(text, line);
    else if (kind === "OBJECT" && this.#peek(1) === "IDENTIFIER" && this.#peek(2) === "::=") {
      this.#at += 3;
      this.#places.set(text, this.#place());
    } else if (kind !== undefined && placed.has(kind) && /^[a-z]/.test(text))
      this.#readPlaced(text, kind, line);
  }

  #readPlaced(name: string, kind: string, line: number): void {
    this.#skipTo("::=");
    const place = this.#place();
    this.#places.set(name, place);
    if (kind === "NOTIFICATION-TYPE") this.#traps.push({ name, line, place });
  }

  #readImports(): void {
    let names: string[] = [];
    for (let token = this.#next(); token.text !== ";"; token = this.#next()) {
      if (token.text === "FROM") {
        const from = this.#next().text;
        for (const name of names) this.#imports.set(name, from);
        names = [];
      } else if (token.text !== ",") names.push(token.text);
    }
  }

  /** RFC 1215: `name TRAP-TYPE ENTERPRISE parent ... ::= number`. */
  #readTrap(name: string, line: number): void {
    this.#at++;
    this.#expect("ENTERPRISE");
    const enterprise: Place = this.#peek() === "{" ? this.#place() : { parent: this.#next().text, arcs: [] };
    this.#skipTo("::=");
    const number = this.#number();
    const place: Place =
      enterprise.parent === versionOneTraps && enterprise.arcs.length === 0
        ? { parent: undefined, arcs: [1, 3, 6, 1, 6, 3, 1, 1, 5, number + 1] }
        : { ...enterprise, arcs: [...enterprise.arcs, 0, number] };
    this.#traps.push({ name, line, place });
  }

  /** `{ parent 1 }`, `{ iso org(3) 6 }`, `{ 1 3 6 }`. */
  #place(): Place {
    this.#expect("{");
    const arcs: number[] = [];
    let parent: string | undefined;
    for (let token = this.#next(); token.text !== "}"; token = this.#next()) {
      if (/^\d/.test(token.text)) arcs.push(this.#arc(token));
      else if (this.#peek() === "(") {
        this.#at++;
        arcs.push(this.#number());
        this.#expect(")");
      } else if (parent === undefined && arcs.length === 0 && /^[A-Za-z]/.test(token.text))
        parent = token.text;
      else throw new MibMistake(token.line, `expected a number, got "${token.text.slice(0, 40)}"`);
      if (arcs.length > 128) throw new MibMistake(token.line, "an OID has at most 128 numbers");
    }
    return { parent, arcs };
  }

  #number(): number {
    return this.#arc(this.#next());
  }

  #arc({ text, line }: Token): number {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= 0xffff_ffff)) throw new MibMistake(line, `expected a number, got "${text.slice(0, 40)}"`);
    return value;
  }

  #peek(ahead = 0): string | undefined {
    return this.#tokens[this.#at + ahead]?.text;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (!token) throw new MibMistake(this.#tokens.at(-1)?.line ?? 1, "it ends in the middle of a statement");
    return token;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text)
      throw new MibMistake(token.line, `expected ${text}, got "${token.text.slice(0, 40)}"`);
  }

  #skipTo(text: string): void {
    while (this.#next().text !== text);
  }
}
