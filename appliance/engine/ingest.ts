import type { Counters, Inventory, Log, SeriesTable, Store } from "../model/contracts.ts";
import { metricKey } from "../model/metric.ts";
import type { Availability, Event, Observation, Readings, Sample } from "../model/observation.ts";
import type { Series } from "../model/series.ts";
import { type Device, type DeviceId, seriesId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { cleanText } from "../model/words.ts";
import type { Answers } from "./answers.ts";
import { createCommitter } from "./committer.ts";
import type { LatestTable } from "./latest.ts";
import { cleanChannel, numberOf, saneTime, seriesOfPolled, seriesOfSpeaker } from "./limits.ts";
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
}

export interface IngestContext {
  /** How far apart polls of this target are meant to be. */
  readonly intervalMs?: number;
  /** Somebody waits for the commit. */
  readonly waiting?: boolean;
}

export interface Ingest {
  /** Resolves when the samples among the observations are committed. Never throws for what a device said. */
  ingest(observations: readonly Observation[], context?: IngestContext): Promise<void>;
  /** Why and since when the store refuses; undefined when all is well. */
  trouble(): { readonly sinceMs: number; readonly what: string } | undefined;
  stop(): Promise<void>;
}

/** Observations in: limits, clock sanity, retained rule; on to rates, rounds, last values, inventory and answers. */
export function createIngest(options: IngestOptions): Ingest {
  const { clock, counters, inventory, latest, answers, rates } = options;
  const committer = createCommitter({
    clock,
    log: options.log,
    counters,
    write: (batch) => options.store.write(batch),
  });
  const seriesCount = new Map<DeviceId, number>();
  const isCounted: boolean[] = [];
  const upKept = new Map<string, { up: number; atMs: number }>();
  const changed = new Set<DeviceId>();

  const drop = (why: string) => counters.add(`ingest_dropped_${why}`);

  /** The series of a sample; undefined when its device has as many as it may have. */
  function seriesOf(device: Device, sample: Sample): Series | undefined {
    const named = cleanChannel(sample.channel);
    if (!named || sample.metric.length > 128) {
      drop("name");
      return undefined;
    }
    const known = options.series.find(
      seriesId(device.id, metricKey(sample.metric, sample.unit), named.channel),
    );
    if (known && isCounted[known.index]) return known;
    const count = seriesCount.get(device.id) ?? 0;
    const limit = device.source === "mqtt" ? seriesOfSpeaker : seriesOfPolled;
    if (count >= limit) {
      drop("series_limit");
      return undefined;
    }
    const one = options.series.of(device.id, sample.metric, named.channel, sample.unit);
    isCounted[one.index] = true;
    seriesCount.set(device.id, count + 1);
    return one;
  }

  function takeSample(device: Device, sample: Sample, taken: Taken): void {
    const nowMs = clock.nowMs();
    const time = saneTime(sample.timeMs, nowMs);
    if (time.isRepaired) counters.add("ingest_times_repaired");
    if (!time.isFresh) counters.add("ingest_times_old");
    if (!sample.retained && time.isFresh) answers.sign(device.id);
    if (typeof sample.value === "string") {
      takeText(device, sample, time.timeMs);
      return;
    }
    const value = numberOf(sample.value);
    if (value === undefined) return drop("number");
    const one = seriesOf(device, sample);
    if (!one || (sample.retained && isOldNews(one, value, sample.timeMs))) return;
    const round = committer.round();
    const from = round.length;
    if (one.kind === "counter") {
      const count = typeof sample.value === "bigint" ? sample.value : value;
      append(round, one, time.timeMs, rates.sample(one, count, taken), value);
    } else append(round, one, time.timeMs, value);
    latest.take(round, from, nowMs);
    changed.add(device.id);
  }

  /** MQTT.md rule 1: a retained message is stored only when its value or its own time is new. */
  function isOldNews(one: Series, value: number, timeMs: number | undefined): boolean {
    const known = latest.value(one.id);
    return (
      known !== undefined &&
      (known.count ?? known.value) === value &&
      (timeMs === undefined || timeMs <= known.timeMs)
    );
  }

  function takeText(device: Device, sample: Sample, timeMs: number): void {
    const text = cleanText(String(sample.value));
    const named = cleanChannel(sample.channel);
    if (text === "" || !named) return drop("text");
    const { channel } = named;
    const metric = metricKey(sample.metric);
    const isKnown = latest.textsOf(device.id).size < seriesOfSpeaker;
    if (!isKnown && !latest.text(device.id, metric, channel)) return drop("series_limit");
    const before = latest.setText(device.id, metric, channel, text, timeMs);
    if (before === undefined || before === text) return;
    takeEvent(device, { record: "event", device: device.id, metric, value: text, timeMs, ...named });
  }

  function takeReadings(device: Device, readings: Readings, taken: Taken): void {
    if (readings.series.length > seriesOfPolled) return drop("series_limit");
    const round = committer.round();
    const from = round.length;
    const nowMs = clock.nowMs();
    const time = saneTime(readings.timeMs, nowMs);
    const ageMs = nowMs - time.timeMs;
    // The poll ended a moment ago on the wall clock; only a believable moment is taken off the monotonic one.
    const backMs = ageMs > 0 && ageMs < 60_000 ? ageMs : 0;
    rates.readings(
      time.timeMs === readings.timeMs ? readings : { ...readings, timeMs: time.timeMs },
      { ...taken, monotonicMs: taken.monotonicMs - backMs },
      round,
    );
    latest.take(round, from, nowMs);
    answers.sign(device.id);
    changed.add(device.id);
  }

  function takeAvailability(device: Device, said: Availability): void {
    const known = said.detail === undefined ? said : { ...said, detail: cleanText(said.detail) };
    if (answers.take(device.id, known)) changed.add(device.id);
    if (!device.collectors.includes(said.via)) return;
    const up = said.state === "online" ? 1 : 0;
    const key = `${device.id}:${said.via}`;
    const last = upKept.get(key);
    const atMs = clock.monotonicMs();
    if (last && last.up === up && atMs - last.atMs < upEveryMs) return;
    upKept.set(key, { up, atMs });
    const one = options.series.of(device.id, "poll_up", said.via);
    const round = committer.round();
    append(round, one, clock.nowMs(), up);
    latest.take(round, round.length - 1, clock.nowMs());
  }

  function takeEvent(device: Device, event: Event): void {
    const named = cleanChannel(event.channel);
    if (!named || event.metric.length > 128) return drop("name");
    const { timeMs } = saneTime(event.timeMs, clock.nowMs());
    const value = typeof event.value === "string" ? cleanText(event.value) : event.value;
    options.onEvent({
      record: "event",
      device: device.id,
      metric: metricKey(event.metric),
      value,
      timeMs,
      ...named,
    });
  }

  function takeOne(observation: Observation, taken: Taken): void {
    const device = inventory.resolve(observation.device);
    if (!device) return drop("device_limit");
    switch (observation.record) {
      case "sample":
        return takeSample(device, observation, taken);
      case "readings":
        return takeReadings(device, observation, taken);
      case "availability":
        return takeAvailability(device, observation);
      case "describe":
        return inventory.apply(observation, clock.nowMs());
      case "event":
        answers.sign(device.id);
        return takeEvent(device, observation);
      case "forget":
        return latest.forget(device.id, observation.metric);
    }
  }

  /** A mistake of ours with one observation must not cost the others. Logged once a kind. */
  function guarded(observation: Observation, taken: Taken): void {
    try {
      takeOne(observation, taken);
    } catch (error) {
      const { record, device } = observation;
      counters.add(`ingest_errors_${record}`);
      if (counters.all().get(`ingest_errors_${record}`) !== 1) return;
      options.log.error("An observation could not be taken in", {
        record,
        device,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  return {
    ingest(observations, context = {}) {
      const taken: Taken = {
        monotonicMs: clock.monotonicMs(),
        intervalMs: context.intervalMs ?? pushedIntervalMs,
      };
      const before = committer.round().length;
      for (const observation of observations) guarded(observation, taken);
      for (const device of changed) options.onChange(device);
      changed.clear();
      counters.add("ingest_observations", observations.length);
      return committer.round().length > before
        ? committer.committed(context.waiting ?? false)
        : Promise.resolve();
    },
    trouble: committer.trouble,
    stop: committer.stop,
  };
}
