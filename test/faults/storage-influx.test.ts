import t from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { following } from "../helpers/following.ts";
import { influxEndpoint, type Mood } from "../helpers/influx-endpoint.ts";
import { startInfluxd } from "../helpers/influxd.ts";
import { without } from "../helpers/servers.ts";
import { emptyDir } from "../helpers/state.ts";

const limit = { timeout: 120_000 };

t.test(
  "an InfluxDB that is killed and comes back has every sample once",
  { ...limit, skip: without("influxd") },
  async (t) => {
    const influxd = await startInfluxd();
    t.teardown(() => influxd.stop());
    const { rounds, drained, sent, follower, stop } = await following(emptyDir(t), influxd.url, 40);
    t.teardown(stop);
    await rounds(30);
    await influxd.end("SIGKILL");
    await rounds(150);
    const away = follower.status();
    t.equal(away.state, "away");
    t.ok(away.awaySinceMs);
    await influxd.restart();
    await rounds(30);
    const { roundsLost } = await drained();
    const count = async (field: string, measurement: string) =>
      Number((await influxd.rows(`SELECT count("${field}") FROM porchlight."${measurement}"`))[0]?.[1]);
    const stored = (await count("ifHCInOctets", "interface")) + (await count("temperature", "snmp"));
    t.comment(
      `${sent()} samples sent, ${stored} in the database, lost ${sent() - stored}, rounds lost ${roundsLost}`,
    );
    t.equal(stored, sent());
  },
);

const moods: readonly Mood[] = ["500", "reset", "hang", "drop", "store-and-drop"];
for (const mood of moods)
  t.test(`an endpoint in the mood "${mood}" gets everything in the end, once`, limit, async (t) => {
    const endpoint = await influxEndpoint();
    t.teardown(endpoint.close);
    const { rounds, drained, sent, follower, stop } = await following(emptyDir(t), endpoint.url, 100);
    t.teardown(stop);
    await rounds(20);
    endpoint.state.mood = mood;
    await rounds(100);
    t.equal(follower.status().state, "away");
    endpoint.state.mood = "ok";
    await rounds(20);
    await drained();
    t.comment(
      `${mood}: ${sent()} sent, lost ${sent() - endpoint.points.size}, most requests in flight ${endpoint.state.most}`,
    );
    t.equal(endpoint.points.size, sent());
    t.equal(endpoint.state.most, 1);
  });

t.test(
  "a field of another type is set aside; all else is stored",
  { ...limit, skip: without("influxd") },
  async (t) => {
    const influxd = await startInfluxd();
    t.teardown(() => influxd.stop());
    await influxd.rows("CREATE DATABASE porchlight");
    await influxd.rows("CREATE RETENTION POLICY porchlight ON porchlight DURATION INF REPLICATION 1 DEFAULT");
    const { clock, series, rounds, drained, sent, aside, follower, stop } = await following(
      emptyDir(t),
      influxd.url,
      40,
    );
    t.teardown(stop);
    const write = `${influxd.url}/write?db=porchlight&rp=porchlight&precision=ms`;
    await fetch(write, {
      method: "POST",
      body: `snmp,site=office,device=ups power=5i ${clock.nowMs() - 1_000}`,
    });
    const power = series.of(deviceId("sw1"), "power", "t1");
    await rounds(20, (timeMs) => [[power, timeMs, 1.5]]);
    await drained();
    const [first] = await influxd.rows('SELECT count("temperature") FROM porchlight.snmp');
    t.equal(Number(first?.[1]), sent() / 2);
    t.equal(aside.length, 20);
    t.match(aside[0], { series: "sw1:power:t1", value: 1.5, reason: /power.*integer/ });
    t.match(follower.status(), { quarantined: 20, roundsBehind: 0 });
    t.comment(`${aside.length} poisoned samples set aside, ${sent()} others stored`);
  },
);
