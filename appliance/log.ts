import { pino } from "pino";
import type { Log } from "./model/contracts.ts";

const levels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof levels)[number];

/** What a line is written to; process.stdout is one. */
interface LineSink {
  write(line: string): unknown;
}

// C1 controls, bidirectional marks and line separators: JSON leaves them as they are, a terminal acts on them.
// C0 controls are escaped by JSON itself.
const unsafe = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function escapeControls(line: string): string {
  return line.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Longest text of one field: a device can send a name of any length. */
const maxTextLength = 2_000;

/** Errors as message, code and cause (their other members may hold credentials); bigints as text. */
function printable(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string")
    return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > 5) return "…";
  if (value instanceof Error) return printableError(value, depth);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  // A secret says here what it shows: ***.
  if ("toJSON" in value && typeof value.toJSON === "function") return value.toJSON();
  if (Array.isArray(value)) return value.slice(0, 100).map((entry) => printable(entry, depth + 1));
  return printableFields(value as Record<string, unknown>, depth + 1);
}

function printableError(error: Error, depth: number): Record<string, unknown> {
  return {
    type: error.name,
    message: printable(error.message),
    ...("code" in error ? { code: printable(error.code, depth + 1) } : {}),
    ...(error.cause === undefined ? {} : { cause: printable(error.cause, depth + 1) }),
  };
}

function printableFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, printable(value, depth)]));
}

/**
 * The appliance's log: one JSON line each, `{time, level, part, msg, ...fields}`, time as ISO text.
 *
 * @param sink - takes whole lines, written at once: nothing is lost when the process ends
 */
export function createLog({
  level = "info",
  sink = process.stdout,
}: {
  readonly level?: LogLevel;
  readonly sink?: LineSink;
} = {}): Log {
  const writer = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void sink.write(escapeControls(line)) },
  );
  return partOf(writer, "main");
}

type Writer = Pick<ReturnType<typeof pino>, LogLevel>;

function partOf(writer: Writer, part: string): Log {
  const at =
    (level: LogLevel) =>
    (msg: string, fields: Readonly<Record<string, unknown>> = {}) => {
      // Ours win: a field may not pose as the time, the level, the part or the message.
      const { time: _time, level: _level, part: _part, msg: _msg, ...own } = printableFields(fields, 0);
      writer[level]({ part, msg, ...own });
    };
  return {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    part: (name) => partOf(writer, name),
  };
}
