import { type Cell, numberOf } from "./decode.ts";
import {
  arithmetic,
  bit,
  compare,
  comparisons,
  finite,
  functions,
  products,
  sums,
  truth,
} from "./operators.ts";
import { safePattern } from "./pattern.ts";

/** What an expression reads: the columns of one row, and what the device has. */
export interface Scope {
  cell(name: string): Cell;
  /** An arc of the row's index, from 0. */
  arc(position: number): number | undefined;
  /** How many rows a table has. */
  rows(table: string): number;
}

/** A compiled expression of a profile; the language is explained in mibs/README.md. */
export interface Expression {
  readonly source: string;
  /** Columns whose present value it needs. */
  readonly names: readonly string[];
  /** Columns that are read once, when the device is looked over: those inside `once()` and `has()`. */
  readonly onceNames: readonly string[];
  evaluate(scope: Scope): Cell;
}

export type Run = (scope: Scope) => Cell;

const sourceLimit = 600;
const depthLimit = 40;
const tokenPattern =
  /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|"([^"]*)"|'([^']*)'|(\?\?|&&|\|\||==|!=|<=|>=|[-+*/%()<>!?:,~]))/y;

interface Token {
  readonly kind: "number" | "name" | "text" | "sign" | "end";
  readonly text: string;
}

function tokensOf(source: string): Token[] {
  if (source.length > sourceLimit) throw new RangeError(`expression longer than ${sourceLimit} characters`);
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  const end = source.trimEnd().length;
  while (tokenPattern.lastIndex < end) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(source);
    if (!match) throw new RangeError(`cannot read "${source.slice(at, at + 20).trim()}"`);
    tokens.push(tokenOf(match));
  }
  return tokens;
}

function tokenOf([, number, name, double, single, sign]: RegExpExecArray): Token {
  if (number !== undefined) return { kind: "number", text: number };
  if (name !== undefined) return { kind: "name", text: name };
  if (sign !== undefined) return { kind: "sign", text: sign };
  return { kind: "text", text: double ?? single ?? "" };
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #names = new Set<string>();
  readonly #onceNames = new Set<string>();
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  parse(source: string): Expression {
    const run = this.#choice();
    if (this.#peek().kind !== "end") throw new RangeError(`"${this.#peek().text}" is one too many`);
    return { source, names: [...this.#names], onceNames: [...this.#onceNames], evaluate: run };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "the end" };
  }

  #accept(...signs: string[]): string | undefined {
    const token = this.#peek();
    if (token.kind !== "sign" || !signs.includes(token.text)) return undefined;
    this.#at++;
    return token.text;
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) throw new RangeError(`expected "${sign}" before "${this.#peek().text}"`);
  }

  #choice(): Run {
    if (++this.#depth > depthLimit) throw new RangeError("expression nested too deeply");
    const condition = this.#fallback();
    this.#depth--;
    if (!this.#accept("?")) return condition;
    const yes = this.#choice();
    this.#expect(":");
    const no = this.#choice();
    return (scope) => (truth(condition(scope)) ? yes(scope) : no(scope));
  }

  #fallback(): Run {
    let left = this.#either();
    while (this.#accept("??")) {
      const [first, second] = [left, this.#either()];
      left = (scope) => first(scope) ?? second(scope);
    }
    return left;
  }

  #either(): Run {
    let left = this.#both();
    while (this.#accept("||")) {
      const [first, second] = [left, this.#both()];
      left = (scope) => bit(truth(first(scope)) || truth(second(scope)));
    }
    return left;
  }

  #both(): Run {
    let left = this.#comparison();
    while (this.#accept("&&")) {
      const [first, second] = [left, this.#comparison()];
      left = (scope) => bit(truth(first(scope)) && truth(second(scope)));
    }
    return left;
  }

  #comparison(): Run {
    const left = this.#sum();
    if (this.#accept("~")) return this.#matches(left);
    const sign = this.#accept("==", "!=", "<=", ">=", "<", ">");
    return sign ? compare(comparisons[sign] as (d: number) => boolean, left, this.#sum()) : left;
  }

  #matches(left: Run): Run {
    const token = this.#peek();
    if (token.kind !== "text") throw new RangeError('expected a pattern in quotes after "~"');
    this.#at++;
    const pattern = safePattern(token.text);
    return (scope) => {
      const text = left(scope);
      return bit(text !== undefined && pattern.exec(String(text)) !== null);
    };
  }

  #sum(): Run {
    let left = this.#product();
    for (let sign = this.#accept("+", "-"); sign; sign = this.#accept("+", "-"))
      left = arithmetic(sums[sign] as (a: number, b: number) => number, left, this.#product());
    return left;
  }

  #product(): Run {
    let left = this.#unary();
    for (let sign = this.#accept("*", "/", "%"); sign; sign = this.#accept("*", "/", "%"))
      left = arithmetic(products[sign] as (a: number, b: number) => number, left, this.#unary());
    return left;
  }

  #unary(): Run {
    const sign = this.#accept("-", "!");
    if (!sign) return this.#atom();
    if (++this.#depth > depthLimit) throw new RangeError("expression nested too deeply");
    const inner = this.#unary();
    this.#depth--;
    if (sign === "!") return (scope) => bit(!truth(inner(scope)));
    return (scope) => {
      const value = numberOf(inner(scope));
      return value === undefined ? undefined : -value;
    };
  }

  #atom(): Run {
    const token = this.#peek();
    this.#at++;
    if (token.kind === "number") {
      const value = Number(token.text);
      return () => value;
    }
    if (token.kind === "text") return () => token.text;
    if (token.kind === "name")
      return this.#accept("(") ? this.#call(token.text) : this.#column(token.text, this.#names);
    if (token.kind === "sign" && token.text === "(") {
      const inner = this.#choice();
      this.#expect(")");
      return inner;
    }
    throw new RangeError(`expected a value before "${token.text}"`);
  }

  #column(name: string, into: Set<string>): Run {
    if (name === "missing") return () => undefined;
    into.add(name);
    return (scope) => scope.cell(name);
  }

  #call(name: string): Run {
    if (name === "once" || name === "has" || name === "rows" || name === "arc") return this.#special(name);
    if (name === "part") return this.#part();
    const compute = functions[name];
    if (!compute) throw new RangeError(`no function is called "${name}"`);
    const args = [this.#choice()];
    while (this.#accept(",")) args.push(this.#choice());
    this.#expect(")");
    return (scope) => {
      const values: number[] = [];
      for (const arg of args) {
        const value = numberOf(arg(scope));
        if (value === undefined) return undefined;
        values.push(value);
      }
      return finite(compute(...values));
    };
  }

  /** `part(text, 'pattern')`: the pattern's first group, as a number where it begins with one. */
  #part(): Run {
    const text = this.#choice();
    this.#expect(",");
    const token = this.#peek();
    if (token.kind !== "text") throw new RangeError("part() takes a text and a pattern in quotes");
    this.#at++;
    this.#expect(")");
    const pattern = safePattern(token.text);
    return (scope) => {
      const found = pattern.exec(String(text(scope) ?? ""));
      return found ? (found[1] ?? found[0]) : undefined;
    };
  }

  #special(name: "once" | "has" | "rows" | "arc"): Run {
    const token = this.#peek();
    this.#at++;
    this.#expect(")");
    if (name === "arc") {
      const position = Number(token.text);
      if (token.kind !== "number") throw new RangeError("arc() takes a number");
      return (scope) => scope.arc(position);
    }
    if (token.kind !== "name") throw new RangeError(`${name}() takes a name`);
    if (name === "rows") return (scope) => scope.rows(token.text);
    const column = this.#column(token.text, this.#onceNames);
    return name === "once" ? column : (scope) => bit(column(scope) !== undefined);
  }
}

/** @throws RangeError that says what is wrong with it */
export function compileExpression(source: string): Expression {
  return new Parser(source).parse(source);
}
