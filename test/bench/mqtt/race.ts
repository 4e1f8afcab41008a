import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { askSocket, program } from "../../helpers/appliance.ts";
import { startMosquitto } from "../../helpers/mosquitto.ts";
import { enterNamespace } from "../../helpers/namespace.ts";
import { atRate, closedLoop, type LoadDevice, signIn } from "./load.ts";

/*
 * MQTT ingest in one run: a mosquitto with npm mqtt that only counts, aedes that only counts, and the whole box (broker,
 * decode, pipeline, store on disk). Senders are bare sockets in this process. Prints figures, asserts nothing.
 */
enterNamespace(import.meta.url);

const connections = 30;
const ticksPerSecond = 100;
const print = (line: string) => void process.stdout.write(`${line}\n`);
const counting = fileURLToPath(new URL("./counting.js", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "porchlight-mqtt-"));

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function memoryKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

interface Receiver {
  readonly name: string;
  readonly port: number;
  readonly pids: readonly number[];
  /** Messages that it counted so far. */
  counted(): Promise<number>;
  end(): Promise<void>;
}

async function startNode(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], cwd: folder });
  if (child.stdout) await once(child.stdout, "data");
  return child;
}

async function endChild(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function countOf(child: ChildProcess): Promise<number> {
  if (!child.stdout) return Number.NaN;
  child.kill("SIGUSR1");
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  return Number(String(text).trim());
}

async function boxCount(): Promise<number> {
  const { text } = await askSocket(`${folder}/http`, "/metrics");
  return Number(/^porchlight_mqtt_messages_total\S* (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}

async function aedesReceiver(): Promise<Receiver> {
  const child = await startNode(counting, "aedes", "18840");
  return {
    name: "aedes, counting",
    port: 18_840,
    pids: [child.pid ?? 0],
    counted: () => countOf(child),
    end: () => endChild(child),
  };
}

async function mosquittoReceiver(): Promise<Receiver> {
  const mosquitto = await startMosquitto();
  const child = await startNode(counting, "subscriber", `${mosquitto.port}`);
  return {
    name: "mosquitto + npm mqtt, counting",
    port: mosquitto.port,
    pids: [mosquitto.pid(), child.pid ?? 0],
    counted: () => countOf(child),
    async end() {
      await endChild(child);
      await mosquitto.stop();
    },
  };
}

async function boxReceiver(): Promise<Receiver> {
  const devices = Array.from({ length: 1_000 }, (_, i) => `d${i}`);
  writeFileSync(
    path.join(folder, "porchlight.yaml"),
    JSON.stringify({
      version: 1,
      broker: {
        listen: "127.0.0.1:18850",
        rate: 10_000,
        burst: 100_000,
        devices: devices.map((name) => ({ name, password: `${name}-secret` })),
      },
    }),
  );
  const child = spawn(
    process.execPath,
    [program, "run", "--config", "porchlight.yaml", "--data", "data", "--http", `unix:${folder}/http`],
    { stdio: ["ignore", "ignore", "inherit"], cwd: folder },
  );
  for (let tries = 0; tries < 100 && !(await answers(18_850)); tries++) await wait(100);
  return {
    name: "porchlight, storing",
    port: 18_850,
    pids: [child.pid ?? 0],
    counted: boxCount,
    end: () => endChild(child),
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    const device = await signIn(port, "d0");
    device.socket.destroy();
    return true;
  } catch {
    // Not listening yet.
    return false;
  }
}

async function devicesOf(port: number, count: number): Promise<LoadDevice[]> {
  const devices: LoadDevice[] = [];
  for (let i = 0; i < count; i++) devices.push(await signIn(port, `d${i}`));
  return devices;
}

function cpuOf({ pids }: Receiver): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

async function race(receiver: Receiver): Promise<void> {
  await wait(2_000);
  const devices = await devicesOf(receiver.port, connections);
  await atRate(devices, 5_000, 3_000);
  await wait(2_000);
  const countBefore = await receiver.counted();
  const before = cpuOf(receiver);
  const sent = await atRate(devices, 10_000, 10_000);
  await wait(2_000);
  const microseconds = ((cpuOf(receiver) - before) * 1e6) / sent;
  const taken = (100 * ((await receiver.counted()) - countBefore)) / sent;
  const rate = await closedLoop(devices, 20, 5_000);
  for (const { socket } of devices) socket.destroy();
  await wait(1_000);
  const pid = receiver.pids[0] ?? 0;
  const memoryBefore = memoryKiB(pid);
  const idle = await devicesOf(receiver.port, 900);
  await wait(1_000);
  const each = (memoryKiB(pid) - memoryBefore) / idle.length;
  for (const { socket } of idle) socket.destroy();
  print(
    `${receiver.name.padEnd(34)} ${microseconds.toFixed(1).padStart(8)} ${taken.toFixed(1).padStart(8)} ${Math.round(rate).toString().padStart(12)} ${each.toFixed(1).padStart(12)}`,
  );
}

print(
  `${"receiver".padEnd(34)} ${"us/msg".padStart(8)} ${"taken %".padStart(8)} ${"QoS 1 msg/s".padStart(12)} ${"KiB/idle".padStart(12)}`,
);
try {
  for (const start of [mosquittoReceiver, aedesReceiver, boxReceiver]) {
    const receiver = await start();
    try {
      await race(receiver);
    } finally {
      await receiver.end();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
