import t from "tap";
import type { Observation, Readings, Sample } from "../../appliance/model/observation.ts";
import { deviceId, seriesId } from "../../appliance/model/site.ts";
import { pipeline, seed } from "../helpers/engine.ts";

const dev = deviceId("dev");
const sample = (value: Sample["value"], more: Partial<Sample> = {}): Sample => ({
  record: "sample",
  device: "dev",
  metric: "temperature",
  value,
  ...more,
});
const id = seriesId(dev, "temperature");

t.test("what arrives within a second is one round, committed once", async (t) => {
  const { clock, ingest, batches } = pipeline([seed("dev")]);
  const first = ingest.ingest([sample(1)]);
  await clock.advance(600);
  const second = ingest.ingest([sample(2, { channel: "b" })]);
  t.equal(batches.length, 0);
  await clock.advance(400);
  await Promise.all([first, second]);
  t.equal(batches.length, 1);
  t.equal(batches[0]?.length, 2);
});

t.test("where somebody waits, the round ends within 50 ms, and at once when 32 wait", async (t) => {
  const { clock, ingest, batches } = pipeline([seed("dev")]);
  const waiting = ingest.ingest([sample(1)], { waiting: true });
  await clock.advance(50);
  await waiting;
  t.equal(batches.length, 1);
  const many = Promise.all(
    Array.from({ length: 32 }, (_, n) => ingest.ingest([sample(n)], { waiting: true })),
  );
  await many;
  t.equal(batches[1]?.length, 32, "without the clock moving");
});

t.test("a refused round is kept and tried again, in order, and nothing is lost", async (t) => {
  const { clock, ingest, batches, store, counters } = pipeline([seed("dev")]);
  store.refuse = new Error("disk full");
  const done: number[] = [];
  for (let n = 0; n < 5; n++) {
    void ingest.ingest([sample(n)]).then(() => done.push(n));
    await clock.advance(1_000);
  }
  t.equal(batches.length, 0);
  t.match(ingest.trouble(), { what: "disk full" });
  store.refuse = undefined;
  await clock.advance(60_000);
  t.same(done, [0, 1, 2, 3, 4]);
  t.same(
    batches.map(({ values }) => values[0]),
    [0, 1, 2, 3, 4],
  );
  t.equal(ingest.trouble(), undefined);
  t.equal(counters.all().get("ingest_samples_lost"), undefined);
});

t.test("stop commits what is there; what the store still refuses is counted as lost", async (t) => {
  const good = pipeline([seed("dev")]);
  const waiting = good.ingest.ingest([sample(1)]);
  await good.ingest.stop();
  await waiting;
  t.equal(good.batches.length, 1);
  const bad = pipeline([seed("dev")]);
  bad.store.refuse = new Error("gone");
  const lost = bad.ingest.ingest([sample(1)]);
  await bad.ingest.stop();
  await t.rejects(lost);
  t.equal(bad.counters.all().get("ingest_samples_lost"), 1);
});

t.test("only finite numbers and known devices get through; each drop is counted", async (t) => {
  const { ingest, latest, counters, clock } = pipeline([seed("dev")]);
  const bad: Observation[] = [
    sample(Number.NaN),
    sample(Number.POSITIVE_INFINITY),
    sample(1, { channel: "x".repeat(65) }),
    sample(1, { channel: "a\u0000b" }),
    sample(1, { metric: "m".repeat(200) }),
    sample(1, { device: "nobody" }),
  ];
  await ingest.ingest(bad);
  t.same([...latest.all()], []);
  const { number, name, device } = Object.fromEntries(
    ["number", "name", "device"].map((why) => [
      why,
      counters.all().get(`ingest_dropped_${why === "device" ? "device_limit" : why}`),
    ]),
  );
  t.same([number, name, device], [2, 3, 1]);
  void ingest.ingest([sample(true)]);
  t.equal(latest.value(id)?.value, 1, "true is 1");
  await clock.advance(1_000);
});

t.test("a speaker has at most 64 series", async (t) => {
  const { ingest, latest, counters, inventory, clock } = pipeline([]);
  const device = "generic:x/y";
  void ingest.ingest(Array.from({ length: 70 }, (_, n) => sample(n, { device, channel: `c${n}` })));
  await clock.advance(1_000);
  t.equal([...latest.all()].length, 64);
  t.equal(counters.all().get("ingest_dropped_series_limit"), 6);
  t.equal(inventory.devices().length, 1);
});

t.test("impossible times are repaired, old ones kept; neither moves last seen", async (t) => {
  const { ingest, latest, answers, clock, batches } = pipeline([seed("dev")]);
  const now = clock.nowMs();
  void ingest.ingest([
    sample(1, { timeMs: now + 400_000 }),
    sample(2, { channel: "b", timeMs: now - 90_000_000 }),
  ]);
  await clock.advance(1_000);
  t.equal(latest.value(id)?.timeMs, now, "ahead: the arrival counts");
  t.same([...batches[0]!.timesMs.subarray(0, 2)], [now, now - 90_000_000]);
  t.equal(answers.of(dev).lastSeenMs, undefined);
  void ingest.ingest([sample(3, { timeMs: now - 60_000 })]);
  t.equal(answers.of(dev).lastSeenMs, clock.nowMs());
  await clock.advance(1_000);
});

t.test("a retained message is no sign of life, and stored only when it says something new", async (t) => {
  const { ingest, answers, clock, batches } = pipeline([seed("dev")]);
  void ingest.ingest([sample(20, { retained: true })]);
  await clock.advance(1_000);
  t.equal(answers.of(dev).lastSeenMs, undefined);
  await ingest.ingest([sample(20, { retained: true })]);
  t.equal(batches.length, 1);
  void ingest.ingest([sample(21, { retained: true })]);
  await clock.advance(1_000);
  t.equal(batches.length, 2);
});

t.test("text is a last value; a change of it is an event", async (t) => {
  const { ingest, latest, events } = pipeline([seed("dev")]);
  await ingest.ingest([sample("1.0", { metric: "firmware" })]);
  await ingest.ingest([sample("1.0", { metric: "firmware" })]);
  t.equal(events.length, 0);
  await ingest.ingest([sample("2.0\u0007<b>", { metric: "firmware" })]);
  t.match(events, [{ device: "dev", metric: "firmware", value: "2.0 <b>" }]);
  t.equal(latest.text(dev, "firmware")?.text, "2.0 <b>");
});

t.test("answers become poll_up, at each change and once a minute", async (t) => {
  const { ingest, clock, batches } = pipeline([seed("dev")]);
  const say = async (state: "online" | "offline") => {
    void ingest.ingest([{ record: "availability", device: "dev", via: "ping", state }]);
    await clock.advance(10_000);
  };
  for (let n = 0; n < 7; n++) await say("online");
  await say("offline");
  const up = batches.flatMap(({ series, values, length }) =>
    Array.from({ length }, (_, at) => `${series[at]?.id} ${values[at]}`),
  );
  t.same(up, ["dev:poll_up:ping 1", "dev:poll_up:ping 1", "dev:poll_up:ping 0"]);
});

t.test(
  "readings become gauges, counts and rates; the clock set back does not stop last values",
  async (t) => {
    const { ingest, latest, series, clock } = pipeline([seed("dev")]);
    const columns = [series.of(dev, "if_in_octets", "p1"), series.of(dev, "temperature")];
    const readings = (count: number, temperature: number): Readings => ({
      record: "readings",
      device: dev,
      timeMs: clock.nowMs(),
      series: columns,
      values: Float64Array.of(count, temperature),
      widths: Uint8Array.of(64, 0),
    });
    void ingest.ingest([readings(1_000, 20)], { intervalMs: 60_000 });
    await clock.advance(60_000);
    clock.jump(-86_400_000);
    void ingest.ingest([readings(7_000, 21)], { intervalMs: 60_000 });
    await clock.advance(1_000);
    t.match(latest.value(seriesId(dev, "if_in_octets", "p1")), { value: 100, count: 7_000 });
    t.equal(latest.value(id)?.value, 21);
  },
);

t.test("what a poll measured of a dead device is no sign of life", async (t) => {
  const { ingest, answers, series, clock } = pipeline([seed("dev")]);
  const loss: Readings = {
    record: "readings",
    device: dev,
    timeMs: clock.nowMs(),
    series: [series.of(dev, "ping_loss")],
    values: Float64Array.of(100),
    widths: Uint8Array.of(0),
  };
  const polled: Observation[] = [
    { record: "availability", device: "dev", via: "ping", state: "offline", reason: "timeout" },
    loss,
    sample(3, { metric: "poll_duration", channel: "ping" }),
  ];
  void ingest.ingest(polled, { intervalMs: 10_000 });
  await clock.advance(1_000);
  t.equal(answers.of(dev).lastSeenMs, undefined);
  void ingest.ingest([{ record: "availability", device: "dev", via: "ping", state: "online" }], {
    intervalMs: 10_000,
  });
  t.equal(answers.of(dev).lastSeenMs, clock.nowMs());
  await clock.advance(1_000);
});

t.test("the same measurement again, or an older one, is no sign of life", async (t) => {
  const { clock, ingest, answers } = pipeline([seed("dev")]);
  const firstMs = clock.nowMs();
  void ingest.ingest([sample(1, { timeMs: firstMs })]);
  await clock.advance(60_000);
  void ingest.ingest([sample(1, { timeMs: firstMs }), sample(2, { channel: "b", timeMs: firstMs - 5_000 })]);
  t.equal(answers.of(dev).lastSeenMs, firstMs, "sent again");
  void ingest.ingest([sample(3, { timeMs: clock.nowMs() })]);
  t.equal(answers.of(dev).lastSeenMs, clock.nowMs());
});
