import t from "tap";
import type { Observation } from "../../appliance/model/observation.ts";
import { createReport, createWatchdog } from "../../appliance/probe/broker-report.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { countersInMemory, quietLog } from "../helpers/mqtt/parts.ts";

t.test("a connected broker that sends nothing is silent, and again after each such time", async (t) => {
  const clock = fakeClock();
  let silences = 0;
  const watchdog = createWatchdog(60_000, clock, () => void silences++);
  watchdog.connected();
  await clock.advance(50_000);
  watchdog.heard();
  await clock.advance(50_000);
  t.equal(silences, 0, "a message puts it off");
  await clock.advance(20_000);
  t.equal(silences, 1);
  await clock.advance(60_000);
  t.equal(silences, 2);
  watchdog.lost();
  await clock.advance(600_000);
  t.equal(silences, 2, "a lost connection is no silence");
});

function reportOf() {
  const said: Observation[] = [];
  const report = createReport(
    { id: "office", url: "mqtt://user:secret@10.0.0.1:1883" },
    async (records) => void said.push(...records),
    { log: quietLog(), counters: countersInMemory() },
  );
  return { said, report };
}

t.test("says changes only, with a reason, without the credential", async (t) => {
  const { said, report } = reportOf();
  report.online();
  report.online();
  report.failed(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
  report.offline();
  report.offline();
  report.online();
  const states = said.flatMap((r) => (r.record === "availability" ? [r] : []));
  t.match(states, [
    { state: "online", device: "mqtt-broker:office", via: "mqtt" },
    { state: "offline", reason: "refused" },
    { state: "online" },
  ]);
  t.notMatch(JSON.stringify(said), /secret/);
});

t.test(
  "a refused subscription is offline for want of permission, and online again when it is granted",
  async (t) => {
    const { said, report } = reportOf();
    report.online();
    report.refused("site/#");
    report.online();
    t.match(
      said.flatMap((r) => (r.record === "availability" ? [`${r.state} ${r.reason ?? ""}`.trim()] : [])),
      ["online", "offline permission", "online"],
    );
  },
);

t.test("silence is a problem of the broker's own, said once", async (t) => {
  const { said, report } = reportOf();
  for (const silent of [true, true, false]) report.silent(silent);
  t.match(said, [
    { metric: "problem", channel: "silent", value: true },
    { metric: "problem", channel: "silent", value: false },
  ]);
});

t.test("says nothing once it has been stopped", async (t) => {
  const { said, report } = reportOf();
  report.stop();
  report.offline();
  t.same(said, []);
});
