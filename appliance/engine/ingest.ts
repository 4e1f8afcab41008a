import type { Counters, Inventory, Log, SeriesTable, Store } from "../model/contracts.ts";
import { metricKey } from "../model/metric.ts";
import type { Availability, Event, Observation, Readings, Sample } from "../model/observation.ts";
import type { Series } from "../model/series.ts";
import { type Device, type DeviceId, seriesId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import type { Neighbours } from "../model/topology.ts";
import { cleanText } from "../model/words.ts";
import { type Answers, collectorOf } from "./answers.ts";
import { type Committer, createCommitter } from "./committer.ts";
import type { LatestTable } from "./latest.ts";
import { cleanChannel, createNews, numberOf, saneTime, seriesOfPolled, seriesOfSpeaker } from "./limits.ts";
import type { Rates, Taken } from "./rates.ts";
import { append } from "./round.ts";

/** An interval for sources that push: counters from them have no schedule. */
const pushedIntervalMs = 5 * 60_000;
/** `poll_up` is kept at each change, and this often while nothing changes. */
const upEveryMs = 60_000;

export interface IngestOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly inventory: Inventory;
  readonly series: SeriesTable;
  readonly rates: Rates;
  readonly latest: LatestTable;
  readonly answers: Answers;
  readonly store: Pick<Store, "write">;
  /** Events of devices, and changes of texts. */
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
  /** After a device answered, stopped answering or gave new values. */
  readonly onChange: (device: DeviceId) => void;
  /** What a device knows of its neighbourhood, as it was read. */
  readonly onNeighbours?: (tables: Neighbours) => void;
}

export interface IngestContext {
  /** How far apart polls of this target are meant to be. */
  readonly intervalMs?: number;
  /** Somebody waits for the commit. */
  readonly waiting?: boolean;
}

/** How observations came: polled ones are no sign of life by themselves, their `Availability` says it. */
interface Arrival extends Taken {
  readonly isPushed: boolean;
}

export interface Ingest {
  /** Resolves when the samples among the observations are committed. Never throws for what a device said. */
  ingest(observations: readonly Observation[], context?: IngestContext): Promise<void>;
  /** Why and since when the store refuses; undefined when all is well. */
  trouble(): { readonly sinceMs: number; readonly what: string } | undefined;
  stop(): Promise<void>;
}

/** Observations in: limits, clock sanity, retained rule; on to rates, rounds, last values, inventory and answers. */
class Intake implements Ingest {
  readonly #options: IngestOptions;
  readonly #committer: Committer;
  readonly #seriesCount = new Map<DeviceId, number>();
  readonly #isCounted: boolean[] = [];
  readonly #upKept = new Map<string, { up: number; atMs: number }>();
  readonly #changed = new Set<DeviceId>();
  readonly #isNews = createNews();

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#committer = createCommitter({
      clock: options.clock,
      log: options.log,
      counters: options.counters,
      write: (batch) => options.store.write(batch),
    });
  }

  #drop(why: string): void {
    this.#options.counters.add(`ingest_dropped_${why}`);
  }

  /** The series of a sample; undefined when its device has as many as it may have. */
  #seriesOf(device: Device, sample: Sample): Series | undefined {
    const named = cleanChannel(sample.channel);
    if (!named || sample.metric.length > 128) {
      this.#drop("name");
      return undefined;
    }
    const known = this.#options.series.find(
      seriesId(device.id, metricKey(sample.metric, sample.unit), named.channel),
    );
    if (known && this.#isCounted[known.index]) return known;
    const count = this.#seriesCount.get(device.id) ?? 0;
    const limit = device.source === "mqtt" ? seriesOfSpeaker : seriesOfPolled;
    if (count >= limit) {
      this.#drop("series_limit");
      return undefined;
    }
    const one = this.#options.series.of(device.id, sample.metric, named.channel, sample.unit);
    this.#isCounted[one.index] = true;
    this.#seriesCount.set(device.id, count + 1);
    return one;
  }

  #takeSample(device: Device, sample: Sample, taken: Arrival): void {
    const nowMs = this.#options.clock.nowMs();
    const time = saneTime(sample.timeMs, nowMs);
    if (time.isRepaired) this.#options.counters.add("ingest_times_repaired");
    if (!time.isFresh) this.#options.counters.add("ingest_times_old");
    if (taken.isPushed && !sample.retained && time.isFresh && this.#isNews(device.id, sample.timeMs))
      this.#options.answers.sign(device.id);
    if (typeof sample.value === "string") {
      this.#takeText(device, sample, time.timeMs);
      return;
    }
    const value = numberOf(sample.value);
    if (value === undefined) {
      this.#drop("number");
      return;
    }
    const one = this.#seriesOf(device, sample);
    if (!one || (sample.retained && this.#isOldNews(one, value, sample.timeMs))) return;
    const round = this.#committer.round();
    const from = round.length;
    if (one.kind === "counter") {
      const count = typeof sample.value === "bigint" ? sample.value : value;
      append(round, one, time.timeMs, this.#options.rates.sample(one, count, taken), value);
    } else append(round, one, time.timeMs, value);
    this.#options.latest.take(round, from, nowMs);
    this.#changed.add(device.id);
  }

  /** A retained message is stored only when its value or its own time is new. */
  #isOldNews(one: Series, value: number, timeMs: number | undefined): boolean {
    const known = this.#options.latest.value(one.id);
    return (
      known !== undefined &&
      (known.count ?? known.value) === value &&
      (timeMs === undefined || timeMs <= known.timeMs)
    );
  }

  #takeText(device: Device, sample: Sample, timeMs: number): void {
    const text = cleanText(String(sample.value));
    const named = cleanChannel(sample.channel);
    if (text === "" || !named) {
      this.#drop("text");
      return;
    }
    const { channel } = named;
    const metric = metricKey(sample.metric);
    const isKnown = this.#options.latest.textsOf(device.id).size < seriesOfSpeaker;
    if (!isKnown && !this.#options.latest.text(device.id, metric, channel)) {
      this.#drop("series_limit");
      return;
    }
    const before = this.#options.latest.setText(device.id, metric, channel, text, timeMs);
    if (before === undefined || before === text) return;
    this.#takeEvent(device, { record: "event", device: device.id, metric, value: text, timeMs, ...named });
  }

  #takeReadings(device: Device, readings: Readings, taken: Arrival): void {
    if (readings.series.length > seriesOfPolled) {
      this.#drop("series_limit");
      return;
    }
    const round = this.#committer.round();
    const from = round.length;
    const nowMs = this.#options.clock.nowMs();
    const time = saneTime(readings.timeMs, nowMs);
    const ageMs = nowMs - time.timeMs;
    // The poll ended a moment ago on the wall this.#options.clock; only a believable moment is taken off the monotonic one.
    const backMs = ageMs > 0 && ageMs < 60_000 ? ageMs : 0;
    this.#options.rates.readings(
      time.timeMs === readings.timeMs ? readings : { ...readings, timeMs: time.timeMs },
      { ...taken, monotonicMs: taken.monotonicMs - backMs },
      round,
    );
    this.#options.latest.take(round, from, nowMs);
    if (taken.isPushed) this.#options.answers.sign(device.id);
    this.#changed.add(device.id);
  }

  #takeAvailability(device: Device, said: Availability): void {
    const known = said.detail === undefined ? said : { ...said, detail: cleanText(said.detail) };
    if (this.#options.answers.take(device.id, known)) this.#changed.add(device.id);
    if (!device.collectors.includes(collectorOf(said.via))) return;
    const up = said.state === "online" ? 1 : 0;
    const key = `${device.id}:${said.via}`;
    const last = this.#upKept.get(key);
    const atMs = this.#options.clock.monotonicMs();
    if (last && last.up === up && atMs - last.atMs < upEveryMs) return;
    this.#upKept.set(key, { up, atMs });
    const one = this.#options.series.of(device.id, "poll_up", said.via);
    const round = this.#committer.round();
    append(round, one, this.#options.clock.nowMs(), up);
    this.#options.latest.take(round, round.length - 1, this.#options.clock.nowMs());
  }

  #takeEvent(device: Device, event: Event): void {
    const named = cleanChannel(event.channel);
    if (!named || event.metric.length > 128) {
      this.#drop("name");
      return;
    }
    const { timeMs } = saneTime(event.timeMs, this.#options.clock.nowMs());
    const value = typeof event.value === "string" ? cleanText(event.value) : event.value;
    this.#options.onEvent({
      record: "event",
      device: device.id,
      metric: metricKey(event.metric),
      value,
      timeMs,
      ...named,
    });
  }

  #takeOne(observation: Observation, taken: Arrival): void {
    const device = this.#options.inventory.resolve(observation.device);
    if (!device) {
      this.#drop("device_limit");
      return;
    }
    switch (observation.record) {
      case "sample":
        this.#takeSample(device, observation, taken);
        break;
      case "readings":
        this.#takeReadings(device, observation, taken);
        break;
      case "availability":
        this.#takeAvailability(device, observation);
        break;
      case "describe":
        this.#options.inventory.apply(observation, this.#options.clock.nowMs());
        break;
      case "event":
        if (taken.isPushed) this.#options.answers.sign(device.id);
        this.#takeEvent(device, observation);
        break;
      case "neighbours":
        this.#options.onNeighbours?.(observation);
        break;
      case "forget":
        this.#options.latest.forget(device.id, observation.metric);
        break;
    }
  }

  /** A mistake of ours with one observation must not cost the others. Logged once a kind. */
  #guarded(observation: Observation, taken: Arrival): void {
    try {
      this.#takeOne(observation, taken);
    } catch (error) {
      const { record, device } = observation;
      this.#options.counters.add(`ingest_errors_${record}`);
      if (this.#options.counters.all().get(`ingest_errors_${record}`) !== 1) return;
      this.#options.log.error("An observation could not be taken in", {
        record,
        device,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  ingest(observations: readonly Observation[], context: IngestContext = {}): Promise<void> {
    const taken: Arrival = {
      monotonicMs: this.#options.clock.monotonicMs(),
      intervalMs: context.intervalMs ?? pushedIntervalMs,
      isPushed: context.intervalMs === undefined,
    };
    const before = this.#committer.round().length;
    for (const observation of observations) this.#guarded(observation, taken);
    for (const device of this.#changed) this.#options.onChange(device);
    this.#changed.clear();
    this.#options.counters.add("ingest_observations", observations.length);
    return this.#committer.round().length > before
      ? this.#committer.committed(context.waiting ?? false)
      : Promise.resolve();
  }

  trouble(): { readonly sinceMs: number; readonly what: string } | undefined {
    return this.#committer.trouble();
  }

  stop(): Promise<void> {
    return this.#committer.stop();
  }
}

export function createIngest(options: IngestOptions): Ingest {
  return new Intake(options);
}
