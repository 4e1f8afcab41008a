import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { enterNamespace } from "../../helpers/namespace.ts";
import { farmPort, raceLibrary, startFarm } from "../farm.ts";

/*
 * CPU of one device-poll (sysUpTime and 13 columns of a 48-port switch, 625 values): the product's poller, the net-snmp C
 * library and npm net-snmp at its best, interleaved over the same farm.
 */

enterNamespace(import.meta.url);

const { values: given } = parseArgs({
  options: {
    bench: { type: "string", default: "../shared/bench" },
    count: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
  },
});
const count = Number(given.count);
const contender = fileURLToPath(new URL("./contender.js", import.meta.url));
const farm = await startFarm(given.bench, count);

interface Result {
  readonly polls: number;
  readonly cpu_s: number;
  readonly rss_kb?: number;
}
const node = (script: string, words: readonly string[]): Result => {
  const all = [script, "--count", String(count), "--port", String(farmPort), ...words];
  const env = { ...process.env, NODE_PATH: join(process.cwd(), "node_modules") };
  return JSON.parse(execFileSync(process.execPath, all, { env }).toString());
};
const contenders: Readonly<Record<string, () => Result>> = {
  porchlight: () => node(contender, ["--rounds", "10"]),
  "net-snmp C library": () => raceLibrary(farm, count, 10),
  "npm net-snmp, getBulk of all columns": () =>
    node(join(farm.tools, "snmp/npm-net-snmp.cjs"), ["--how", "rows", "--rounds", "5"]),
};

try {
  const found = new Map<string, number[]>();
  for (let round = 0; round < Number(given.rounds); round++)
    for (const [name, race] of Object.entries(contenders)) {
      const { polls, cpu_s } = race();
      found.set(name, [...(found.get(name) ?? []), (1000 * cpu_s) / polls]);
    }
  process.stdout.write("| poller | CPU ms a device-poll: median (least to most) |\n|---|---|\n");
  for (const [name, costs] of found) {
    const sorted = [...costs].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    const spread = `${sorted[0]?.toFixed(3)} to ${sorted.at(-1)?.toFixed(3)}`;
    process.stdout.write(`| ${name} | ${median.toFixed(3)} (${spread}) |\n`);
  }
} finally {
  farm.stop();
}
