import t from "tap";
import type { Cell } from "../../appliance/snmp/decode.ts";
import { compileExpression, type Scope } from "../../appliance/snmp/expression.ts";
import { safePattern } from "../../appliance/snmp/pattern.ts";
import { compileTemplate } from "../../appliance/snmp/template.ts";

const cells: Record<string, Cell> = {
  a: 6,
  b: 4,
  zero: 0,
  text: "23.5 C",
  word: "OK",
  big: 4_294_967_295,
  minus: -5,
};
const scope: Scope = {
  cell: (name) => cells[name],
  arc: (position) => [7, 8, 9][position],
  rows: (table) => (table === "ports" ? 24 : 0),
};

const values: [string, Cell][] = [
  ["a + b * 2", 14],
  ["(a + b) * 2", 20],
  ["a / zero", undefined],
  ["a - nothing", undefined],
  ["-a + 1", -5],
  ["a % b", 2],
  ["text / 10", 2.35],
  ["a > b && b > 0", 1],
  ["a < b || word == 'ok'", 1],
  ["!(a == 6)", 0],
  ["nothing == 0", 0],
  ["nothing != 0", 0],
  ["word ~ '^o'", 1],
  ["nothing ?? b", 4],
  ["a > 5 ? b : big", 4],
  ["a > 5 ? missing : b", undefined],
  ["has(a) + has(nothing)", 1],
  ["once(a) * 2", 12],
  ["rows(ports)", 24],
  ["arc(1)", 8],
  ["pow(10, b)", 10_000],
  ["round(celsius(212))", 100],
  ["round(dbm(1))", 0],
  ["dbm(zero)", undefined],
  ["signed16(65535)", -1],
  ["unsigned32(minus)", 4_294_967_291],
  ["part(text, '([0-9]+)[.]') + 1", 24],
  ["min(a, b)", 4],
];
for (const [source, expected] of values)
  t.test(`${source} gives ${String(expected)}`, async (t) =>
    t.equal(compileExpression(source).evaluate(scope), expected),
  );

t.test("an expression tells which columns it needs now, and which once", async (t) => {
  const { names, onceNames } = compileExpression("value * pow(10, once(scale)) + has(unit) * other");
  t.same(names, ["value", "other"]);
  t.same(onceNames, ["scale", "unit"]);
});

const mistakes = [
  "a +",
  "a b",
  "(a",
  "nope(a)",
  "once(1)",
  "a ~ b",
  "arc(x)",
  "a @ b",
  "'open",
  `${"(".repeat(60)}a${")".repeat(60)}`,
  "a".repeat(700),
  "!".repeat(80),
];
for (const source of mistakes)
  t.test(`${source.slice(0, 20)} is refused`, async (t) =>
    t.throws(() => compileExpression(source), RangeError),
  );

t.test("patterns that could take long are refused", async (t) => {
  for (const source of [
    "(a+)+",
    "(a|b)*",
    "(?=a)",
    "(a)\\1",
    ".*.*.*.*.*",
    "(a{2,})+",
    "x".repeat(300),
    "(",
    "(?<n>a)",
  ])
    t.throws(() => safePattern(source), RangeError, source);
  t.ok(safePattern("^v?(\\d+\\.\\d+)(?: Build)?").exec("v1.2 Build 7"));
});

t.test("a pattern sees only the beginning of a long text", async (t) => {
  t.equal(safePattern("end$").exec(`${"a".repeat(100_000)}end`), null);
});

t.test("templates fill their places", async (t) => {
  const fill = (source: string) => compileTemplate(source).fill((name) => cells[name]);
  t.equal(fill("{word} {a}"), "OK 6");
  t.equal(fill("{nothing|word}"), "OK");
  t.equal(fill('{nothing|"Processor"} 1'), "Processor 1");
  t.equal(fill("{nothing}"), undefined, "no place filled: no text");
  t.equal(fill("fixed"), "fixed");
  t.throws(() => compileTemplate("{a"), RangeError);
});
