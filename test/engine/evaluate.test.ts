import t from "tap";
import { check as down } from "../../appliance/checks/down.ts";
import { check as threshold } from "../../appliance/checks/threshold.ts";
import { createEvaluate } from "../../appliance/engine/evaluate.ts";
import { glob, matcher } from "../../appliance/engine/where.ts";
import type { Alert, Rule } from "../../appliance/model/alert.ts";
import type { CheckPlugin } from "../../appliance/model/contracts.ts";
import { type Device, deviceId, seriesId } from "../../appliance/model/site.ts";
import { listLog, pipeline, seed } from "../helpers/engine.ts";

const hot: Rule = {
  id: "hot",
  check: "threshold",
  metric: "temperature",
  where: { kind: ["env"] },
  settings: threshold.config.parse({ over: 27, clear: 26 }),
  forMs: 600_000,
  severity: "warning",
  tell: ["it"],
  origin: "file",
};
const dead: Rule = {
  id: "dead",
  check: "down",
  where: { device: ["*"] },
  settings: down.config.parse({}),
  forMs: 0,
  severity: "critical",
  tell: [],
  origin: "shipped",
};

function setUp(
  t: { teardown(run: () => void): void },
  rules: readonly Rule[],
  more: { open?: readonly Alert[]; checks?: readonly CheckPlugin[] } = {},
) {
  const parts = pipeline([seed("rack", { kind: "env", name: "Rack $& 1" }), seed("pc")]);
  const alerts: Alert[] = [];
  const jumps: number[] = [];
  const { log, lines } = listLog();
  const evaluate = createEvaluate({
    ...parts,
    log,
    rules,
    checks: new Map([down, threshold, ...(more.checks ?? [])].map((one) => [one.type, one as CheckPlugin])),
    onAlert: (alert) => void alerts.push(alert),
    onClockJump: (byMs) => void jumps.push(byMs),
    ...(more.open ? { open: more.open } : {}),
  });
  evaluate.start();
  t.teardown(() => evaluate.stop());
  const temperature = (value: number, device = "rack") =>
    void parts.ingest.ingest([{ record: "sample", device, metric: "temperature", value }]);
  return { ...parts, lines, alerts, jumps, evaluate, temperature };
}

const states = (alerts: readonly Alert[]) => alerts.map(({ state }) => state);

t.test("pending, firing after the time it must hold, resolved; each said once", async (t) => {
  const { clock, alerts, temperature } = setUp(t, [hot]);
  const story: [minute: number, value: number, said: string[]][] = [
    [0, 25, []],
    [1, 28, ["pending"]],
    [5, 28, ["pending"]],
    [10, 26.5, ["pending"]],
    [12, 28, ["pending", "firing"]],
    [20, 26.5, ["pending", "firing"]],
    [21, 25.9, ["pending", "firing", "resolved"]],
    [30, 25, ["pending", "firing", "resolved"]],
  ];
  let atMinute = 0;
  for (const [minute, value, said] of story) {
    await clock.advance((minute - atMinute) * 60_000);
    atMinute = minute;
    temperature(value);
    await clock.advance(10_000);
    await clock.advance(0);
    t.same(states(alerts), said, `minute ${minute}`);
  }
  const [pending, firing, resolved] = alerts;
  t.equal(pending?.key, "hot/rack/rack:temperature");
  t.match(firing, { severity: "warning", tell: ["it"], summary: "Temperature of Rack $& 1 is at 26.5 °C." });
  t.equal(firing?.startedMs, pending?.startedMs);
  t.ok(firing!.firedMs! - firing!.startedMs >= 600_000);
  t.ok(resolved!.endedMs! > resolved!.firedMs!);
});

t.test("what goes away before its time is resolved without having fired", async (t) => {
  const { clock, alerts, temperature } = setUp(t, [hot]);
  temperature(30);
  await clock.advance(60_000);
  temperature(20);
  await clock.advance(60_000);
  t.same(states(alerts), ["pending", "resolved"]);
  t.equal(alerts[1]?.firedMs, undefined);
});

t.test("only what the rule is about is judged", async (t) => {
  const { clock, alerts, temperature } = setUp(t, [hot]);
  temperature(40, "pc");
  await clock.advance(60_000);
  t.same(alerts, []);
});

t.test("a change of answers is judged at once", async (t) => {
  const { ingest, alerts, evaluate, inventory } = setUp(t, [dead]);
  for (let n = 0; n < 3; n++) {
    void ingest.ingest([
      { record: "availability", device: "pc", via: "ping", state: "offline", reason: "timeout" },
    ]);
    evaluate.changed(inventory.devices()[1]!.id);
  }
  t.match(alerts, [{ state: "firing", device: "pc", summary: "pc does not answer.", severity: "critical" }]);
});

t.test("what was firing before a restart goes on with its own beginning, or is resolved", async (t) => {
  const old: Alert = {
    key: "hot/rack/rack:temperature",
    rule: "hot",
    check: "threshold",
    device: seed("rack").id,
    severity: "warning",
    state: "firing",
    startedMs: 1,
    firedMs: 2,
    summary: "hot",
    evidence: [],
    tell: [],
  };
  const goes = setUp(t, [hot], { open: [old] });
  await goes.clock.advance(60_000);
  t.same(goes.alerts, [], "no data yet: neither broken nor repaired");
  goes.temperature(26.5);
  await goes.clock.advance(10_000);
  t.same(goes.alerts, [], "inside the band it stays, and is not said again");
  t.match(goes.evaluate.alerts(), [{ startedMs: 1, firedMs: 2 }]);
  goes.temperature(20);
  await goes.clock.advance(10_000);
  t.match(goes.alerts, [{ state: "resolved", startedMs: 1, firedMs: 2 }]);
  const orphan = setUp(t, [dead], { open: [old] });
  await orphan.clock.advance(10_000);
  t.match(orphan.alerts, [{ state: "resolved", rule: "hot" }], "its rule is gone");
});

t.test("setting the clock is one event and no alert", async (t) => {
  const { clock, alerts, jumps, temperature, ingest } = setUp(t, [hot, dead]);
  for (let minute = 0; minute < 10; minute++) {
    if (minute === 3) clock.jump(86_400_000);
    if (minute === 6) clock.jump(-2 * 86_400_000);
    temperature(20);
    void ingest.ingest([{ record: "availability", device: "pc", via: "ping", state: "online" }]);
    await clock.advance(60_000);
  }
  t.same(alerts, []);
  t.same(jumps, [86_400_000, -172_800_000]);
});

t.test("what was not approved raises no alarm", async (t) => {
  const { clock, alerts, ingest } = setUp(t, [{ ...hot, where: { device: ["*"] }, forMs: 0 }]);
  void ingest.ingest([{ record: "sample", device: "generic:new/thing", metric: "temperature", value: 90 }]);
  await clock.advance(10_000);
  t.same(alerts, []);
});

t.test("a check that throws stops no other, and is named", async (t) => {
  const broken: CheckPlugin = {
    type: "broken",
    summary: "",
    config: threshold.config,
    about: "device",
    windowMs: 0,
    create: () => ({
      judge() {
        throw new Error("boom");
      },
    }),
  };
  const { clock, alerts, temperature, lines } = setUp(
    t,
    [
      { ...dead, id: "b", check: "broken" },
      { ...hot, forMs: 0 },
    ],
    {
      checks: [broken],
    },
  );
  temperature(30);
  await clock.advance(10_000);
  t.same(states(alerts), ["firing"]);
  t.match(lines, [{ level: "error", fields: { rule: "b", error: "boom" } }]);
});

t.test("where", async (t) => {
  t.same(["gi1-0-3", "gi2-0-3", "gi1-0-4"].map(glob("gi*-3")), [true, true, false]);
  t.same(["ab", "axxb", "aab", "b"].map(glob("a*b")), [true, true, true, false]);
  t.equal(glob("a*a")("a"), false, "both ends need their own letter");
  const device = { id: "x", kind: "env", group: "Climate", room: "Rack" } as unknown as Device;
  t.ok(matcher({ kind: ["env"], room: ["R*"] }).device(device));
  t.notOk(matcher({ kind: ["env"], group: ["Power"] }).device(device));
  t.ok(matcher({ channel: "*" }).channel(undefined));
});

t.test(
  "an alert about a value that was forgotten is over; right after the start it may only not be read yet",
  async (t) => {
    const open: Alert = {
      key: "hot/rack/rack:temperature",
      rule: "hot",
      check: "threshold",
      device: deviceId("rack"),
      series: seriesId(deviceId("rack"), "temperature"),
      severity: "warning",
      state: "firing",
      startedMs: 0,
      firedMs: 0,
      summary: "Hot.",
      evidence: [],
      tell: [],
    };
    const { clock, alerts, series } = setUp(t, [hot], { open: [open] });
    series.of(deviceId("rack"), "temperature", undefined, undefined);
    await clock.advance(300_000);
    t.same(states(alerts), []);
    await clock.advance(310_000);
    t.same(states(alerts), ["resolved"]);
  },
);
