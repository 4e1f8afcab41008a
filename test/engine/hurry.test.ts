import t from "tap";
import { createSchedule } from "../../appliance/engine/schedule.ts";
import type { Collector } from "../../appliance/model/contracts.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { collectorDeps, target } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

/** A schedule of one target every 60 s, whose device is in trouble while `state.isTroubled`. */
function scheduled(t: { teardown(run: () => unknown): unknown }, cost: number) {
  const clock = fakeClock();
  const state = { isTroubled: false, answers: true, polls: 0 };
  const collector: Collector = {
    costOf: () => cost,
    async poll([one]): Promise<Observation[]> {
      state.polls++;
      const device = one?.device ?? "";
      return [{ record: "availability", device, via: "snmp", state: state.answers ? "online" : "offline" }];
    },
    async close() {},
  };
  const { log, counters } = collectorDeps(clock);
  const schedule = createSchedule({
    clock,
    log,
    counters,
    collectors: new Map([["snmp", collector]]),
    sink: async () => {},
    isTroubled: () => state.isTroubled,
  });
  schedule.set([{ ...target("snmp", "192.0.2.1", {}), intervalMs: 60_000 }]);
  schedule.start();
  t.teardown(() => schedule.stop());
  return {
    state,
    async pollsIn(ms: number) {
      const before = state.polls;
      await clock.advance(ms);
      return state.polls - before;
    },
  };
}

t.test("a device in trouble is polled three times as often, and no longer than that", async (t) => {
  const { state, pollsIn } = scheduled(t, 10);
  await pollsIn(120_000);
  t.equal(await pollsIn(600_000), 10);
  state.isTroubled = true;
  await pollsIn(60_000);
  t.equal(await pollsIn(600_000), 30);
  state.isTroubled = false;
  await pollsIn(60_000);
  t.equal(await pollsIn(600_000), 10);
});

t.test("the budget of requests is kept", async (t) => {
  for (const [cost, expected] of [
    [40, 30],
    [60, 20],
    [100, 10],
  ] as const) {
    const { state, pollsIn } = scheduled(t, cost);
    state.isTroubled = true;
    await pollsIn(120_000);
    t.equal(await pollsIn(600_000), expected, `${cost} requests a poll`);
  }
});

t.test("a device that does not answer is not asked more often", async (t) => {
  const { state, pollsIn } = scheduled(t, 10);
  state.isTroubled = true;
  state.answers = false;
  await pollsIn(120_000);
  t.equal(await pollsIn(600_000), 10);
});

t.test("a device that is taken away while it is polled has no next place", async (t) => {
  const fake = fakeClock();
  let begun = 0;
  const timer: typeof fake.timer = (run, delayMs) => {
    begun++;
    return fake.timer(run, delayMs);
  };
  const clock = { ...fake, timer };
  let answer = () => {};
  const collector: Collector = {
    poll: () =>
      new Promise((resolve) => {
        answer = () => resolve([]);
      }),
    async close() {},
  };
  const schedule = createSchedule({
    ...collectorDeps(clock),
    clock,
    collectors: new Map([["snmp", collector]]),
    sink: async () => {},
    isTroubled: () => true,
  });
  schedule.set([{ ...target("snmp", "192.0.2.1", {}), intervalMs: 60_000 }]);
  schedule.start();
  t.teardown(() => schedule.stop());
  await clock.advance(5_000);
  schedule.set([]);
  begun = 0;
  answer();
  await clock.advance(600_000);
  t.equal(begun, 0);
});
