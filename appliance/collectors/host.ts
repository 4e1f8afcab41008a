import { monitorEventLoopDelay } from "node:perf_hooks";
import { z } from "zod";
import { pollFields } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import type { Observation, Sample } from "../model/observation.ts";
import type { Sensor } from "../model/site.ts";
import { diskOf, linuxSystem, type System } from "../probe/system.ts";

const config = z.strictObject({ ...pollFields({ interval: "60s", timeout: "5s" }) }).prefault({});
type Settings = z.infer<typeof config>;

/** Resolution of the event-loop histogram, ms: finer costs more than it tells. */
const resolutionMs = 20;

type Values = readonly (readonly [metric: string, value: number | undefined, channel?: string])[];

const temperatureSensors = (names: readonly string[]): Sensor[] =>
  names.map((name) => ({
    metric: "temperature",
    channel: name,
    description: `Temperature (${name})`,
    unit: "°C",
    origin: "/sys/class/thermal",
  }));

/** This box: processor, memory, disk of the data directory, temperature, clock, and this program itself. */
class Host implements Collector {
  readonly #deps: CollectorDeps;
  readonly #system: System;
  readonly #dataDir: string;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #lastTicks: { total: number; idle: number } | undefined;
  #described = "";

  constructor(deps: CollectorDeps) {
    const { hostRoot, dataDir } = deps.parts;
    this.#deps = deps;
    this.#system = linuxSystem(typeof hostRoot === "string" ? hostRoot : "/");
    this.#dataDir = typeof dataDir === "string" ? dataDir : ".";
  }

  async poll([one]: readonly Target[]): Promise<Observation[]> {
    if (!one) return [];
    const temperatures = await this.#system.temperatures();
    const values: Values = [
      ["cpu_used", await this.#processorPercent()],
      ["load_1m", await this.#system.load()],
      ["uptime", await this.#system.uptimeS()],
      ...(await this.#memory()),
      ...(await this.#disk()),
      ...this.#self(),
      ["clock_synchronised", this.#flag(await this.#system.isSynchronised())],
      ...temperatures.map(({ name, temperatureC }) => ["temperature", temperatureC, name] as const),
    ];
    return [
      { record: "availability", device: one.device, via: "host", state: "online" },
      ...this.#describe(
        one,
        temperatures.map(({ name }) => name),
      ),
      ...values.flatMap(([metric, value, channel]): Sample[] =>
        value === undefined || !Number.isFinite(value)
          ? []
          : [
              {
                record: "sample",
                device: one.device,
                metric,
                value,
                ...(channel === undefined ? {} : { channel }),
              },
            ],
      ),
    ];
  }

  #flag(value: boolean | undefined): number | undefined {
    return value === undefined ? undefined : Number(value);
  }

  async #processorPercent(): Promise<number | undefined> {
    const now = await this.#system.processor();
    const last = this.#lastTicks;
    this.#lastTicks = now;
    if (!now || !last || now.total <= last.total) return undefined;
    return Math.max(0, 100 * (1 - (now.idle - last.idle) / (now.total - last.total)));
  }

  async #memory(): Promise<Values> {
    const memory = await this.#system.memory();
    if (!memory) return [];
    const { totalBytes, availableBytes, swapTotalBytes, swapFreeBytes } = memory;
    return [
      ["memory_used", 100 * (1 - availableBytes / totalBytes)],
      ["memory_total", totalBytes],
      ["swap_used", swapTotalBytes > 0 ? 100 * (1 - swapFreeBytes / swapTotalBytes) : undefined],
    ];
  }

  async #disk(): Promise<Values> {
    const disk = await diskOf(this.#dataDir);
    return [
      ["disk_used", disk?.usedPercent, "data"],
      ["disk_total", disk?.totalBytes, "data"],
    ];
  }

  #self(): Values {
    const wasRunning = !this.#delay.enable();
    // The histogram counts how long timers took, their own period included.
    const lateMs = wasRunning ? this.#delay.percentile(99) / 1e6 - resolutionMs : undefined;
    this.#delay.reset();
    return [
      ["process_memory", process.memoryUsage.rss()],
      ["event_loop_delay", lateMs === undefined ? undefined : Math.max(0, lateMs)],
    ];
  }

  #describe(one: Target, names: readonly string[]): Observation[] {
    const key = names.join("\n");
    if (key === this.#described) return [];
    this.#described = key;
    const disk: Sensor = {
      metric: "disk_used",
      channel: "data",
      description: "Disk of the history",
      unit: "%",
      origin: this.#dataDir,
    };
    return [{ record: "describe", device: one.device, sensors: [disk, ...temperatureSensors(names)] }];
  }

  async close(): Promise<void> {
    this.#delay.disable();
    this.#deps.log.debug("The watch over this box ended");
  }
}

export const collector = {
  type: "host",
  summary: "This box itself: processor, memory, disk, temperature, clock.",
  config,
  create: (_settings, deps) => new Host(deps),
} satisfies CollectorPlugin<Settings>;
