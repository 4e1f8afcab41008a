import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect, type MqttClient } from "mqtt";
import { systemClock } from "../../appliance/clock.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { askSocket, program } from "../helpers/appliance.ts";
import { freePort } from "../helpers/mosquitto.ts";
import { startedStore } from "../helpers/stores.ts";

/*
 * The whole box as a process: broker or external broker, decoding, pipeline, the store on disk.
 */

export interface WholeBox {
  readonly folder: string;
  readonly port: number;
  pid(): number;
  ask(path: string): ReturnType<typeof askSocket>;
  counter(name: string): Promise<number>;
  memoryMiB(): number;
  openFiles(): Promise<number>;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface WholeOptions {
  readonly folder: string;
  readonly devices: number;
  /** Address of an external broker; absent: the built-in one. */
  readonly external?: string;
  readonly rate?: number;
  readonly burst?: number;
}

export async function wholeBox(options: WholeOptions): Promise<WholeBox> {
  const { folder, devices, external, rate = 20, burst = 200 } = options;
  const port = await freePort();
  const names = Array.from({ length: devices }, (_, i) => `d${i}`);
  const broker = {
    listen: `127.0.0.1:${port}`,
    rate,
    burst,
    devices: [
      ...names.map((name) => ({ name, password: `${name}-secret` })),
      { name: "wall", password: "wall-secret", publish: [], subscribe: ["site/#"] },
    ],
  };
  writeFileSync(
    path.join(folder, "porchlight.yaml"),
    JSON.stringify({
      version: 1,
      site: { anchors: [] },
      ...(external
        ? { collect: { mqtt: { brokers: [{ id: "office", url: external, clientId: "box" }] } } }
        : { broker }),
    }),
  );
  const socketPath = path.join(folder, "http");
  let child: ChildProcess | undefined;
  const ask = (at: string) => askSocket(socketPath, at);
  const end = async (signal: NodeJS.Signals) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  const box: WholeBox = {
    folder,
    port,
    pid: () => child?.pid ?? 0,
    ask,
    async counter(name) {
      const { text } = await ask("/metrics");
      return Number(new RegExp(`^porchlight_${name}_total(?:\\{[^}]*\\})? (\\d+)`, "m").exec(text)?.[1] ?? 0);
    },
    memoryMiB: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child?.pid}/status`, "utf8"))?.[1] ?? 0) / 1_024,
    openFiles: async () => (await import("node:fs")).readdirSync(`/proc/${child?.pid}/fd`).length,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    async start() {
      child = spawn(
        process.execPath,
        [program, "run", "--config", "porchlight.yaml", "--data", "data", "--http", `unix:${socketPath}`],
        { stdio: ["ignore", "ignore", "ignore"], cwd: folder },
      );
      for (;;) {
        const { status } = await ask("/").catch(() => ({ status: 0 }));
        if (status === 200) return;
        if (child.exitCode !== null) throw new Error(`the box ended with ${child.exitCode}`);
        await wait(100);
      }
    },
  };
  return box;
}

export function deviceAt(port: number, name: string, more: object = {}): MqttClient {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    clientId: name,
    username: name,
    password: `${name}-secret`,
    reconnectPeriod: 100,
    ...more,
  });
  client.on("error", () => undefined);
  return client;
}

/** Ids of devices by their names, as the API tells. */
async function idsByName(box: WholeBox): Promise<Map<string, string>> {
  const { text } = await box.ask("/api/v1/devices?limit=500");
  const { items } = JSON.parse(text) as { items: readonly { id: string; name: string }[] };
  return new Map(items.map(({ id, name }) => [name, id]));
}

/** Values of `n` by device as they lie in the store, with what is there twice. The box must have ended. */
export async function storedNumbers(
  box: WholeBox,
  ids: ReadonlyMap<string, string>,
  range: { readonly fromMs: number; readonly toMs: number },
) {
  const store = await startedStore({
    dataDir: path.join(box.folder, "data"),
    clock: systemClock,
    series: createSeriesTable(),
  });
  const byName = new Map<string, Set<number>>();
  let twice = 0;
  for (const [name, id] of ids) {
    const { timesMs, avg } = await store.query(`${id}:n` as never, range, "raw");
    const values = new Set<number>();
    const times = new Set<number>();
    for (const [at, timeMs] of timesMs.entries()) {
      const value = avg[at] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      if (times.has(timeMs) || values.has(value)) twice++;
      times.add(timeMs);
      values.add(value);
    }
    byName.set(name, values);
  }
  await store.close();
  return { byName, twice };
}

export interface StoredKillFigures {
  readonly acknowledged: number;
  readonly lost: number;
  readonly twice: number;
  readonly stored: number;
  readonly kills: number;
  readonly seconds: number;
}

const window = 20;

function publishAll(
  client: MqttClient,
  name: string,
  startMs: number,
  count: number,
  onAck: (n: number) => void,
) {
  return new Promise<void>((resolve) => {
    let next = 0;
    let done = 0;
    const more = () => {
      while (next < count && next - done < window) {
        const n = next++;
        client.publish(`site/${name}/x`, `{"n":${n},"ts":${startMs + n * 50}}`, { qos: 1 }, (error) => {
          if (!error) onAck(n);
          done++;
          if (done === count) resolve();
          else more();
        });
      }
    };
    more();
  });
}

/** Devices publish numbered messages with QoS 1 while the whole box is killed again and again. */
export async function storedKillStory(
  options: WholeOptions & { readonly perClient: number; readonly kills: number; readonly url?: string },
): Promise<StoredKillFigures> {
  const box = await wholeBox({ ...options, rate: 10_000, burst: 100_000 });
  const { devices, perClient, kills } = options;
  const startedMs = performance.now();
  const startMs = Date.now() - 600_000;
  await box.start();
  if (options.external) await wait(1_500);
  const names = Array.from({ length: devices }, (_, i) => `d${i}`);
  const clients = names.map((name) =>
    options.external
      ? connect(options.external, { clientId: name, clean: false, reconnectPeriod: 100 })
      : deviceAt(box.port, name, { clean: false }),
  );
  const acknowledged = names.map(() => new Set<number>());
  const count = () => acknowledged.reduce((sum, { size }) => sum + size, 0);
  const publishing = Promise.all(
    clients.map((client, i) =>
      publishAll(client, names[i] ?? "", startMs, perClient, (n) => acknowledged[i]?.add(n)),
    ),
  );
  const total = devices * perClient;
  for (let kill = 1; kill <= kills; kill++) {
    while (count() < (total * kill) / (kills + 1)) await wait(20);
    await box.kill();
    await box.start();
  }
  await publishing;
  await Promise.all(clients.map((client) => client.endAsync()));
  // What an external broker still holds for the box: until nothing more comes.
  for (let before = -1; ; ) {
    const now = await box.counter("mqtt_messages");
    if (now === before) break;
    before = now;
    await wait(2_000);
  }
  const ids = await idsByName(box);
  await box.stop();
  const wanted = new Map(names.map((name) => [name, ids.get(`${name} x`) ?? ""]));
  const range = { fromMs: startMs - 1_000, toMs: startMs + perClient * 50 + 1_000 };
  const { byName, twice } = await storedNumbers(box, wanted, range);
  let lost = 0;
  let stored = 0;
  for (const [i, name] of names.entries()) {
    const there = byName.get(name) ?? new Set();
    stored += there.size;
    for (const n of acknowledged[i] ?? []) if (!there.has(n)) lost++;
  }
  return {
    acknowledged: count(),
    lost,
    twice,
    stored,
    kills,
    seconds: Math.round((performance.now() - startedMs) / 1_000),
  };
}
