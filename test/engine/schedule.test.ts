import t from "tap";
import { createCounters } from "../../appliance/engine/counters.ts";
import { createSchedule } from "../../appliance/engine/schedule.ts";
import type { Collector, Target } from "../../appliance/model/contracts.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { listLog } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

function targetOf(device: string, type = "fake", more: Partial<Target> = {}): Target {
  return {
    id: `${device}:${type}`,
    device: deviceId(device),
    type,
    address: "127.0.0.1",
    settings: {},
    intervalMs: 60_000,
    timeoutMs: 1_000,
    ...more,
  };
}

const answer = (target: Target, state: "online" | "offline"): Observation => ({
  record: "availability",
  device: target.device,
  via: target.type,
  state,
});

function setUp(
  t: { teardown(run: () => Promise<void>): void },
  collectors: Record<string, Partial<Collector>>,
  concurrency = 64,
) {
  const clock = fakeClock();
  const { log, lines } = listLog();
  const counters = createCounters();
  const sunk: Observation[] = [];
  const schedule = createSchedule({
    clock,
    log,
    counters,
    concurrency,
    collectors: new Map(
      Object.entries(collectors).map(([type, one]) => [type, { close: async () => undefined, ...one }]),
    ),
    sink: async (observations) => void sunk.push(...observations),
  });
  t.teardown(async () => {
    const stopping = schedule.stop();
    await clock.advance(20_000);
    await stopping;
  });
  return { clock, lines, counters, sunk, schedule };
}

t.test("each target is polled once an interval, at its own place in it", async (t) => {
  const at = new Map<string, number[]>();
  const { clock, schedule } = setUp(t, {
    fake: {
      poll: async ([target]) => {
        at.set(target!.id, [...(at.get(target!.id) ?? []), clock.monotonicMs()]);
        return [];
      },
    },
  });
  schedule.set(Array.from({ length: 30 }, (_, n) => targetOf(`d${n}`)));
  schedule.start();
  await clock.advance(10_000);
  t.equal(at.size, 30, "all are asked for the first time within seconds");
  await clock.advance(600_000);
  const offsets = new Set<number>();
  for (const [id, times] of at) {
    const later = times.slice(2);
    t.ok(later.length >= 8, `${id} goes on`);
    t.ok(
      later.every((ms, n) => n === 0 || ms - later[n - 1]! === 60_000),
      `${id} keeps to its interval`,
    );
    offsets.add(Math.floor((later[0]! % 60_000) / 1_000));
  }
  t.ok(offsets.size > 15, "the places are spread");
});

t.test("setting the wall clock moves nothing", async (t) => {
  let polls = 0;
  const { clock, schedule } = setUp(t, {
    fake: {
      poll: async () => {
        polls++;
        return [];
      },
    },
  });
  schedule.set([targetOf("a")]);
  schedule.start();
  await clock.advance(300_000);
  const before = polls;
  clock.jump(-86_400_000);
  await clock.advance(300_000);
  t.equal(polls - before, 5);
});

t.test("a target is never polled twice at one time; the late poll is counted", async (t) => {
  let running = 0;
  let most = 0;
  const { clock, counters, schedule } = setUp(t, {
    fake: {
      poll: async () => {
        most = Math.max(most, ++running);
        await clock.sleep(25_000, { signal: new AbortController().signal });
        running--;
        return [];
      },
    },
  });
  schedule.set([targetOf("a", "fake", { intervalMs: 10_000 })]);
  schedule.start();
  await clock.advance(20_000);
  void schedule.pollNow("a:fake");
  await clock.advance(180_000);
  t.equal(most, 1);
  t.ok((counters.all().get("polls_late") ?? 0) > 0);
});

t.test("dead devices cannot use up all places", async (t) => {
  const live: number[] = [];
  const { clock, schedule } = setUp(
    t,
    {
      fake: {
        poll: async ([target], { signal }) => {
          if (target!.device.startsWith("live")) {
            live.push(clock.monotonicMs());
            return [answer(target!, "online")];
          }
          await clock.sleep(20_000, { signal });
          return [answer(target!, "offline")];
        },
      },
    },
    8,
  );
  schedule.set([
    ...Array.from({ length: 40 }, (_, n) => targetOf(`dead-${n}`)),
    ...Array.from({ length: 10 }, (_, n) => targetOf(`live-${n}`)),
  ]);
  schedule.start();
  // While they are found dead they take their places; then they wait among themselves.
  await clock.advance(600_000);
  live.length = 0;
  await clock.advance(600_000);
  t.equal(live.length, 100, "each of the living is polled in each interval");
});

t.test("a batch collector is given whole devices together", async (t) => {
  const calls: string[][] = [];
  const { clock, schedule } = setUp(t, {
    fake: {
      batch: 5,
      poll: async (targets) => {
        calls.push(targets.map(({ id }) => id));
        return [];
      },
    },
  });
  schedule.set([
    ...Array.from({ length: 4 }, (_, n) => targetOf(`d${n}`)),
    ...[1, 2, 3].map((n) => targetOf("many", "fake", { id: `many:fake:${n}` })),
  ]);
  schedule.start();
  await clock.advance(6_000);
  t.equal(calls.length, 2);
  t.ok(calls.every((ids) => ids.length <= 5));
  t.ok(calls.some((ids) => ids.filter((id) => id.startsWith("many")).length === 3));
});

t.test("wishes to poll now share one call, and resolve when it is done", async (t) => {
  const calls: number[] = [];
  const { clock, schedule } = setUp(t, {
    fake: {
      batch: 200,
      poll: async (targets) => {
        calls.push(targets.length);
        return [];
      },
    },
  });
  schedule.set(Array.from({ length: 100 }, (_, n) => targetOf(`d${n}`)));
  schedule.start();
  await clock.advance(70_000);
  calls.length = 0;
  const all = Promise.all(Array.from({ length: 100 }, (_, n) => schedule.pollNow(`d${n}:fake`)));
  await clock.advance(100);
  t.same(new Set(await all), new Set([true]));
  t.same(calls, [100]);
  t.equal(await schedule.pollNow("nobody:fake"), false);
});

t.test(
  "a collector that throws is named, counted and tried again at most every 10 s; others go on",
  async (t) => {
    let bad = 0;
    let good = 0;
    const { clock, lines, counters, schedule } = setUp(t, {
      bad: {
        poll: async () => {
          bad++;
          throw new Error("boom");
        },
      },
      good: {
        poll: async () => {
          good++;
          return [];
        },
      },
    });
    schedule.set([targetOf("a", "bad", { intervalMs: 1_000 }), targetOf("b", "good", { intervalMs: 1_000 })]);
    schedule.start();
    await clock.advance(100_000);
    t.ok(bad > 1 && bad <= 10, `tried ${bad} times in 100 s`);
    t.ok(good >= 98);
    t.equal(counters.all().get("collector_errors_bad"), bad);
    t.same(
      schedule.culprits().map(({ part, what }) => [part, what]),
      [["bad (a:bad)", "boom"]],
    );
    t.equal(lines.filter(({ level }) => level === "error").length, 1, "said once");
  },
);

t.test("a listener that ends is begun again, later each time, and healthy once it stays", async (t) => {
  let begun = 0;
  const { clock, schedule } = setUp(t, {
    ear: {
      listen: async (_sink, { signal }) => {
        begun++;
        if (begun < 4) throw new Error("lost");
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    },
  });
  schedule.start();
  await clock.advance(9_000);
  t.equal(begun, 1);
  await clock.advance(61_000);
  t.equal(begun, 4, "after 10, 20 and 40 s");
  t.equal(schedule.culprits().length, 1);
  await clock.advance(61_000);
  t.same(schedule.culprits(), []);
});

t.test("stop cancels what runs and ends within 10 s even if a poll ignores it", async (t) => {
  let aborted = false;
  const { clock, schedule } = setUp(t, {
    polite: {
      poll: (_targets, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
    },
    deaf: { poll: () => new Promise(() => undefined) },
  });
  schedule.set([targetOf("a", "polite"), targetOf("b", "deaf")]);
  schedule.start();
  await clock.advance(10_000);
  const fromMs = clock.monotonicMs();
  let tookMs = Number.NaN;
  const stopping = schedule.stop().then(() => {
    tookMs = clock.monotonicMs() - fromMs;
  });
  await clock.advance(20_000);
  await stopping;
  t.ok(aborted);
  t.ok(tookMs <= 10_000, `took ${tookMs} ms`);
});

t.test("a target that is gone is forgotten by its collector", async (t) => {
  const forgotten: string[] = [];
  const { schedule } = setUp(t, { fake: { poll: async () => [], forget: (id) => void forgotten.push(id) } });
  schedule.set([targetOf("a"), targetOf("b")]);
  schedule.set([targetOf("b")]);
  t.same(forgotten, ["a:fake"]);
});
