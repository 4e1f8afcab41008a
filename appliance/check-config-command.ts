import type { CommandIo } from "./command-line.ts";
import { defaultConfig } from "./config/load.ts";
import { problemLine } from "./config/problems.ts";
import { reference } from "./config/reference.ts";
import { summary } from "./config/summary.ts";
import { ConfigError, configFile, loadContext, readConfig } from "./wiring/configuration.ts";
import { loadAllPlugins } from "./wiring/plugins.ts";

/**
 * Checks a configuration and starts nothing.
 *
 * @returns the exit code: 0 correct, 2 not
 */
export async function checkConfigCommand(file: string | undefined, io: CommandIo): Promise<number> {
  const context = loadContext(await loadAllPlugins());
  const found = configFile(file);
  if (found === undefined) {
    io.print(`There is no porchlight.yaml. ${summary(defaultConfig(context))}`);
    return 0;
  }
  try {
    const { config } = readConfig(found, context);
    io.print(summary(config));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) io.complain(problemLine(problem));
    const { length } = error.problems;
    io.complain(
      `${found} is not correct: ${length} ${length === 1 ? "mistake" : "mistakes"}. Nothing was started.`,
    );
    return 2;
  }
}

/** Prints every setting with its default, as Markdown. */
export async function referenceCommand(io: CommandIo): Promise<number> {
  io.print(reference(await loadAllPlugins()).trimEnd());
  return 0;
}
