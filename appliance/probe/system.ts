import { readdir, readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/** Reads what Linux says of itself below `root`, `/` but in tests. What a machine does not have is undefined. */
export interface System {
  /** Ticks since the start: all, and those without work. */
  processor(): Promise<{ readonly total: number; readonly idle: number } | undefined>;
  memory(): Promise<Memory | undefined>;
  load(): Promise<number | undefined>;
  uptimeS(): Promise<number | undefined>;
  /** °C of each thermal zone, by its type. */
  temperatures(): Promise<readonly { readonly name: string; readonly temperatureC: number }[]>;
  /** Whether the clock follows a time server; undefined when no service says so. */
  isSynchronised(): Promise<boolean | undefined>;
}

export interface Memory {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // Not every machine has every file; the caller leaves the value out.
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Not there is an answer.
    return false;
  }
}

function parseMemory(text: string): Memory | undefined {
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN) * 1_024;
  const totalBytes = bytes("MemTotal");
  const availableBytes = bytes("MemAvailable");
  if (!Number.isFinite(totalBytes) || !Number.isFinite(availableBytes)) return undefined;
  return {
    totalBytes,
    availableBytes,
    swapTotalBytes: bytes("SwapTotal") || 0,
    swapFreeBytes: bytes("SwapFree") || 0,
  };
}

export function linuxSystem(root = "/"): System {
  const at = (path: string) => join(root, path);
  const firstNumber = async (path: string) => {
    const value = Number.parseFloat((await textOf(at(path))) ?? "");
    return Number.isFinite(value) ? value : undefined;
  };
  return {
    async processor() {
      const line = /^cpu\s+(.*)$/m.exec((await textOf(at("proc/stat"))) ?? "")?.[1];
      if (!line) return undefined;
      // proc(5): user nice system idle iowait irq softirq steal; guest times are in user already.
      const ticks = line.split(/\s+/).slice(0, 8).map(Number);
      const total = ticks.reduce((sum, tick) => sum + tick, 0);
      return { total, idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) };
    },
    memory: async () => parseMemory((await textOf(at("proc/meminfo"))) ?? ""),
    load: () => firstNumber("proc/loadavg"),
    uptimeS: () => firstNumber("proc/uptime"),
    temperatures: () => temperaturesIn(at("sys/class/thermal")),
    async isSynchronised() {
      if (await exists(at("run/systemd/timesync/synchronized"))) return true;
      // timesyncd is there but has not set the clock yet; of chrony and ntpd we only know that they run.
      if (await exists(at("run/systemd/timesync"))) return false;
      return undefined;
    },
  };
}

async function temperaturesIn(folder: string) {
  let zones: string[];
  try {
    zones = (await readdir(folder)).filter((name) => name.startsWith("thermal_zone")).sort();
  } catch {
    // No thermal zones on this machine.
    return [];
  }
  const read = await Promise.all(
    zones.map(async (zone) => ({
      name: ((await textOf(join(folder, zone, "type"))) ?? zone).trim().slice(0, 48),
      temperatureC: Number.parseFloat((await textOf(join(folder, zone, "temp"))) ?? "") / 1_000,
    })),
  );
  return read.filter(({ temperatureC }) => temperatureC > -50 && temperatureC < 200);
}

/** Size and use of the file system that holds `path`; use as `df` counts it, of what is not reserved for root. */
export async function diskOf(
  path: string,
): Promise<{ readonly totalBytes: number; readonly usedPercent: number } | undefined> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(path);
    const used = blocks - bfree;
    if (used + bavail <= 0) return undefined;
    return { totalBytes: blocks * bsize, usedPercent: (100 * used) / (used + bavail) };
  } catch {
    // The folder is not there yet or the file system is gone; other parts say so.
    return undefined;
  }
}
