import { type Answers, createAnswers } from "../../appliance/engine/answers.ts";
import { createCounters } from "../../appliance/engine/counters.ts";
import { createIngest, type Ingest } from "../../appliance/engine/ingest.ts";
import { createLatest, type LatestTable } from "../../appliance/engine/latest.ts";
import { createRates, type Rates } from "../../appliance/engine/rates.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { createInventory, type DeviceSeed, type InventoryBook } from "../../appliance/inventory/inventory.ts";
import type {
  CollectorDeps,
  Counters,
  DeviceKeeper,
  KnownDevice,
  Log,
  SeriesTable,
  Target,
} from "../../appliance/model/contracts.ts";
import type { Event } from "../../appliance/model/observation.ts";
import type { SampleBatch } from "../../appliance/model/series.ts";
import { type DeviceId, deviceId } from "../../appliance/model/site.ts";
import type { Clock } from "../../appliance/model/time.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";

export interface Line {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function listLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: Line["level"]) =>
    (msg: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, msg, fields });
  const log: Log = {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
    part: () => log,
  };
  return { log, lines };
}

/** Known devices in memory, saved as text so that nothing is shared. */
export function memoryKeeper(): DeviceKeeper & { readonly saved: Map<string, string> } {
  const saved = new Map<string, string>();
  return {
    saved,
    load: () => [...saved.values()].map((text) => JSON.parse(text) as KnownDevice),
    save: (known) => void saved.set(known.device.id, JSON.stringify(known)),
  };
}

export function seed(id: string, more: Partial<DeviceSeed> = {}): DeviceSeed {
  return { id: deviceId(id), name: id, kind: "other", collectors: ["ping"], source: "file", ...more };
}

export interface Pipeline {
  readonly clock: FakeClock;
  readonly lines: Line[];
  readonly counters: Counters;
  readonly series: SeriesTable;
  readonly latest: LatestTable;
  readonly rates: Rates;
  readonly answers: Answers;
  readonly inventory: InventoryBook;
  readonly ingest: Ingest;
  readonly batches: SampleBatch[];
  readonly events: (Event & { readonly timeMs: number })[];
  readonly changed: DeviceId[];
  readonly confirmed: DeviceId[];
  readonly store: { refuse: Error | undefined };
}

/** Everything from observations to last values, on a clock that stands still. */
export function pipeline(seeds: readonly DeviceSeed[], log: Log = listLog().log): Pipeline {
  const clock = fakeClock();
  const { lines } = listLog();
  const counters = createCounters();
  const series = createSeriesTable();
  const latest = createLatest();
  const rates = createRates();
  const events: Pipeline["events"] = [];
  const changed: DeviceId[] = [];
  const confirmed: DeviceId[] = [];
  const batches: SampleBatch[] = [];
  const store: Pipeline["store"] = { refuse: undefined };
  const onEvent = (event: Event & { readonly timeMs: number }) => void events.push(event);
  const inventory = createInventory({ clock, log, counters, keeper: memoryKeeper(), onEvent });
  inventory.configure(seeds);
  const answers = createAnswers({
    clock,
    confirm: (device) => void confirmed.push(device),
    isPolled: (device, via) => inventory.device(device)?.collectors.includes(via) ?? false,
  });
  const ingest = createIngest({
    clock,
    log,
    counters,
    inventory,
    series,
    rates,
    latest,
    answers,
    store: {
      write: async (batch) => {
        if (store.refuse) throw store.refuse;
        batches.push(batch);
      },
    },
    onEvent,
    onChange: (device) => void changed.push(device),
  });
  return {
    clock,
    lines,
    counters,
    series,
    latest,
    rates,
    answers,
    inventory,
    ingest,
    batches,
    events,
    changed,
    confirmed,
    store,
  };
}

/** What a collector is given in tests. */
export function collectorDeps(
  clock: Clock,
  parts: CollectorDeps["parts"] = {},
): CollectorDeps & { readonly lines: Line[] } {
  const { log, lines } = listLog();
  return {
    clock,
    log,
    lines,
    counters: createCounters(),
    series: createSeriesTable(),
    portIds: () => [],
    profileDirs: [],
    parts,
  };
}

export function target(type: string, address: string, settings: unknown, more: Partial<Target> = {}): Target {
  return {
    id: `dev:${type}`,
    device: deviceId("dev"),
    type,
    address,
    settings,
    intervalMs: 60_000,
    timeoutMs: 1_000,
    ...more,
  };
}
