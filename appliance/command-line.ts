import { parseArgs } from "node:util";
import { ApplianceError } from "./model/errors.ts";

/** What a command has of the process it runs in. */
export interface CommandIo {
  /** A line on standard output. */
  print(line: string): void;
  /** A line on standard error. */
  complain(line: string): void;
  /** Aborted by the first interrupt or termination. */
  readonly signal: AbortSignal;
}

/** Options that commands share. */
export interface CommonOptions {
  readonly config?: string;
  readonly data: string;
  /** As written; absent: as the configuration says. */
  readonly http?: string;
  readonly lastGood: boolean;
}

export const usage = `Porchlight watches the network of one site and says in plain sentences what is wrong.

  npm start -- [OPTIONS]                    run the appliance
  npm run demo -- [--http HOST:PORT]        a simulated office, cut off from the network
  npm run inspect -- --host ADDRESS ...     what an SNMP device says, and what is made of it
  npm run decode -- FILE                    what is made of MQTT messages
  npm run check-config -- [FILE]            check a configuration; nothing is started
  npm run check-config -- --reference       print every setting as Markdown

Options of npm start:
  --config FILE     configuration; by default porchlight.yaml, if it is there
  --data DIR        where history and state are kept; by default ./data
  --http WHERE      HOST:PORT, :PORT or unix:/path/to/socket; by default as web.listen says, else :8080
  --last-good       start with the last configuration that passed when the file is wrong
  --log LEVEL       error, warn, info or debug; by default info
  --help, --version

SIGHUP reads the configuration again; a wrong one is refused and the old one stays in force.
Exit codes: 0 stopped or correct, 1 a failure of ours, 2 wrong command line or configuration, 3 the system is not as needed.`;

const optionTypes = {
  config: { type: "string" },
  data: { type: "string" },
  http: { type: "string" },
  "last-good": { type: "boolean" },
  log: { type: "string" },
  reference: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

export const logLevels = ["error", "warn", "info", "debug"] as const;

export interface RunOptions extends CommonOptions {
  readonly log: (typeof logLevels)[number];
  readonly asks?: "help" | "version" | "reference";
  readonly rest: readonly string[];
}

/** Takes the options of `run` and `check-config` apart. Throws USAGE. */
export function parseOptions(args: readonly string[]): RunOptions {
  const parsed = tryParse(args);
  const { values, positionals } = parsed;
  const log = logLevels.find((level) => level === (values.log ?? "info"));
  if (!log) throw usageError(`--log takes one of ${logLevels.join(", ")}, not "${values.log}".`);
  return {
    data: values.data ?? "data",
    lastGood: values["last-good"] ?? false,
    log,
    rest: positionals,
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(values.http === undefined ? {} : { http: values.http }),
    ...asksOf(values),
  };
}

function asksOf(values: {
  help?: boolean;
  version?: boolean;
  reference?: boolean;
}): Pick<RunOptions, "asks"> {
  for (const asks of ["help", "version", "reference"] as const) if (values[asks]) return { asks };
  return {};
}

function tryParse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionTypes, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Node's sentence goes on with advice about positional arguments.
    throw usageError(message.split(". ")[0] ?? message);
  }
}

export function usageError(message: string): ApplianceError {
  return new ApplianceError("USAGE", `${message.replace(/\.$/, "")}. --help lists what there is.`);
}
