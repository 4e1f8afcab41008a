import { existsSync } from "node:fs";
import { environment, machine } from "../config/environment.ts";
import { lastGoodTexts } from "../config/last-good.ts";
import { defaultConfig, type LoadContext, loadConfig } from "../config/load.ts";
import { type Problem, problemLine } from "../config/problems.ts";
import type { Config } from "../config/schema.ts";
import { loadShippedRules } from "../config/shipped-rules.ts";
import { type ConfigText, readConfigText } from "../config/text.ts";
import { ApplianceError } from "../model/errors.ts";
import { pathDevices } from "../model/path.ts";
import { type Plugins, programPath } from "./plugins.ts";

/** Used when it is there and `--config` names no other. */
const defaultFile = "porchlight.yaml";

/** What a person must know of how the configuration came to be. */
export interface ConfigNotice {
  readonly what: string;
  readonly remedy: string;
}

export interface FoundConfig {
  readonly config: Config;
  /** The text that passed; absent when there is no file. */
  readonly source?: ConfigText;
  readonly notice?: ConfigNotice;
}

/** A file with mistakes; `problems` has each of them with its place. */
export class ConfigError extends ApplianceError {
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const count = `${problems.length} mistake${problems.length === 1 ? "" : "s"}`;
    super("CONFIG_INVALID", `${file} has ${count}:\n${problems.map(problemLine).join("\n")}`);
    this.problems = problems;
  }
}

export function loadContext(plugins: Plugins): LoadContext {
  return {
    plugins,
    shippedRules: loadShippedRules(programPath("deploy/rules.default.yaml"), plugins.checks),
    builtInIds: Object.values(pathDevices),
    env: environment(),
    machine: machine(),
  };
}

/** The file that counts; undefined when there is none and none was asked for. */
export function configFile(asked: string | undefined): string | undefined {
  return asked ?? (existsSync(defaultFile) ? defaultFile : undefined);
}

/** Reads and checks a file. Throws CONFIG_UNREADABLE, or `ConfigError` with every problem. */
export function readConfig(file: string, context: LoadContext): FoundConfig {
  const source = readConfigText(file);
  const loaded = loadConfig(source, context);
  if (!loaded.ok) throw new ConfigError(file, loaded.problems);
  return { config: loaded.config, source };
}

/**
 * The configuration to run with. With `lastGood` a file that is wrong or unreadable is replaced by the newest kept
 * text that passes, and the notice says so.
 */
export function findConfig(
  asked: string | undefined,
  context: LoadContext,
  options: { readonly lastGood: boolean; readonly dataDir: string },
): FoundConfig {
  const file = configFile(asked);
  if (file === undefined) return { config: defaultConfig(context) };
  try {
    return readConfig(file, context);
  } catch (error) {
    if (!options.lastGood || !(error instanceof ApplianceError)) throw error;
    for (const kept of lastGoodTexts(options.dataDir)) {
      const loaded = loadConfig(kept, context);
      if (loaded.ok) return { config: loaded.config, notice: fallBackNotice(file, error) };
    }
    throw error;
  }
}

function fallBackNotice(file: string, error: ApplianceError): ConfigNotice {
  const [first] = error instanceof ConfigError ? error.problems : [];
  const why = first
    ? `line ${first.line}: ${first.path ? `${first.path}: ` : ""}${first.message}`
    : error.message;
  return {
    what: `The configuration file ${file} cannot be used (${why}); the last one that passed is in force`,
    remedy: `Correct the file; "npm run check-config -- ${file}" lists every mistake. Then restart or reload.`,
  };
}
