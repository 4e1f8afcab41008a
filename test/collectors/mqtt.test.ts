import { connectAsync } from "mqtt";
import t, { type Test } from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/mqtt.ts";
import { dialect as generic } from "../../appliance/dialects/generic.ts";
import type { CollectorDeps } from "../../appliance/model/contracts.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { createDialects, createIntake } from "../../appliance/payload/intake.ts";
import { until } from "../helpers/appliance.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { startMosquitto } from "../helpers/mosquitto.ts";
import { client, started } from "../helpers/mqtt/embedded.ts";
import { type Collected, collect, countersInMemory, quietLog } from "../helpers/mqtt/parts.ts";
import { without } from "../helpers/servers.ts";

const skip = without("mosquitto");

function depsWith(parts: Record<string, unknown> = {}): CollectorDeps {
  const counters = countersInMemory();
  const dialects = createDialects(new Map([["generic", generic]]), {});
  return {
    clock: systemClock,
    log: quietLog(),
    counters,
    series: { of: () => ({}) as never, find: () => undefined, all: () => [] },
    portIds: () => [],
    profileDirs: [],
    parts: { intake: (behind?: string) => createIntake(dialects, counters, behind), ...parts },
  };
}

function listening(t: Test, settings: unknown, collected: Collected, deps = depsWith()) {
  const one = collector.create(collector.config.parse(settings), deps);
  const stop = new AbortController();
  const ended = one.listen?.(collected.sink, { signal: stop.signal });
  const end = async () => {
    stop.abort();
    await ended;
    await one.close();
  };
  t.teardown(end);
  return { end };
}

function isSample(value: number) {
  return (record: Observation) => record.record === "sample" && record.value === value;
}

for (const version of ["3.1.1", "5"] as const) {
  t.test(`reads a Mosquitto by MQTT ${version} and says that it is online`, { skip }, async (t) => {
    const mosquitto = await startMosquitto();
    t.teardown(() => mosquitto.stop());
    const got = collect();
    listening(
      t,
      { brokers: [{ id: "office", url: mosquitto.url, subscribe: ["site/#"], version, clientId: "box" }] },
      got,
    );
    await got.until((r) => r.record === "availability" && r.state === "online");
    const sensor = await connectAsync(mosquitto.url);
    t.teardown(() => sensor.endAsync(true));
    await sensor.publishAsync("site/hall", '{"tempC":21.5}', { qos: 1 });
    t.match(await got.until(isSample(21.5)), { device: "json:site/hall", metric: "temperature", unit: "°C" });
    t.match(
      await got.until((r) => r.record === "describe" && r.device === "json:site/hall"),
      { behind: "mqtt-broker:office" },
      "a device heard through a broker says so",
    );
  });
}

t.test("what we publish ourselves does not hide that nobody else does", { skip }, async (t) => {
  const mosquitto = await startMosquitto();
  t.teardown(() => mosquitto.stop());
  const clock = fakeClock();
  const deps = { ...depsWith(), clock };
  const got = collect();
  listening(t, { brokers: [{ id: "office", url: mosquitto.url, silent: "15m" }] }, got, deps);
  await got.until((r) => r.record === "availability" && r.state === "online");
  await clock.advance(14 * 60_000);
  const wall = await connectAsync(mosquitto.url);
  t.teardown(() => wall.endAsync(true));
  await wall.publishAsync("porchlight/berlin/headline", "{}", { qos: 1 });
  await until(() => deps.counters.all().get("mqtt_own_messages"));
  await clock.advance(2 * 60_000);
  t.match(await got.until((r) => r.record === "sample" && r.metric === "problem"), {
    channel: "silent",
    value: true,
  });
});

t.test("what is not committed is not acknowledged: a box that comes back gets it", { skip }, async (t) => {
  const mosquitto = await startMosquitto();
  t.teardown(() => mosquitto.stop());
  const settings = { brokers: [{ id: "office", url: mosquitto.url, clientId: "box" }] };
  let reached: () => void = () => undefined;
  const here = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const slow: Observation[] = [];
  const never = collect();
  const first = listening(t, settings, {
    ...never,
    async sink(records) {
      slow.push(...records);
      if (!records.some(isSample(7))) return;
      reached();
      await new Promise(() => undefined);
    },
  });
  const sensor = await connectAsync(mosquitto.url);
  t.teardown(() => sensor.endAsync(true));
  await waitFor(() => slow.some((r) => r.record === "availability"));
  // The subscription stands when its own first message has come.
  while (!slow.some(isSample(7))) {
    await sensor.publishAsync("site/hall/temperature", "7", { qos: 1 });
    await Promise.race([here, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  await first.end();
  const second = collect();
  listening(t, settings, second);
  t.match(await second.until(isSample(7)), { device: "json:site/hall/temperature" });
});

t.test("a broker that goes away is offline with a reason, and read again after", { skip }, async (t) => {
  const mosquitto = await startMosquitto();
  t.teardown(() => mosquitto.stop());
  const got = collect();
  listening(t, { brokers: [{ id: "office", url: mosquitto.url, clientId: "box" }] }, got);
  await got.until((r) => r.record === "availability" && r.state === "online");
  await mosquitto.kill();
  t.match(await got.until((r) => r.record === "availability" && r.state === "offline"), {
    device: "mqtt-broker:office",
    via: "mqtt",
  });
  const before = got.records.length;
  await mosquitto.restart();
  await waitFor(() =>
    got.records.slice(before).some((r) => r.record === "availability" && r.state === "online"),
  );
  const sensor = await connectAsync(mosquitto.url);
  t.teardown(() => sensor.endAsync(true));
  await sensor.publishAsync("site/hall/temperature", "8", { qos: 1 });
  t.ok(await got.until(isSample(8)));
});

t.test("the embedded broker hands on what it kept, marked as retained, then what is new", async (t) => {
  const { broker, port } = await started(t, async () => undefined);
  const hall = await client(t, port, "hall");
  await hall.publishAsync("site/hall/temperature", "5", { qos: 1, retain: true });
  const got = collect();
  listening(t, {}, got, depsWith({ broker }));
  t.match(await got.until(isSample(5)), { retained: true });
  await waitFor(async () => {
    await hall.publishAsync("site/hall/temperature", "6", { qos: 1, retain: true });
    return got.records.some(isSample(6));
  });
  t.equal("retained" in (await got.until(isSample(6))), false, "published now: no replay");
});

t.test("asks Victron and Shelly devices only when told to", { skip }, async (t) => {
  const mosquitto = await startMosquitto();
  t.teardown(() => mosquitto.stop());
  const heard: string[] = [];
  const devices = await connectAsync(mosquitto.url);
  t.teardown(() => devices.endAsync(true));
  devices.on("message", (topic, payload) => void heard.push(`${topic} ${payload}`.trim()));
  await devices.subscribeAsync(["R/#", "shellies/#"]);
  const plain = { id: "plain", url: mosquitto.url, clientId: "plain" };
  const first = collect();
  listening(t, { brokers: [plain] }, first);
  await first.until((r) => r.record === "availability" && r.state === "online");
  t.same(heard, []);
  listening(
    t,
    {
      brokers: [{ ...plain, id: "asks", clientId: "asks", victron: ["c0619ab12345"], shellyAnnounce: true }],
    },
    collect(),
  );
  await waitFor(() => heard.length === 2);
  t.same(heard.sort(), ["R/c0619ab12345/keepalive", "shellies/command announce"]);
});

async function waitFor(ask: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 20));
}
