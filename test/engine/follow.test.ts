import t from "tap";
import { createFollower, type FollowOptions } from "../../appliance/engine/follow.ts";
import { bisect } from "../../appliance/engine/poison.ts";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import {
  type FollowCursor,
  type QuarantinedSample,
  RefusedError,
  type RoundSource,
} from "../../appliance/model/rounds.ts";
import type { SampleBatch } from "../../appliance/model/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { type FakeClock, fakeClock } from "../helpers/fake-clock.ts";
import { batchOf, silentLog } from "../helpers/stores.ts";

const load = createSeriesTable().of(deviceId("sw1"), "load");

/** A log in memory: round n holds `size` samples with value n. */
function memorySource(clock: FakeClock, size = 1) {
  const times: number[] = [];
  const listeners = new Set<() => void>();
  let first = 1;
  let kept: FollowCursor | undefined;
  const source: RoundSource = {
    lastSeq: () => times.length,
    firstSeq: () => first,
    receivedMs: (seq) => (seq >= first ? times[seq - 1] : undefined),
    read(afterSeq, upToSeq, maxSamples) {
      const from = Math.max(afterSeq + 1, first);
      const to = Math.min(upToSeq, times.length, from + Math.max(1, Math.floor(maxSamples / size)) - 1);
      if (from > to) return undefined;
      const rows = [];
      for (let seq = from; seq <= to; seq++)
        for (let n = 0; n < size; n++) rows.push([load, seq * 10_000 + n, seq] as const);
      return { batch: batchOf(rows), throughSeq: to, rounds: to - from + 1 };
    },
    cursor: () => kept,
    setCursor: (_, cursor) => {
      kept = cursor;
    },
    onRound(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    source,
    cursor: () => kept,
    commit() {
      times.push(clock.nowMs());
      for (const listener of listeners) listener();
    },
    dropBefore(seq: number) {
      first = seq;
    },
  };
}

function target() {
  const got = new Map<number, number>();
  const requests: { atMs: number; values: number[] }[] = [];
  const state = { answer: (_batch: SampleBatch): Error | undefined => undefined, inFlight: 0, most: 0 };
  return {
    got,
    requests,
    state,
    make: (clock: FakeClock) => ({
      async write(batch: SampleBatch) {
        state.most = Math.max(state.most, ++state.inFlight);
        await clock.sleep(10, { signal: new AbortController().signal });
        state.inFlight--;
        requests.push({ atMs: clock.nowMs(), values: [...batch.values] });
        const error = state.answer(batch);
        if (error) throw error;
        batch.timesMs.forEach((timeMs, at) => {
          got.set(timeMs, batch.values[at] as number);
        });
      },
    }),
  };
}

function set(size = 1, more: Partial<FollowOptions> = {}) {
  const clock = fakeClock();
  const log = memorySource(clock, size);
  const to = target();
  const aside: QuarantinedSample[] = [];
  const make = () =>
    createFollower({
      name: "influx",
      source: log.source,
      target: to.make(clock),
      clock,
      log: silentLog,
      quarantine: { add: (samples) => void aside.push(...samples) },
      random: () => 0.5,
      ...more,
    });
  const seconds = async (count: number) => {
    for (let i = 0; i < count; i++) {
      log.commit();
      await clock.advance(1_000);
    }
  };
  return { clock, log, to, aside, make, seconds };
}

const away = () => new ApplianceError("STORE_UNAVAILABLE", "connect ECONNREFUSED");

t.test("brings every round, gathered, in order", async (t) => {
  const { clock, to, make, seconds } = set();
  const follower = make();
  follower.start();
  await seconds(30);
  await clock.advance(10_000);
  t.equal(to.got.size, 30);
  t.ok(to.requests.length < 10, "several rounds share a request");
  const values = to.requests.flatMap((request) => request.values);
  t.same(
    values,
    values.toSorted((a, b) => a - b),
  );
  t.equal(follower.status().roundsBehind, 0);
  await follower.stop();
  t.equal(follower.status().state, "stopped");
});

t.test("tries the same batch again after 1, 2, 4 ... 60 s, one at a time", async (t) => {
  const { clock, log, to, make } = set();
  to.state.answer = away;
  const follower = make();
  follower.start();
  log.commit();
  await clock.advance(400_000);
  const gaps = to.requests.map(({ atMs }, at) =>
    Math.round((atMs - (to.requests[at - 1]?.atMs ?? 0)) / 1_000),
  );
  t.same(gaps.slice(1, 9), [1, 2, 4, 8, 16, 32, 60, 60]);
  t.ok(to.requests.every(({ values }) => values.length === 1 && values[0] === 1));
  t.equal(to.state.most, 1);
  t.match(follower.status(), { state: "away", reason: /ECONNREFUSED/, roundsBehind: 1 });
  to.state.answer = () => undefined;
  await clock.advance(61_000);
  t.match(follower.status(), { state: "live", roundsBehind: 0 });
  await follower.stop();
});

t.test("after an absence live rounds go on while what piled up follows; nothing is missed", async (t) => {
  const { clock, to, make, seconds } = set(400);
  to.state.answer = away;
  const follower = make();
  follower.start();
  await seconds(1_800);
  to.state.answer = () => undefined;
  let oldestLiveMs = 0;
  await clock.advance(60_000);
  for (let i = 0; i < 60; i++) {
    await seconds(1);
    let newest = 0;
    for (const value of to.got.values()) newest = Math.max(newest, value);
    oldestLiveMs = Math.max(oldestLiveMs, (1_800 + i + 1 - newest) * 1_000);
  }
  await clock.advance(10_000);
  t.equal(new Set(to.got.values()).size, 1_860, "all rounds");
  t.equal(to.got.size, 1_860 * 400);
  t.ok(oldestLiveMs <= 60_000, `live was at most ${oldestLiveMs} ms behind`);
  t.equal(follower.status().state, "live");
  await follower.stop();
});

t.test("goes on after a restart where it was, gaps included", async (t) => {
  const { clock, log, to, make, seconds } = set(2_500);
  to.state.answer = away;
  const first = make();
  first.start();
  await seconds(100);
  to.state.answer = (batch) => (to.got.size > 50_000 && batch.values[0]! < 90 ? away() : undefined);
  await clock.advance(60_000);
  const stopped = first.stop();
  await clock.advance(6_000);
  await stopped;
  t.ok((log.cursor()?.behind.length ?? 0) > 0, "there is a gap");
  to.state.answer = () => undefined;
  const second = make();
  second.start();
  await clock.advance(120_000);
  t.equal(to.got.size, 250_000);
  await second.stop();
});

t.test("a refused sample is found, set aside, and all others are stored", async (t) => {
  const { clock, log, to, aside, make } = set(5_000);
  const poison = 10_000 + 3_210;
  to.state.answer = (batch) =>
    batch.timesMs.includes(poison) ? new RefusedError("type conflict") : undefined;
  const follower = make();
  follower.start();
  log.commit();
  await clock.advance(20_000);
  t.equal(to.got.size, 4_999);
  t.ok(to.requests.length <= 15, `${to.requests.length} requests for a poisoned batch of 5,000`);
  t.match(aside, [{ series: load.id, timeMs: poison, value: 1, reason: "type conflict" }]);
  t.match(follower.status(), { quarantined: 1, roundsBehind: 0, state: "live" });
  await follower.stop();
});

t.test("every position of one poisoned sample of 5,000 takes at most 15 requests", async (t) => {
  const batch = batchOf(Array.from({ length: 5_000 }, (_, at) => [load, at, at] as const));
  let most = 0;
  for (let poison = 0; poison < 5_000; poison += 37) {
    let requests = 1;
    const stored = new Set<number>();
    const culprits = await bisect(batch, async (part) => {
      requests++;
      if (part.values.includes(poison)) return false;
      for (const value of part.values) stored.add(value);
      return true;
    });
    most = Math.max(most, requests);
    if (culprits.length !== 1 || culprits[0] !== poison || stored.size !== 4_999)
      t.fail(`poison at ${poison}`);
  }
  t.ok(most <= 15, `at most ${most} requests`);
});

t.test("several poisoned samples are all found", async (t) => {
  const batch = batchOf(Array.from({ length: 1_000 }, (_, at) => [load, at, at] as const));
  const poison = [0, 1, 499, 500, 999];
  const found = await bisect(batch, async (part) => !poison.some((value) => part.values.includes(value)));
  t.same(
    found.toSorted((a, b) => a - b),
    poison,
  );
});

t.test("rounds that left the log are counted, and the rest goes on", async (t) => {
  const { clock, log, to, make, seconds } = set();
  const follower = make();
  follower.start();
  to.state.answer = away;
  await seconds(20);
  log.dropBefore(11);
  to.state.answer = () => undefined;
  await clock.advance(120_000);
  const { roundsBehind, roundsLost } = follower.status();
  t.equal(roundsBehind, 0);
  t.ok(roundsLost > 0);
  t.equal(roundsLost, 20 - to.got.size, "what is missing is what was counted");
  t.ok(to.got.has(200_000));
  await follower.stop();
});
