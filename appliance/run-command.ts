import { type App, createApp } from "./app.ts";
import { systemClock } from "./clock.ts";
import type { CommandIo, RunOptions } from "./command-line.ts";
import { keepLastGood } from "./config/last-good.ts";
import type { LoadContext } from "./config/load.ts";
import { problemLine } from "./config/problems.ts";
import { createLog } from "./log.ts";
import type { Log } from "./model/contracts.ts";
import { listenAddresses, pageAddresses } from "./wiring/addresses.ts";
import { ConfigError, type FoundConfig, findConfig, loadContext } from "./wiring/configuration.ts";
import { prepareDataDir } from "./wiring/data-dir.ts";
import { openDoor } from "./wiring/door.ts";
import { loadAllPlugins, type Plugins } from "./wiring/plugins.ts";

export interface RunDeps {
  readonly version: string;
  /** How to hear that the configuration should be read again. */
  readonly onReload: (reload: () => void) => void;
}

interface Running {
  readonly options: RunOptions;
  readonly dataDir: string;
  readonly plugins: Plugins;
  readonly context: LoadContext;
  readonly log: Log;
}

function keep(found: FoundConfig, dataDir: string, log: Log): void {
  if (!found.source) return;
  try {
    keepLastGood(dataDir, found.source);
  } catch (error) {
    log.warn("the configuration text could not be kept for --last-good", { error });
  }
}

/** Lets the new parts take over; with anything wrong about them the old ones come back. */
async function replace(running: Running, old: App, make: (found: FoundConfig) => App): Promise<App> {
  const { log, dataDir } = running;
  let found: FoundConfig;
  try {
    found = findConfig(running.options.config, running.context, { lastGood: false, dataDir });
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(problemLine) : undefined;
    log.error("The new configuration is refused; the old one stays in force", {
      ...(problems ? { problems } : { error }),
    });
    old.refused(error instanceof Error ? error.message : String(error));
    return old;
  }
  await old.stop();
  const next = make(found);
  try {
    await next.start();
    keep(found, dataDir, log);
    log.info("The new configuration is in force");
    return next;
  } catch (error) {
    log.error("The parts of the new configuration did not start; the old ones are started again", { error });
    await next.stop();
    const again = make(old.found);
    await again.start();
    again.refused(error instanceof Error ? error.message : String(error));
    return again;
  }
}

/**
 * Runs the appliance until the signal of `io` aborts.
 *
 * @returns the exit code
 * Throws USAGE, CONFIG_*, DATA_UNWRITABLE, PORT_IN_USE, NOT_PERMITTED, STORE_NEWER and PLUGIN_INVALID before anything runs.
 */
export async function runCommand(
  options: RunOptions,
  io: CommandIo,
  { version, onReload }: RunDeps,
): Promise<number> {
  const log = createLog({ level: options.log });
  const plugins = await loadAllPlugins();
  const context = loadContext(plugins);
  const first = findConfig(options.config, context, { lastGood: options.lastGood, dataDir: options.data });
  const dataDir = prepareDataDir(options.data);
  const running: Running = { options, dataDir, plugins, context, log };
  const door = await openDoor(listenAddresses(first.config, options.http), { log });
  const make = (found: FoundConfig) =>
    createApp({
      found,
      plugins,
      dataDir,
      lastGood: options.lastGood,
      version,
      clock: systemClock,
      log,
      counters: door.counters,
    });
  let app = make(first);
  try {
    await app.start();
  } catch (error) {
    await app.stop();
    await door.close(0);
    throw error;
  }
  door.hand(app.listener);
  keep(first, dataDir, log);
  if (first.notice) log.error(first.notice.what, { remedy: first.notice.remedy });
  for (const address of pageAddresses(door.at)) io.print(`Porchlight: ${address}`);

  let work: Promise<void> = Promise.resolve();
  onReload(() => {
    work = work.then(async () => {
      if (io.signal.aborted) return;
      door.hand(undefined);
      app = await replace(running, app, make);
      door.hand(app.listener);
    });
  });
  await aborted(io.signal);
  log.info("Stopping");
  await work;
  await app.stop();
  await door.close(1_000);
  log.info("Stopped");
  return 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
