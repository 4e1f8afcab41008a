import t from "tap";
import { encodeRequest } from "../../appliance/snmp/codec.ts";
import { Exchange, type Job } from "../../appliance/snmp/exchange.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { counters } from "../helpers/snmp/deps.ts";
import { readRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { scriptedAgent } from "../helpers/snmp/scripted.ts";
import { availabilityOf, readingsOf, switchFile, valueAt } from "../helpers/snmp/small-switch.ts";
import { loopback, watching } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();
const recordings = new Map([["public", readRecording(switchFile)]]);

t.test("a device that falls silent delays no other", async (t) => {
  const silent = await replayAgent({ recordings });
  const lively = await replayAgent({ recordings });
  t.teardown(() => Promise.all([silent.close(), lively.close()]));
  const { made } = watching(t);
  const slow = loopback(silent.port, {}, { id: "slow:snmp", timeoutMs: 60_000 });
  const quick = loopback(lively.port, {}, { id: "quick:snmp" });
  await made.poll([slow], { signal });
  silent.mute(true);
  const leaving = new AbortController();
  let isOver = false;
  const waiting = made.poll([slow], { signal: leaving.signal }).finally(() => {
    isOver = true;
  });
  for (let k = 0; k < 5; k++) t.equal(availabilityOf(await made.poll([quick], { signal }))?.state, "online");
  t.equal(isOver, false, "the silent one is still waited for");
  leaving.abort();
  await waiting;
});

t.test("where answers come at once, a lost packet is sent again soon", async (t) => {
  const agent = await replayAgent({ recordings });
  t.teardown(() => agent.close());
  const { made } = watching(t);
  // With the time-out alone the poll would take a minute for each lost packet.
  const one = loopback(agent.port, {}, { timeoutMs: 60_000 });
  await made.poll([one], { signal });
  agent.mute(true);
  const before = agent.asked();
  const poll = made.poll([one], { signal });
  while (agent.asked() === before) await new Promise((resolve) => setImmediate(resolve));
  agent.mute(false);
  t.equal(valueAt(readingsOf(await poll), "if_in_octets:p3"), 1003);
});

t.test("waits double up to the time-out", async (t) => {
  const asked: number[] = [];
  const clock = fakeClock();
  const agent = await scriptedAgent(() => {});
  t.teardown(() => agent.close());
  const counts = counters();
  const exchange = new Exchange({ clock, counters: counts });
  t.teardown(() => exchange.close());
  const community = Buffer.from("public");
  let failed = "";
  const job: Job = {
    address: "127.0.0.1",
    port: agent.port,
    version: "2c",
    community,
    timeoutMs: 2_000,
    paceMs: 250,
    tries: 6,
    message: encodeRequest({ version: "2c", community, type: "get", oids: ["1.3.6.1.2.1.1.3.0"] }),
    take: () => undefined,
    fail: (why) => {
      failed = why;
    },
  };
  const startMs = clock.monotonicMs();
  exchange.send(job);
  for (let k = 0; k < 300 && failed === ""; k++) {
    const before = counts.all().get("snmp_retries") ?? 0;
    await clock.advance(50);
    if ((counts.all().get("snmp_retries") ?? 0) > before) asked.push(clock.monotonicMs() - startMs);
  }
  t.same(asked, [250, 750, 1_750, 3_750, 5_750]);
  t.equal(failed, "timeout");
});
