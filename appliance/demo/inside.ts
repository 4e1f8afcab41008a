import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectAsync } from "mqtt";
import { createApp } from "../app.ts";
import { systemClock } from "../clock.ts";
import type { CommandIo } from "../command-line.ts";
import { createLog } from "../log.ts";
import type { Clock } from "../model/time.ts";
import { loadContext, readConfig } from "../wiring/configuration.ts";
import { openDoor } from "../wiring/door.ts";
import { openMemory } from "../wiring/memory.ts";
import { loadAllPlugins } from "../wiring/plugins.ts";
import { startAgents } from "./agents.ts";
import { breakages, menu, obey } from "./commands.ts";
import { demoConfiguration, makePasswords, type Placement } from "./configuration.ts";
import { type Faults, noFaults } from "./faults.ts";
import { foundPasts, knownPasts, writeHistory } from "./history.ts";
import { buildNetwork } from "./network.ts";
import { office } from "./office.ts";
import { outagesBefore, writePast } from "./past.ts";
import { type Publishers, startPublishers } from "./publish.ts";

const version = "demo";
/** By then every device was polled once, so that all its series exist. */
const settledMs = 75_000;

const inNamespace: Placement = {
  addressOf: (index) => office[index]?.address ?? "",
  snmpPort: 161,
  ownNetwork: true,
  brokerListen: "127.0.0.1:1883",
};
const onLoopback: Placement = {
  addressOf: (index) => `127.20.0.${index + 1}`,
  snmpPort: 16_161,
  ownNetwork: false,
  brokerListen: "127.20.0.250:18830",
};

/** For its files, and whether it is in a network namespace of its own. */
export interface Where {
  readonly folder: string;
  readonly ownNetwork: boolean;
}

/**
 * Runs the simulated office and the box that watches it, until interrupted: agents, name servers, sensors, a day of
 * history, and the prompt that breaks and mends things. The page is served on `page.sock` in `folder`.
 *
 * @returns the exit code
 */
export async function runOffice(where: Where, io: CommandIo): Promise<number> {
  const clock = systemClock;
  const placement = where.ownNetwork ? inNamespace : onLoopback;
  const faults = noFaults();
  const network = where.ownNetwork ? await buildNetwork(where.folder) : undefined;
  const agents = await startAgents({ placement, faults, clock });
  const passwords = makePasswords();
  const { writeRest, stop } = await startBox(where, demoConfiguration(placement, passwords), clock, io);
  const [host, port] = placement.brokerListen.split(":");
  const publishers = await startPublishers({
    connect: (username, password) =>
      connectAsync({ host: host ?? "", port: Number(port), username, password, clientId: username }),
    passwords,
    faults,
    clock,
  });
  const rest = clock.timer(() => void writeRest(), settledMs);
  io.print(
    "The office is open. A day of history is there; sensors and processors get theirs after a minute.\n",
  );
  await prompt({ faults, publishers, clock, io, ...(network ? { network } : {}) });
  rest.cancel();
  await publishers.stop();
  await stop();
  await agents.close();
  // The terminal and the channel to the launcher would keep the process alive.
  process.stdin.destroy();
  if (process.connected) process.disconnect();
  return 0;
}

interface Box {
  /** A day of what became known by the first polls. */
  writeRest(): Promise<void>;
  stop(): Promise<void>;
}

async function startBox(
  { folder, ownNetwork }: Where,
  text: string,
  clock: Clock,
  io: CommandIo,
): Promise<Box> {
  const file = join(folder, "porchlight.yaml");
  const dataDir = join(folder, "data");
  await mkdir(dataDir, { recursive: true });
  await writeFile(file, text, { mode: 0o600 });
  const log = createLog({ level: "error" });
  const plugins = await loadAllPlugins();
  const found = readConfig(file, loadContext(plugins));
  const outages = outagesBefore(clock.nowMs());
  const memory = openMemory({ dataDir, lastGood: false, clock, log });
  writePast(memory, outages, clock.nowMs());
  await memory.stop();
  const door = await openDoor([{ kind: "unix", path: join(folder, "page.sock") }], { log });
  const app = createApp({
    found,
    plugins,
    dataDir,
    lastGood: false,
    version,
    clock,
    log,
    counters: door.counters,
    // The machine's own router and name servers are none of the office's.
    ...(ownNetwork ? {} : { networkRoot: join(folder, "no-network") }),
  });
  await app.start();
  io.print("Writing a day of history ...");
  const known = knownPasts(app.view.series, outages).filter(
    ({ series }) => ownNetwork || !series.metric.startsWith("ping_"),
  );
  const written = await writeHistory(known, app.view.store, clock.nowMs());
  io.print(`${written.toLocaleString("en")} samples written.`);
  door.hand(app.listener);
  const stop = async () => {
    await app.stop();
    await door.close(1_000);
  };
  const writeRest = async () => {
    const { view } = app;
    const done = new Set(known.map(({ series }) => series));
    await writeHistory(foundPasts(view, outages, done, clock.nowMs()), view.store, clock.nowMs());
  };
  return { writeRest, stop };
}

interface PromptParts {
  readonly faults: Faults;
  readonly network?: Awaited<ReturnType<typeof buildNetwork>>;
  readonly publishers: Publishers;
  readonly clock: Clock;
  readonly io: CommandIo;
}

/** Reads commands until the signal aborts or the launcher goes away; without a terminal it just waits. */
async function prompt({ faults, network, publishers, clock, io }: PromptParts): Promise<void> {
  const all = breakages({
    faults,
    ...(network ? { network } : {}),
    nowMs: () => clock.nowMs(),
    flood: { start: () => publishers.startFlood(), stop: () => publishers.stopFlood() },
  });
  io.print(menu(all));
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    obey(line, all).then(io.print, (error: unknown) => io.complain(String(error)));
  });
  const launcherGone = once(process, "disconnect", { signal: io.signal });
  await Promise.race([launcherGone, once(io.signal, "abort")]).catch(() => {
    // Aborted: the interrupt ends the demo.
  });
  lines.close();
}
