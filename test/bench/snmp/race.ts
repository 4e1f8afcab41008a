import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { enterNamespace } from "../../helpers/namespace.ts";
import { farmPort, raceLibrary, startFarm } from "../farm.ts";

/*
 * CPU of one device-poll (sysUpTime and 13 columns of a 48-port switch, 625 values): the product's poller, the net-snmp C
 * library and npm net-snmp at its best, interleaved over the same farm. With `--burst`: 1,000 devices asked at once, all alive and
 * with 20 % and 50 % of them dead.
 */

enterNamespace(import.meta.url);

const { values: given } = parseArgs({
  options: {
    bench: { type: "string", default: "../shared/bench" },
    count: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    burst: { type: "boolean", default: false },
  },
});
const contender = fileURLToPath(new URL("./contender.js", import.meta.url));

interface Result {
  readonly polls: number;
  readonly cpu_s: number;
  readonly wall_s: number;
  readonly live_done_s: number;
  readonly rss_kb: number;
}

function node(tools: string, script: string, count: number, words: readonly string[]): Result {
  const all = [join(tools, script), "--count", String(count), "--port", String(farmPort), ...words];
  const env = { ...process.env, NODE_PATH: join(process.cwd(), "node_modules") };
  return JSON.parse(execFileSync(process.execPath, all, { env }).toString());
}

/** 1,000 devices at once; those that the farm does not have are dead. */
async function burst(): Promise<void> {
  const devices = 1_000;
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say("| alive | live done s | whole cycle s | CPU ms a live device | the C library's | peak RSS MiB |");
  say("|---|---|---|---|---|---|");
  for (const alive of [devices, devices * 0.8, devices * 0.5]) {
    const farm = await startFarm(given.bench, alive);
    try {
      const words = ["--rounds", "1", "--warmup", "2", "--warmup-conc", "200", "--conc", String(devices)];
      for (let run = 0; run < 3; run++) {
        const ours = node("", contender, devices, words);
        const library = raceLibrary(farm, alive, 5);
        const ms = (of: { readonly cpu_s: number; readonly polls: number }) =>
          ((1_000 * of.cpu_s) / of.polls).toFixed(3);
        const { live_done_s: doneS, wall_s: wallS, rss_kb: rssKb } = ours;
        say(
          `| ${alive} | ${doneS} | ${wallS} | ${ms(ours)} | ${ms(library)} | ${Math.round(rssKb / 1_024)} |`,
        );
      }
    } finally {
      farm.stop();
    }
  }
}

async function race(): Promise<void> {
  const count = Number(given.count);
  const farm = await startFarm(given.bench, count);
  const contenders: Readonly<Record<string, () => Pick<Result, "polls" | "cpu_s">>> = {
    porchlight: () => node("", contender, count, ["--rounds", "10"]),
    "net-snmp C library": () => raceLibrary(farm, count, 10),
    "npm net-snmp, getBulk of all columns": () =>
      node(farm.tools, "snmp/npm-net-snmp.cjs", count, ["--how", "rows", "--rounds", "5"]),
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
}

await (given.burst ? burst() : race());
