import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { jitter, lossyOffice, percentile } from "./snmp-loss.ts";

const intervalMs = 20_000;
/** Values that the small switch gives with each poll. */
const cycles = 9;

t.test(
  "30 % of the packets lost each way: no device is called down, and 95 % of the values arrive",
  { timeout: 400_000 },
  async (t) => {
    const office = await lossyOffice({ devices: 40, loss: 0.3, intervalMs });
    t.teardown(() => office.close());
    await wait(intervalMs + 8_000);
    const before = office.watched.map(({ values, polls }) => ({ values, polls }));
    const perPoll = Math.max(...before.map(({ values, polls }) => values / Math.max(1, polls)));
    office.beginLoss();
    await wait(intervalMs * cycles);
    const got = office.watched.reduce((sum, { values }, at) => sum + values - (before[at]?.values ?? 0), 0);
    const share = got / (office.watched.length * cycles * perPoll);
    const down = office.watched.filter(({ mostMisses }) => mostMisses >= 3).length;
    const missed = office.watched.filter(({ mostMisses }) => mostMisses > 0).length;
    t.comment(
      `40 devices, ${cycles} intervals of 20 s: false down ${down}, devices with a missed poll ${missed}, values ${(share * 100).toFixed(1)} % of all, repeats ${office.count("snmp_retries")} of ${office.count("snmp_requests")} requests, late polls ${office.count("polls_late")}`,
    );
    t.equal(down, 0);
    t.ok(share >= 0.95);
  },
);

t.test("20 % of the devices dead: the others are polled on time", { timeout: 400_000 }, async (t) => {
  const office = await lossyOffice({ devices: 150, loss: 0, intervalMs });
  t.teardown(() => office.close());
  await wait(intervalMs + 8_000);
  const dead = office.agents.slice(0, 30);
  for (const agent of dead) agent.mute(true);
  // One that died in the middle of a poll is missed a cycle later.
  await wait(intervalMs * 5);
  const asked = dead.map((agent) => agent.asked());
  await wait(intervalMs * 2);
  const packets = dead.map((agent, at) => agent.asked() - (asked[at] ?? 0));
  const isDown = office.watched.slice(0, 30).filter(({ missesInARow }) => missesInARow >= 3).length;
  const backMs = performance.now();
  for (const agent of dead) agent.mute(false);
  await wait(intervalMs * 1.5);
  const back = office.watched.slice(0, 30).map(({ answeredMs }) => answeredMs - backMs);
  const late = office.watched.slice(30).flatMap(({ starts }) => jitter(starts, intervalMs));
  t.comment(
    `150 devices, 30 of them dead: jitter of live polls p99 ${percentile(late, 0.99).toFixed(0)} ms, most ${Math.max(...late).toFixed(0)} ms; down after 5 intervals ${isDown} of 30; packets to a dead one in two cycles at most ${Math.max(...packets)}; all back, late polls ${office.count("polls_late")}`,
  );
  t.ok(percentile(late, 0.99) < 2_000);
  t.equal(isDown, 30);
  t.ok(Math.max(...packets) <= 3, "one packet a cycle");
  t.ok(
    back.every((ms) => ms > 0),
    "each has answered within an interval and a half",
  );
  t.equal(office.watched.slice(30).filter(({ mostMisses }) => mostMisses > 0).length, 0);
});
