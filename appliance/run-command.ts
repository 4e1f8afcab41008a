import { type App, createApp } from "./app.ts";
import { systemClock } from "./clock.ts";
import type { CommandIo, RunOptions } from "./command-line.ts";
import { keepLastGood } from "./config/last-good.ts";
import type { LoadContext } from "./config/load.ts";
import { problemLine } from "./config/problems.ts";
import { createLog } from "./log.ts";
import type { Log } from "./model/contracts.ts";
import { aborted } from "./model/time.ts";
import { holdDataDir } from "./state/hold.ts";
import { listenAddresses, pageAddresses } from "./wiring/addresses.ts";
import { ConfigError, type FoundConfig, findConfig, loadContext } from "./wiring/configuration.ts";
import { prepareDataDir } from "./wiring/data-dir.ts";
import { type Door, openDoor } from "./wiring/door.ts";
import { loadAllPlugins, type Plugins } from "./wiring/plugins.ts";

export interface RunDeps {
  readonly version: string;
  /** How to hear that the configuration should be read again. */
  readonly onReload: (reload: () => void) => void;
  /** Ends the process at once. */
  readonly giveUp: () => void;
}

interface Running {
  readonly options: RunOptions;
  readonly dataDir: string;
  readonly plugins: Plugins;
  readonly context: LoadContext;
  readonly log: Log;
  readonly version: string;
}

function keep(found: FoundConfig, dataDir: string, log: Log): void {
  if (!found.source) return;
  try {
    keepLastGood(dataDir, found.source);
  } catch (error) {
    log.warn("the configuration text could not be kept for --last-good", { error });
  }
}

/** What answers and what is answered with: one door, one app behind it at a time. */
interface House {
  readonly door: Door;
  app: App;
}

/**
 * Reads the configuration again. A wrong one is refused and nothing changes; parts that do not start make way for
 * the old ones. Throws when not even those start again.
 */
async function reload(running: Running, house: House): Promise<void> {
  const { log, dataDir, options, context } = running;
  const old = house.app;
  let found: FoundConfig;
  try {
    found = findConfig(options.config, context, { lastGood: false, dataDir });
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(problemLine) : undefined;
    const why = problems ? { problems } : { error };
    log.error("The new configuration is refused; the old one stays in force", why);
    old.refused(messageOf(error));
    return;
  }
  house.door.hand(undefined);
  await old.stop();
  try {
    house.app = await startApp(running, found, house.door);
    keep(found, dataDir, log);
    log.info("The new configuration is in force");
  } catch (error) {
    log.error("The parts of the new configuration did not start; the old ones are started again", { error });
    house.app = await startApp(running, old.found, house.door);
    house.app.refused(messageOf(error));
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Builds and starts; nothing is left running when that fails. */
async function startApp(running: Running, found: FoundConfig, door: Door): Promise<App> {
  const { options, plugins, dataDir, log, version } = running;
  const app = createApp({
    found,
    plugins,
    dataDir,
    lastGood: options.lastGood,
    version,
    clock: systemClock,
    log,
    counters: door.counters,
  });
  try {
    await app.start();
  } catch (error) {
    await app.stop();
    throw error;
  }
  door.hand(app.listener);
  return app;
}

/** Longer than every part's own limit: whatever still hangs then will never end. */
const stopLimitMs = 12_000;

/**
 * Runs the appliance until the signal of `io` aborts.
 *
 * @returns the exit code
 * Throws USAGE, CONFIG_*, DATA_UNWRITABLE, PORT_IN_USE, NOT_PERMITTED, STORE_NEWER and PLUGIN_INVALID before anything runs.
 */
export async function runCommand(
  options: RunOptions,
  io: CommandIo,
  { version, onReload, giveUp }: RunDeps,
): Promise<number> {
  let again = () => {};
  // From the first moment: without a listener the signal would end the process.
  onReload(() => again());
  const log = createLog({ level: options.log });
  const plugins = await loadAllPlugins();
  const context = loadContext(plugins);
  const first = findConfig(options.config, context, { lastGood: options.lastGood, dataDir: options.data });
  const dataDir = prepareDataDir(options.data);
  const running: Running = { options, dataDir, plugins, context, log, version };
  const held = holdDataDir(dataDir);
  const door = await openDoor(listenAddresses(first.config, options.http), { log }).catch(
    (error: unknown) => {
      held.release();
      throw error;
    },
  );
  try {
    const house: House = { door, app: await startApp(running, first, door) };
    keep(first, dataDir, log);
    if (first.notice) log.error(first.notice.what, { remedy: first.notice.remedy });
    for (const address of pageAddresses(door.at)) io.print(`Porchlight: ${address}`);
    const work = createQueue();
    again = () => work.add(() => reload(running, house));
    await Promise.race([aborted(io.signal), work.failed]);
    log.info("Stopping");
    const limit = systemClock.timer(giveUp, stopLimitMs);
    await work.idle();
    await house.app.stop();
    limit.cancel();
    log.info("Stopped");
    return 0;
  } finally {
    await door.close(1_000);
    held.release();
  }
}

/** One piece of work after the other. `failed` rejects with the first error. */
function createQueue() {
  let last: Promise<void> = Promise.resolve();
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  return {
    failed,
    add(run: () => Promise<void>) {
      last = last.then(run).catch(fail);
    },
    idle: () => last,
  };
}
