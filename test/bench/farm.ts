import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** The port of every simulated switch. */
export const farmPort = 1161;

export interface Farm {
  /** Where its programs were built. */
  readonly tools: string;
  /** For files of this run; removed at the end. */
  readonly folder: string;
  /** Counts of what it was asked: `requests`, `varbinds`, `get`, `getbulk`. */
  stats(): Promise<Record<string, number>>;
  stop(): void;
}

/**
 * Builds the farm of simulated 48-port switches from `source` in a folder of its own and starts `count` of them on
 * 127.1.0.1 and up. Needs gcc, make and libsnmp-dev. Rejects with what is missing.
 */
export async function startFarm(source: string, count: number): Promise<Farm> {
  if (!existsSync(join(source, "snmpfarm")))
    throw new Error(`The farm is not at ${source}: give its place with --bench.`);
  const folder = mkdtempSync(join(tmpdir(), "porchlight-bench-"));
  const tools = join(folder, "bench");
  cpSync(source, tools, { recursive: true });
  execFileSync("chmod", ["-R", "u+w", tools]);
  execFileSync("make", ["-C", tools], { stdio: "ignore" });
  const statsFile = join(folder, "farm.json");
  const data = join(tools, "snmpfarm/switch48.snmprec");
  const words = ["--data", data, "--count", String(count), "--port", String(farmPort), "--stats", statsFile];
  const child: ChildProcess = spawn(join(tools, "snmpfarm/snmpfarm"), words, { stdio: "ignore" });
  await wait(500);
  return {
    tools,
    folder,
    async stats() {
      rmSync(statsFile, { force: true });
      child.kill("SIGUSR1");
      for (;;) {
        await wait(20);
        try {
          return JSON.parse(readFileSync(statsFile, "utf8"));
        } catch {
          // Not written yet.
        }
      }
    },
    stop() {
      child.kill("SIGTERM");
      // It may still be writing its counts.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** The net-snmp C library asking `count` devices `rounds` times: what it printed of itself. */
export function raceLibrary(farm: Farm, count: number, rounds: number): { polls: number; cpu_s: number } {
  const words = ["--strategy", "cols", "--count", String(count), "--rounds", String(rounds)];
  return JSON.parse(execFileSync(join(farm.tools, "snmp/clib"), words).toString());
}
