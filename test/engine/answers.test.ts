import t from "tap";
import { check } from "../../appliance/checks/down.ts";
import { createAnswers } from "../../appliance/engine/answers.ts";
import { createCounters } from "../../appliance/engine/counters.ts";
import { createSchedule } from "../../appliance/engine/schedule.ts";
import type { Judgement } from "../../appliance/model/contracts.ts";
import type { Availability } from "../../appliance/model/observation.ts";
import { type Device, deviceId } from "../../appliance/model/site.ts";
import { roundFor } from "../../appliance/probe/ping-state.ts";
import { listLog } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

const dev = deviceId("dev");

function setUp(polled: readonly string[] = ["ping", "snmp"]) {
  const clock = fakeClock();
  const confirmed: string[] = [];
  const answers = createAnswers({
    clock,
    confirm: (device) => void confirmed.push(device),
    isPolled: (_device, via) => polled.includes(via),
  });
  const say = (via: string, state: Availability["state"], more: Partial<Availability> = {}) =>
    answers.take(dev, { record: "availability", device: dev, via, state, ...more });
  return { clock, confirmed, answers, say };
}

t.test("misses are counted, and the first one is the beginning", async (t) => {
  const { clock, answers, say } = setUp();
  say("ping", "online");
  await clock.advance(10_000);
  say("ping", "offline", { reason: "timeout" });
  const firstMs = clock.nowMs();
  await clock.advance(10_000);
  say("ping", "offline", { reason: "unreachable" });
  t.match(answers.of(dev).by.get("ping"), {
    online: false,
    misses: 2,
    sinceMs: firstMs,
    atMs: clock.nowMs(),
    reason: "unreachable",
  });
  t.equal(answers.of(dev).lastSeenMs, firstMs - 10_000);
  say("ping", "online");
  t.match(answers.of(dev).by.get("ping"), { online: true, misses: 0 });
});

t.test(
  "a miss is confirmed: after ping at once, after others a little later, and not for ever",
  async (t) => {
    const { clock, confirmed, say } = setUp();
    say("ping", "offline");
    await clock.advance(0);
    t.equal(confirmed.length, 1);
    say("ping", "offline");
    await clock.advance(0);
    say("ping", "offline");
    await clock.advance(60_000);
    t.equal(confirmed.length, 2, "the third miss needs no confirmation");
    say("snmp", "offline");
    await clock.advance(1_000);
    t.equal(confirmed.length, 2);
    await clock.advance(4_000);
    t.equal(confirmed.length, 3);
  },
);

t.test("a failure of our own is no miss", async (t) => {
  const { clock, confirmed, answers, say } = setUp();
  say("ping", "offline", { reason: "permission" });
  await clock.advance(10_000);
  t.equal(answers.of(dev).by.get("ping")?.misses, 0);
  t.same(confirmed, []);
});

t.test("what a device says of itself is kept apart; a retained message is no sign of life", async (t) => {
  const { answers, say } = setUp();
  say("z2m", "online", { retained: true });
  t.match(answers.of(dev), { said: "online", lastSeenMs: undefined });
  say("z2m", "offline");
  t.equal(answers.of(dev).said, "offline");
  t.equal(answers.of(dev).by.size, 0);
});

t.test("the rhythm is learned, survives a restart, and our own absence is no gap", async (t) => {
  const { clock, answers } = setUp();
  for (let n = 0; n < 30; n++) {
    answers.sign(dev);
    await clock.advance(60_000);
  }
  const { rhythm } = answers.of(dev);
  t.equal(rhythm?.gaps, 29);
  t.ok(rhythm!.medianMs >= 60_000 && rhythm!.medianMs <= 75_000, `median ${rhythm?.medianMs}`);
  const remembered = answers.remembered();
  const later = setUp();
  later.clock.jump(86_400_000);
  later.answers.restore(remembered);
  later.answers.sign(dev);
  t.equal(later.answers.of(dev).rhythm?.gaps, 29);
  t.equal(later.answers.of(dev).rhythm?.p99Ms, rhythm?.p99Ms);
});

t.test("setting the clock moves all times with it: nothing was silent for a day", async (t) => {
  const { clock, answers, say } = setUp();
  say("ping", "online");
  clock.jump(86_400_000);
  await clock.advance(5_000);
  t.equal(clock.nowMs() - (answers.of(dev).lastSeenMs ?? 0), 5_000);
});

/** A pinged device behind a lossy line, in simulated time, through schedule, answers and the check as they are. */
async function simulate(
  lossPercent: number,
  minutes: number,
  seed: number,
  diesAtMs = Number.POSITIVE_INFINITY,
) {
  const clock = fakeClock();
  const { log } = listLog();
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const arrives = () => clock.monotonicMs() < diesAtMs && random() >= lossPercent / 100;
  let misses = 0;
  const answers = createAnswers({
    clock,
    confirm: (device) => void schedule.pollDevice(device),
    isPolled: () => true,
  });
  const judge = check.create();
  const settings = check.config.parse({});
  let previous: Judgement | undefined;
  let downAtMs: number | undefined;
  let falls = 0;
  const schedule = createSchedule({
    clock,
    log,
    counters: createCounters(),
    collectors: new Map([
      [
        "ping",
        {
          batch: 200,
          close: async () => undefined,
          poll: async () => {
            const { count, periodMs } = roundFor(misses, 3);
            let replies = 0;
            for (let n = 0; n < count; n++) if (arrives() && arrives()) replies++;
            const waitMs = (count - 1) * periodMs + (replies > 0 ? 20 : 1_000);
            await clock.sleep(waitMs, { signal: new AbortController().signal });
            misses = replies > 0 ? 0 : misses + 1;
            return [
              { record: "availability", device: dev, via: "ping", state: replies > 0 ? "online" : "offline" },
            ];
          },
        },
      ],
    ]),
    sink: async (observations) => {
      for (const one of observations) if (one.record === "availability") answers.take(dev, one);
      const input = {
        device: { id: dev } as Device,
        columns: { timesMs: [], values: [] },
        answers: answers.of(dev),
      };
      const judgement = judge.judge(input, settings, {
        nowMs: clock.nowMs(),
        ...(previous ? { previous } : {}),
      });
      if (judgement.unknown) return;
      if (judgement.broken && !previous?.broken) {
        falls++;
        downAtMs ??= clock.monotonicMs();
      }
      previous = judgement;
    },
  });
  schedule.set([
    {
      id: "dev:ping",
      device: dev,
      type: "ping",
      address: "127.0.0.1",
      settings: {},
      intervalMs: 10_000,
      timeoutMs: 1_000,
    },
  ]);
  schedule.start();
  await clock.advance(minutes * 60_000);
  const stopping = schedule.stop();
  await clock.advance(10_000);
  await stopping;
  return { falls, downAtMs };
}

t.test("30 % loss each way never makes a device down in 30 minutes", async (t) => {
  for (let seed = 1; seed <= 20; seed++) t.equal((await simulate(30, 30, seed)).falls, 0, `seed ${seed}`);
});

t.test("a device that dies is down about 15 s later", async (t) => {
  const waits: number[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const diesAtMs = 60_000 + seed * 500;
    const { falls, downAtMs = Number.POSITIVE_INFINITY } = await simulate(1, 2, seed, diesAtMs);
    t.equal(falls, 1, `seed ${seed}`);
    waits.push(downAtMs - diesAtMs);
  }
  const meanMs = waits.reduce((sum, one) => sum + one, 0) / waits.length;
  t.comment(
    `seconds until down: mean ${(meanMs / 1_000).toFixed(1)}, most ${(Math.max(...waits) / 1_000).toFixed(1)}`,
  );
  t.ok(Math.max(...waits) <= 20_000, `at most ${Math.max(...waits)} ms of simulated time`);
});
