import { readFileSync } from "node:fs";
import { checkConfigCommand, referenceCommand } from "./check-config-command.ts";
import { systemClock } from "./clock.ts";
import { type CommandIo, parseOptions, type RunOptions, usage, usageError } from "./command-line.ts";
import { ApplianceError, type ErrorCode } from "./model/errors.ts";
import { runCommand } from "./run-command.ts";
import { programPath } from "./wiring/plugins.ts";

/** Codes whose cause is the command line or the configuration, and those whose cause is the system. */
const exitCodes: Partial<Record<ErrorCode, number>> = {
  USAGE: 2,
  CONFIG_INVALID: 2,
  CONFIG_UNREADABLE: 2,
  DATA_UNWRITABLE: 3,
  PORT_IN_USE: 3,
  NOT_PERMITTED: 3,
  TOOL_MISSING: 3,
  STORE_NEWER: 3,
  STORE_UNAVAILABLE: 3,
};

type Command = (args: readonly string[], io: CommandIo) => Promise<number>;

function version(): string {
  const text = readFileSync(programPath("package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Answers `--help` and `--version`; undefined when neither was asked for. */
function answered(asks: RunOptions["asks"], io: CommandIo): number | undefined {
  if (asks !== "help" && asks !== "version") return undefined;
  io.print(asks === "help" ? usage : version());
  return 0;
}

const run: Command = async (args, io) => {
  const options = parseOptions(args);
  if (options.rest.length > 0) throw usageError(`"${options.rest[0]}" is no option`);
  return (
    answered(options.asks, io) ??
    runCommand(options, io, {
      version: version(),
      onReload: (reload) => process.on("SIGHUP", reload),
      giveUp: () => process.exit(1),
    })
  );
};

const checkConfig: Command = async (args, io) => {
  const options = parseOptions(args);
  if (options.rest.length > 1) throw usageError("check-config takes one file");
  if (options.asks === "reference") return referenceCommand(io);
  return answered(options.asks, io) ?? checkConfigCommand(options.rest[0] ?? options.config, io);
};

const inspect: Command = async (args) => {
  const { runInspect } = await import("./inspect.ts");
  return runInspect(args, {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    clock: systemClock,
    profileDirs: [programPath("mibs/profiles")],
  });
};

const decode: Command = async (args) => {
  const { runDecode } = await import("./decode.ts");
  const { stdin, stdout, stderr } = process;
  return runDecode(args, { stdin, stdout, stderr, nowMs: systemClock.nowMs() });
};

const demo: Command = async (args, io) => {
  const { runDemo } = await import("./demo/launch.ts");
  return runDemo(args, { ...io, executable: process.execPath, script: process.argv[1] ?? "" });
};

const commands: Readonly<Record<string, Command>> = {
  run,
  demo,
  inspect,
  decode,
  "check-config": checkConfig,
};

function processIo(): CommandIo {
  const stopping = new AbortController();
  const stop = () => {
    // The second signal is from somebody who will not wait.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  // Whoever reads our output may go away before us.
  process.stdout.on("error", () => {});
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
    signal: stopping.signal,
  };
}

/** Dispatches the command; turns whatever goes wrong into one message and an exit code. */
async function main(args: readonly string[]): Promise<number> {
  const io = processIo();
  const [first = "run", ...rest] = args;
  const [name, others] = first.startsWith("-") ? ["run", args] : [first, rest];
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command)
      throw usageError(`There is no command "${name}". There are ${Object.keys(commands).join(", ")}`);
    return await command(others, io);
  } catch (error) {
    if (error instanceof ApplianceError) {
      io.complain(error.message);
      return exitCodes[error.code] ?? 1;
    }
    io.complain(`A mistake of Porchlight itself: ${error instanceof Error ? error.stack : String(error)}`);
    return 1;
  }
}

// Databases and kept configurations are for this user alone, whatever the mask was that we were started with.
process.umask(0o077);
process.exitCode = await main(process.argv.slice(2));
