import { setTimeout as wait } from "node:timers/promises";
import { connectAsync } from "mqtt";
import type * as Tap from "tap";
import { folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { startInfluxd } from "../helpers/influxd.ts";
import { enterNamespace } from "../helpers/namespace.ts";

/* The whole box, a real influxd that is away for ten minutes in the middle, and a sensor that counts. */
enterNamespace(import.meta.url);
const { default: t }: { default: typeof Tap.t } = await import("tap");

const minuteMs = 60_000;
const everyMs = 250;

t.setTimeout(20 * minuteMs);
t.test("InfluxDB away for ten minutes has every acknowledged sample once when it is back", async (t) => {
  const influxd = await startInfluxd();
  t.teardown(() => influxd.stop());
  const folder = folderFor(t);
  const config = {
    version: 1,
    site: { anchors: [] },
    stores: { influx: { url: influxd.url, database: "porchlight", user: "u", password: "p" } },
    broker: {
      listen: "127.0.0.1:18831",
      rate: 100,
      devices: [{ name: "counter", password: "a-long-enough-one" }],
    },
  };
  await startAppliance(t, { folder, config: JSON.stringify(config) });
  const client = await connectAsync({
    host: "127.0.0.1",
    port: 18_831,
    username: "counter",
    password: "a-long-enough-one",
  });
  t.teardown(() => client.endAsync(true));

  let sent = 0;
  const sendFor = async (durationMs: number) => {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      await client.publishAsync("site/counter/n", JSON.stringify({ count: ++sent }), { qos: 1 });
      await wait(everyMs);
    }
  };
  await sendFor(minuteMs);
  await influxd.end();
  await sendFor(10 * minuteMs);
  const backMs = performance.now();
  await influxd.restart();
  await sendFor(minuteMs);

  const values = await until(async () => {
    const rows = await influxd.rows(`SELECT "count" FROM "mqtt_consumer" WHERE "topic" = 'site/counter/n'`);
    return rows.length >= sent ? rows.map(([, value]) => Number(value)) : undefined;
  }, 1_000);
  const lost = sent - new Set(values).size;
  const twice = values.length - new Set(values).size;
  t.comment(
    `${sent} acknowledged, ${values.length} rows, lost ${lost}, twice ${twice}, complete within ${Math.round((performance.now() - backMs) / 1000)} s of its return`,
  );
  t.equal(lost, 0);
  t.equal(twice, 0);
});
