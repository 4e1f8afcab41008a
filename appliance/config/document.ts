import { type Document, isMap, isNode, LineCounter, type Pair, parseDocument } from "yaml";
import type { Finding, Path, Problem } from "./problems.ts";
import { pathText } from "./problems.ts";

/** Larger is no configuration written by people. */
const maxBytes = 1_000_000;

/** A configuration text as data, with the place of each part. */
export interface ConfigDocument {
  /** Plain data; undefined when the text is no YAML. */
  readonly data: unknown;
  /** Mistakes of the text itself. */
  readonly problems: readonly Problem[];
  place(finding: Finding): Problem;
  /** Line of a path, from 1; undefined when the file does not have it. */
  lineOf(path: Path): number | undefined;
}

function syntaxMessage(code: string, message: string): string {
  const first = message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? code;
  if (code === "TAB_AS_INDENT") return "a tab; indent with spaces, YAML allows no tabs there";
  if (code === "DUPLICATE_KEY") return "this key stands twice in the same section; keep one";
  if (code === "MULTIPLE_DOCS") return "a second document begins here; the file holds one";
  return `not valid YAML: ${first}`;
}

function pairOf(document: Document, path: Path): Pair<unknown, unknown> | undefined {
  const container = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(container)) return undefined;
  return container.items.find(({ key }) => String(isNode(key) ? key : "") === String(path.at(-1)));
}

function offsetOf(document: Document, path: Path, atKey: boolean): number | undefined {
  const key = atKey && path.length > 0 ? pairOf(document, path)?.key : undefined;
  if (isNode(key)) return key.range?.[0];
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Where the path is, or the nearest section around it: what is missing is shown at the section that lacks it. */
function nearestOffset(document: Document, path: Path, atKey: boolean): number {
  const exact = offsetOf(document, path, atKey);
  if (exact !== undefined) return exact;
  for (let end = path.length - 1; end > 0; end--) {
    const named = typeof path[end - 1] === "string";
    const offset = offsetOf(document, path.slice(0, end), named);
    if (offset !== undefined) return offset;
  }
  return 0;
}

function tooLarge(file: string, bytes: number): ConfigDocument {
  const start = { file, line: 1, column: 1 };
  const message = `expected at most ${maxBytes} bytes, got ${bytes}`;
  return {
    data: undefined,
    problems: [{ ...start, path: "", message }],
    place: (finding) => ({
      ...start,
      path: pathText(finding.path),
      message: finding.message,
    }),
    lineOf: () => undefined,
  };
}

/** Plain data of the document. An alias may multiply a text ("billion laughs"); people need few. */
function toData(document: Document): { data: unknown; problem?: string } {
  try {
    return { data: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { data: undefined, problem: `not valid YAML: ${message}` };
  }
}

/**
 * Reads YAML 1.2 text. Of duplicate keys the last counts, so that the rest can still be checked; with any other
 * mistake of the text `data` is undefined.
 */
export function readDocument(text: string, file: string): ConfigDocument {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) return tooLarge(file, bytes);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: "error",
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems = document.errors.map((error) => ({
    ...at(error.pos[0]),
    path: "",
    message: syntaxMessage(error.code, error.message),
  }));
  const readable = document.errors.every(({ code }) => code === "DUPLICATE_KEY");
  const { data, problem } = readable ? toData(document) : { data: undefined, problem: undefined };
  if (problem !== undefined) problems.push({ ...at(0), path: "", message: problem });
  return {
    data,
    problems,
    place: ({ path, atKey, message }) => ({
      ...at(nearestOffset(document, path, atKey ?? false)),
      path: pathText(path),
      message,
    }),
    lineOf(path) {
      const offset = offsetOf(document, path, true);
      return offset === undefined ? undefined : at(offset).line;
    },
  };
}
