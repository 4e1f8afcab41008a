import type { LatestValue, View } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import { states } from "../model/site.ts";

/** Older values of polled devices are no longer true; what publishes by MQTT may be silent for long. */
const polledMs = 10 * 60_000;
const publishedMs = 24 * 3_600_000;

interface Family {
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly lines: string[];
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function labels(pairs: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(pairs).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `{${given.map(([name, value]) => `${name}="${escaped(value ?? "")}"`).join(",")}}`;
}

/** A text as Prometheus allows names: `flow[l/min]` becomes `flow_l_min`. */
function promName(text: string): string {
  const clean = text
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(clean) ? clean : `x_${clean}`;
}

/** Families by name, in the order they were first seen: the text format wants all lines of one together. */
function families() {
  const all = new Map<string, Family>();
  return {
    add(
      name: string,
      type: Family["type"],
      help: string,
      pairs: Parameters<typeof labels>[0],
      value: number,
    ): void {
      if (!Number.isFinite(value)) return;
      let family = all.get(name);
      if (!family) {
        family = { help, type, lines: [] };
        all.set(name, family);
      }
      // Two names that only differ in what Prometheus does not allow: the first one's kind holds.
      if (family.type === type) family.lines.push(`${name}${labels(pairs)} ${value}`);
    },
    text(): string {
      const blocks = [...all].map(([name, { help, type, lines }]) =>
        [
          `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", " ")}`,
          `# TYPE ${name} ${type}`,
          ...lines,
        ].join("\n"),
      );
      return `${blocks.join("\n")}\n`;
    },
  };
}
type Families = ReturnType<typeof families>;

/** One newest value in the base unit of its metric; of a counter its count, never its rate. */
function addValue(out: Families, site: string, { series, value, count }: LatestValue): void {
  const metric = metricOf(series.metric);
  const suffix = metric?.prometheus?.suffix ?? "";
  const factor = metric?.prometheus?.factor ?? 1;
  const help = metric?.help ?? "A measurement that a device named itself.";
  const pairs = { site, device: series.device, channel: series.channel };
  const name = promName(series.metric) + suffix;
  if (series.kind === "counter")
    out.add(`${name}_total`, "counter", help, pairs, (count ?? Number.NaN) * factor);
  else out.add(name, "gauge", help, pairs, value * factor);
}

function addDevices(out: Families, view: View): void {
  const counts = new Map<string, number>();
  for (const device of view.inventory.devices()) {
    const { state } = view.status.device(device.id);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  for (const state of states)
    out.add(
      "porchlight_devices",
      "gauge",
      "Devices by state.",
      { site: view.site.id, state },
      counts.get(state) ?? 0,
    );
}

function addOwn(out: Families, view: View): void {
  const { site, version, counters, startedMs, status } = view;
  const own = { site: site.id };
  out.add("porchlight_build_info", "gauge", "1; the version is a label.", { ...own, version }, 1);
  out.add(
    "process_start_time_seconds",
    "gauge",
    "Start of the process, Unix seconds.",
    own,
    startedMs / 1_000,
  );
  out.add("process_resident_memory_bytes", "gauge", "Memory of the process.", own, process.memoryUsage.rss());
  const cpu = process.cpuUsage();
  out.add(
    "process_cpu_seconds_total",
    "counter",
    "Processor time of the process.",
    own,
    (cpu.user + cpu.system) / 1e6,
  );
  out.add("porchlight_incidents_open", "gauge", "Open incidents.", own, status.verdict().problems.length);
  for (const { name, help, value, labels: own } of view.gauges?.() ?? [])
    out.add(`porchlight_${promName(name)}`, "gauge", help, { site: site.id, ...own }, value);
  for (const [name, count] of counters.all())
    out.add(
      `porchlight_${promName(name)}_total`,
      "counter",
      "Counted by the appliance since its start.",
      own,
      count,
    );
}

/** The newest values and our own counters in Prometheus' text format 0.0.4, in base units. */
export function metricsText(view: View): string {
  const out = families();
  addOwn(out, view);
  addDevices(out, view);
  const nowMs = view.clock.nowMs();
  const sources = new Map(view.inventory.devices().map(({ id, source }) => [id, source]));
  for (const latest of view.latest.all()) {
    const source = sources.get(latest.series.device);
    if (source === undefined) continue;
    const ageMs = nowMs - latest.timeMs;
    if (ageMs <= (source === "mqtt" ? publishedMs : polledMs)) addValue(out, view.site.id, latest);
  }
  return out.text();
}
