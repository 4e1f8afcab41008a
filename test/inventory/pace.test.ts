import t from "tap";
import { createPace } from "../../appliance/inventory/pace.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

t.test("packets go out at the rate and none are saved up", async (t) => {
  const clock = fakeClock();
  const pace = createPace(clock, 50);
  const signal = new AbortController().signal;
  await clock.advance(60_000);
  const sent: number[] = [];
  const sending = (async () => {
    for (let count = 0; count < 100; count++) {
      await pace.take(1, signal);
      sent.push(clock.monotonicMs());
    }
  })();
  for (let step = 0; step < 300; step++) await clock.advance(10);
  await sending;
  const most = Math.max(
    ...sent.map((at) => sent.filter((other) => other >= at && other < at + 1_000).length),
  );
  t.ok(most <= 50, `${most} in one second`);
  t.equal(pace.taken(), 100);
});
