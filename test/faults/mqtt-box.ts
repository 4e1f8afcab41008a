import { createWriteStream, fdatasync, openSync } from "node:fs";
import path from "node:path";
import { createBroker } from "../../appliance/broker/broker.ts";
import { createStoredMemory } from "../../appliance/broker/stored-memory.ts";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/mqtt.ts";
import type { CollectorDeps, DialectPlugin } from "../../appliance/model/contracts.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { createDialects, createIntake } from "../../appliance/payload/intake.ts";
import { loadPlugins } from "../../appliance/plugins.ts";
import { countersInMemory, quietLog } from "../helpers/mqtt/parts.ts";

/*
 * The MQTT part of the box as a process of its own that can be killed: what it commits it writes to `committed` with one
 * fdatasync for all that waits, and only then are messages acknowledged.
 * Arguments: folder, port of the embedded broker or address of another one, number of devices.
 */
const [folder = ".", where = "0", devices = "1"] = process.argv.slice(2);

function createJournal(file: string) {
  const fd = openSync(file, "a");
  const stream = createWriteStream(file, { fd });
  let lines: string[] = [];
  let waiting: (() => void)[] = [];
  let busy = false;
  const commit = () => {
    if (busy || waiting.length === 0) return;
    busy = true;
    const [text, done] = [lines.join(""), waiting];
    lines = [];
    waiting = [];
    stream.write(text, () =>
      fdatasync(fd, () => {
        busy = false;
        for (const resolve of done) resolve();
        commit();
      }),
    );
  };
  return (records: readonly Observation[]): Promise<void> => {
    for (const r of records)
      if (r.record === "sample") lines.push(`${r.device} ${r.metric} ${r.timeMs ?? ""} ${r.value}\n`);
    return new Promise((resolve) => {
      waiting.push(resolve);
      setTimeout(commit, 2);
    });
  };
}

const counters = countersInMemory();
const plugins = await loadPlugins<DialectPlugin>(
  new URL("../../appliance/dialects/", import.meta.url),
  "dialect",
);
const dialects = createDialects(plugins, {});
const parts: Record<string, unknown> = {
  intake: (behind?: string) => createIntake(dialects, counters, behind),
};
const isEmbedded = /^\d+$/.test(where);
const names = Array.from({ length: Number(devices) }, (_, i) => `d${i}`);
const broker = isEmbedded
  ? createBroker(
      {
        listen: [{ host: "127.0.0.1", port: Number(where) }],
        devices: names.map((name) => ({ name, password: new Secret(`${name}-secret`) })),
        budget: { perSecond: 100_000, burst: 100_000 },
      },
      {
        clock: systemClock,
        log: quietLog(),
        counters,
        memory: createStoredMemory({
          file: path.join(folder, "broker.db"),
          clock: systemClock,
          log: quietLog(),
          counters,
          names: () => names,
        }),
      },
    )
  : undefined;
if (broker) parts.broker = broker;
const settings = isEmbedded ? {} : { brokers: [{ id: "office", url: where, clientId: "box" }] };
const deps: CollectorDeps = {
  clock: systemClock,
  log: quietLog(),
  counters,
  series: { of: () => ({}) as never, find: () => undefined, all: () => [] },
  portIds: () => [],
  profileDirs: [],
  parts,
};
const one = collector.create(collector.config.parse(settings), deps);
const journal = createJournal(path.join(folder, "committed"));
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
const ready = () => void process.stdout.write("ready\n");
const listening = one.listen?.(
  (records) => {
    // A subscription that stands: from now on nothing may be missed.
    if (records.some((r) => r.record === "availability" && r.device === "mqtt-broker:office")) ready();
    return journal(records);
  },
  { signal: stop.signal },
);
await broker?.start();
if (broker) ready();
await listening;
await broker?.stop();
process.exit(0);
