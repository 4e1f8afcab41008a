import t from "tap";
import { createLog, type LogLevel } from "../appliance/log.ts";
import { Secret } from "../appliance/model/secret.ts";

function logTo(lines: string[], level: LogLevel = "debug") {
  return createLog({ level, sink: { write: (line) => lines.push(line) } });
}

function parsed(lines: readonly string[]) {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

t.test("a line holds time, level, part, message and the fields", async (t) => {
  const lines: string[] = [];
  logTo(lines).part("schedule").warn("poll is late", { device: "sw-1", lateMs: 812 });
  t.equal(lines.length, 1);
  t.match(lines[0], /^[^\n]*\n$/, "one line");
  const { time, ...rest } = parsed(lines)[0]!;
  t.equal(new Date(String(time)).toISOString(), time, "ISO time, UTC");
  t.same(rest, { level: "warn", part: "schedule", msg: "poll is late", device: "sw-1", lateMs: 812 });
});

t.test("a level below the wanted one writes nothing", async (t) => {
  const lines: string[] = [];
  const log = logTo(lines, "warn");
  log.debug("quiet");
  log.info("quiet");
  log.error("loud");
  t.same(
    parsed(lines).map(({ msg }) => msg),
    ["loud"],
  );
});

t.test("a configured secret prints as ***, wherever it lies", async (t) => {
  const lines: string[] = [];
  const password = new Secret("hunter2");
  logTo(lines).info("signed in", { password, all: [password], deep: { a: { password } } });
  t.notMatch(lines[0], "hunter2");
  t.match(parsed(lines)[0], { password: "***", all: ["***"], deep: { a: { password: "***" } } });
});

t.test("an error is its message, code and cause; its other members stay out", async (t) => {
  const lines: string[] = [];
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED", headers: "Authorization: x" });
  logTo(lines).error("store is away", { error: new Error("no answer", { cause }) });
  t.notMatch(lines[0], "Authorization");
  t.same(parsed(lines)[0]?.error, {
    type: "Error",
    message: "no answer",
    cause: { type: "Error", message: "refused", code: "ECONNREFUSED" },
  });
});

t.test("control characters cannot reach the terminal or begin a line", async (t) => {
  const lines: string[] = [];
  const name = 'a\n{"level":"error"}\u001b[2J\u009b31m\u202eevil\u2028x';
  logTo(lines).info("found a device", { name });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  t.notMatch(lines[0]?.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  t.equal(parsed(lines)[0]?.name, name, "the text itself is kept");
});

t.test("a field cannot pose as the time, the level, the part or the message", async (t) => {
  const lines: string[] = [];
  logTo(lines).info("true", { msg: "false", level: "error", part: "x", time: 0 });
  t.match(parsed(lines)[0], { msg: "true", level: "info", part: "main" });
  t.equal(lines[0]?.match(/"msg"/g)?.length, 1);
});

t.test("big values stay small: long text, deep objects, bytes, bigints, circles", async (t) => {
  const lines: string[] = [];
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  logTo(lines).info("odd", { long: "x".repeat(50_000), circle, bytes: Buffer.alloc(9), big: 1n });
  t.ok((lines[0]?.length ?? 0) < 3_000);
  t.match(parsed(lines)[0], { bytes: "9 bytes", big: "1" });
});
