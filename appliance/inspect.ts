import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { Counters } from "./model/contracts.ts";
import { Secret } from "./model/secret.ts";
import { authProtocols, privProtocols } from "./model/snmp.ts";
import type { Clock } from "./model/time.ts";
import { type Access, connect } from "./snmp/connect.ts";
import { Exchange } from "./snmp/exchange.ts";
import { inspectionOf } from "./snmp/inspection.ts";
import { loadProfiles, type ProfileLibrary } from "./snmp/profiles.ts";
import { SnmpFailure } from "./snmp/reader.ts";
import { survey } from "./snmp/survey.ts";

/** Where the command writes, and what it needs of the machine. */
export interface InspectIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly clock: Clock;
  /** Folders of device profiles: shipped first, the user's after it. */
  readonly profileDirs: readonly string[];
}

const usage = `usage: inspect --host HOST [--port 161] [--version 1|2c|3] [--community public]
       [--v3-user NAME] [--v3-auth PROTOCOL:KEY] [--v3-priv PROTOCOL:KEY] [--v3-context NAME]
       [--timeout MS] [--retries N] [--pretty]
       inspect --batch FILE [--out DIR]      one {"id", "host", "port", "community", ...} a line
`;
const exitCodes = { answered: 0, usage: 2, silent: 3 } as const;
const batchAtOnce = 8;
const format = "inspection/1";

class UsageError extends Error {}

interface Order {
  readonly id?: string | undefined;
  readonly host: string;
  readonly access: Access;
  readonly timeoutMs: number;
  readonly retries: number;
}

const options = {
  host: { type: "string" },
  port: { type: "string", default: "161" },
  version: { type: "string" },
  community: { type: "string", default: "public" },
  "v3-user": { type: "string" },
  "v3-auth": { type: "string" },
  "v3-priv": { type: "string" },
  "v3-context": { type: "string" },
  timeout: { type: "string", default: "2000" },
  retries: { type: "string", default: "1" },
  pretty: { type: "boolean", default: false },
  batch: { type: "string" },
  out: { type: "string" },
} as const;

type Values = { -readonly [K in keyof typeof options]?: string | boolean | undefined };

/**
 * The `inspect` command: asks one device, or one after another, and prints what it recognises as JSON.
 *
 * @returns exit code: 0 answered, 2 wrong usage, 3 no answer or not authorised
 */
export async function runInspect(args: readonly string[], io: InspectIo): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    const { library, problems } = await loadProfiles(io.profileDirs);
    for (const problem of problems) io.err(`${problem}\n`);
    const inspector = new Inspector(library, io);
    try {
      if (values.batch !== undefined) return await runBatch(inspector, values, io);
      return await runOne(inspector, orderOf(values), values.pretty, io);
    } finally {
      inspector.close();
    }
  } catch (error) {
    if (!(error instanceof UsageError) && !isParseError(error)) throw error;
    io.err(`${error.message}\n${usage}`);
    return exitCodes.usage;
  }
}

function isParseError(error: unknown): error is Error {
  return (
    error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS")
  );
}

async function runOne(inspector: Inspector, order: Order, pretty: boolean, io: InspectIo): Promise<number> {
  const result = await inspector.inspect(order);
  io.out(`${JSON.stringify(result, null, pretty ? 2 : 0)}\n`);
  return "error" in result ? exitCodes.silent : exitCodes.answered;
}

async function runBatch(inspector: Inspector, values: Values, io: InspectIo): Promise<number> {
  const lines = createInterface({
    input: createReadStream(String(values.batch)),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  const orders: Order[] = [];
  for await (const line of lines)
    if (line.trim() !== "") orders.push(orderOf({ ...values, ...lineValues(line) }));
  const folder = values.out === undefined ? undefined : String(values.out);
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  const waiting = orders.entries();
  const worker = async () => {
    for (const [position, order] of waiting) {
      const id = order.id ?? String(position + 1);
      const text = JSON.stringify({ id, ...(await inspector.inspect(order)) });
      if (folder === undefined) io.out(`${text}\n`);
      else await writeFile(path.join(folder, `${path.basename(id)}.json`), `${text}\n`);
    }
  };
  await Promise.all(Array.from({ length: batchAtOnce }, worker));
  return exitCodes.answered;
}

/** A line of the batch: the long options' names as members. */
function lineValues(line: string): Values & { id?: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new UsageError(`--batch: not a JSON object: ${line.slice(0, 80)}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new UsageError(`--batch: not a JSON object: ${line.slice(0, 80)}`);
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]));
}

function orderOf(values: Values & { id?: string }): Order {
  const host = values.host;
  if (typeof host !== "string" || host === "") throw new UsageError("--host is missing");
  return {
    id: values.id,
    host,
    access: accessOf(values),
    timeoutMs: whole(values, "timeout", 1, 600_000),
    retries: whole(values, "retries", 0, 20),
  };
}

function whole(values: Values, name: "port" | "timeout" | "retries", least: number, most: number): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UsageError(`--${name}: expected ${least}..${most}, got "${String(values[name]).slice(0, 40)}"`);
}

function accessOf(values: Values): Access {
  const user = values["v3-user"];
  const version = String(values.version ?? (user === undefined ? "2c" : "3"));
  const port = whole(values, "port", 1, 65_535);
  if (version === "1" || version === "2c")
    return { version, port, community: new Secret(String(values.community)) };
  if (version !== "3") throw new UsageError(`--version: expected 1, 2c or 3, got "${version.slice(0, 40)}"`);
  if (typeof user !== "string") throw new UsageError("--v3-user is missing");
  const auth = keyOf(values, "v3-auth", authProtocols);
  const priv = keyOf(values, "v3-priv", privProtocols);
  if (priv && !auth) throw new UsageError("--v3-priv needs --v3-auth");
  const context = values["v3-context"];
  return { version, port, user, auth, priv, ...(typeof context === "string" ? { context } : {}) };
}

function keyOf<P extends string>(values: Values, name: "v3-auth" | "v3-priv", protocols: readonly P[]) {
  const given = values[name];
  if (typeof given !== "string") return undefined;
  const [protocolText = "", ...rest] = given.split(":");
  const protocol = protocols.find((known) => known === protocolText.toLowerCase());
  const key = rest.join(":");
  if (!protocol || key.length < 8)
    throw new UsageError(
      `--${name}: expected PROTOCOL:KEY with one of ${protocols.join(", ")} and a key of 8 characters or more`,
    );
  return { protocol, key: new Secret(key) };
}

/** Inspects devices over one exchange. */
class Inspector {
  readonly #library: ProfileLibrary;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #counters: Counters;

  constructor(library: ProfileLibrary, io: InspectIo) {
    const counts = new Map<string, number>();
    this.#counters = {
      add: (name, by = 1) => counts.set(name, (counts.get(name) ?? 0) + by),
      all: () => counts,
    };
    this.#library = library;
    this.#clock = io.clock;
    this.#exchange = new Exchange({ clock: io.clock, counters: this.#counters });
  }

  /** The inspection, or `{format, error}` when the device does not answer. */
  async inspect(order: Order): Promise<Record<string, unknown>> {
    const { host, access, timeoutMs, retries } = order;
    const startMs = this.#clock.monotonicMs();
    try {
      const device = await connect(host, access, this.#exchange);
      const reader = device.reader({ timeoutMs, tries: retries + 1 });
      const found = await survey(reader, {
        library: this.#library,
        clock: this.#clock,
        counters: this.#counters,
        neighbours: true,
      });
      const durationMs = Math.round(this.#clock.monotonicMs() - startMs);
      const target = { host, port: access.port };
      return { format, target, ...inspectionOf(found), timing: { durationMs, requests: reader.requests } };
    } catch (error) {
      if (error instanceof SnmpFailure) return { format, error: `${error.reason}: ${error.message}` };
      throw error;
    }
  }

  close(): void {
    this.#exchange.close();
  }
}
