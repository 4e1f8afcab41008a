import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { askAt, program } from "../helpers/appliance.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { farmPort, raceLibrary, startFarm } from "./farm.ts";

/*
 * The whole box - polling, rates, rules, storing, page - over a farm of simulated switches, beside the net-snmp C library,
 * which only asks, and zabbix-proxy, which asks and stores. All in one network namespace and one run. Needs the farm in
 * ../shared/bench, gcc, libsnmp-dev and zabbix-proxy-sqlite3.
 */

enterNamespace(import.meta.url);

const { values: given } = parseArgs({
  options: {
    bench: { type: "string", default: "../shared/bench" },
    count: { type: "string", default: "200" },
    minutes: { type: "string", default: "5" },
    settle: { type: "string", default: "150" },
  },
});
const count = Number(given.count);
const minutes = Number(given.minutes);
const valuesPerPoll = 625;
const ticksPerSecond = 100;
const print = (line: string) => void process.stdout.write(`${line}\n`);

const farm = await startFarm(given.bench, count);
const { folder, tools } = farm;
const addressOf = (index: number) => `127.1.${(index + 1) >> 8}.${(index + 1) & 255}`;

/** CPU seconds used, threads included, and resident MiB now and at the highest. */
function usage(pid: number) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mib = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return {
    cpuS: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssMiB: mib("VmRSS"),
    peakMiB: mib("VmHWM"),
  };
}

function sizeOf(path: string): number {
  const stat = statSync(path);
  return stat.isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : stat.size;
}

function writtenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]);
}

async function raceBox() {
  const config = join(folder, "porchlight.yaml");
  const devices = Array.from({ length: count }, (_, index) => ({
    id: `d${index}`,
    address: addressOf(index),
    kind: "switch",
    ping: "off",
    snmp: { version: "2c", port: farmPort, community: "public" },
  }));
  writeFileSync(config, JSON.stringify({ version: 1, site: { anchors: [] }, devices }));
  const socket = join(folder, "page.sock");
  const words = [
    program,
    "run",
    "--config",
    config,
    "--data",
    join(folder, "data"),
    "--http",
    `unix:${socket}`,
    "--log",
    "error",
  ];
  const box = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
  const pid = box.pid ?? 0;
  await wait(Number(given.settle) * 1000);
  const before = { ...usage(pid), farm: await farm.stats(), disk: writtenBytes(pid) };
  const pageMs: number[] = [];
  for (let second = 0; second < minutes * 60; second++) {
    const startMs = performance.now();
    await askAt({ socketPath: socket }, "/");
    pageMs.push(performance.now() - startMs);
    await wait(1000 - (performance.now() - startMs));
  }
  const after = { ...usage(pid), farm: await farm.stats(), disk: writtenBytes(pid) };
  const shown = (await askAt({ socketPath: socket }, "/api/v1/devices?limit=1")).status;
  box.kill("SIGTERM");
  await once(box, "exit");
  const polls = minutes * count;
  const varbinds = (after.farm.varbinds ?? 0) - (before.farm.varbinds ?? 0);
  pageMs.sort((a, b) => a - b);
  return {
    cpuMsPerPoll: (1000 * (after.cpuS - before.cpuS)) / polls,
    corePercent: (100 * (after.cpuS - before.cpuS)) / (minutes * 60),
    rssMiB: after.rssMiB,
    peakMiB: after.peakMiB,
    polls,
    valuesPerPoll: varbinds / polls,
    packetsPerPoll: ((after.farm.requests ?? 0) - (before.farm.requests ?? 0)) / polls,
    writtenBytesPerValue: (after.disk - before.disk) / varbinds,
    dataMiB: sizeOf(join(folder, "data")) / 2 ** 20,
    pageP95Ms: pageMs[Math.floor(pageMs.length * 0.95)] ?? Number.NaN,
    apiStatus: shown,
  };
}

function raceZabbix() {
  try {
    const out = execFileSync("python3", [join(tools, "snmp/zabbix.py"), String(count), "60s", "120"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return JSON.parse(out.toString().trim().split("\n")[0] ?? "{}");
  } catch (error) {
    return { missing: error instanceof Error ? error.message.split("\n")[0] : String(error) };
  }
}

try {
  const library = raceLibrary(farm, count, 10);
  const box = await raceBox();
  const zabbix = raceZabbix();
  const f = (value: unknown, digits = 2) => (typeof value === "number" ? value.toFixed(digits) : "-");
  print(`| ${count} devices, one run | CPU ms a device-poll | memory MiB | values a poll | packets a poll |`);
  print("|---|---|---|---|---|");
  print(
    `| porchlight, whole box at 60 s | ${f(box.cpuMsPerPoll)} | ${f(box.rssMiB, 0)} (peak ${f(box.peakMiB, 0)}) | ${f(box.valuesPerPoll, 0)} | ${f(box.packetsPerPoll, 1)} |`,
  );
  print(
    `| net-snmp C library, asks only | ${f((1000 * library.cpu_s) / library.polls)} | | ${valuesPerPoll} | 13 |`,
  );
  print(
    `| zabbix-proxy, asks and stores at 60 s | ${f(zabbix.cpu_ms_per_poll)} | ${f(zabbix.pss_mb, 0)} (PSS) | ${valuesPerPoll} | ${f(zabbix.packets_per_poll, 1)} |`,
  );
  if (zabbix.missing) print(`zabbix-proxy did not run: ${zabbix.missing}`);
  print(JSON.stringify(box));
} finally {
  farm.stop();
}
