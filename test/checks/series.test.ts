import t from "tap";
import { check as certificate } from "../../appliance/checks/certificate.ts";
import { check as sensor } from "../../appliance/checks/sensor.ts";
import { check as threshold } from "../../appliance/checks/threshold.ts";
import type { Judgement } from "../../appliance/model/contracts.ts";
import type { PortId, Sensor } from "../../appliance/model/site.ts";
import { at, device, make, nowMs, seriesOf, silence } from "../helpers/checks.ts";

t.test("threshold keeps to the band between limit and clear", async (t) => {
  const one = make(threshold);
  const settings = threshold.config.parse({ over: 27, clear: 26 });
  let previous: Judgement | undefined;
  const said = [20, 27, 27.1, 26.5, 26, 26.5, 28].map((value) => {
    const judged = one.judge(
      { device: device(), series: seriesOf("temperature"), columns: at(value), answers: silence },
      settings,
      { nowMs, ...(previous ? { previous } : {}) },
    );
    previous = judged;
    return judged.broken;
  });
  t.same(said, [false, false, true, true, false, false, true]);
});

t.test("threshold says it in a sentence with the sensor's own name", async (t) => {
  const toner: Sensor = { metric: "supply_level", channel: "k", description: "Toner", unit: "%" };
  const judged = make(threshold).judge(
    {
      device: device({ sensors: [toner] }),
      series: seriesOf("supply_level", "k"),
      columns: at(6),
      answers: silence,
    },
    threshold.config.parse({ under: 10 }),
    { nowMs },
  );
  t.match(judged, { broken: true, value: 6, summary: "Toner of {name} is at 6 %." });
});

t.test("threshold names the port", async (t) => {
  const port = { id: "gi1-0-3" as PortId, ifIndex: 3, ifName: "Gi1/0/3" };
  const judged = make(threshold).judge(
    {
      device: device({ ports: [port] }),
      series: seriesOf("if_in_errors", "gi1-0-3", { unit: "", kind: "counter" }),
      columns: at(5),
      answers: silence,
    },
    threshold.config.parse({ over: 1, summary: "{what} of {name} has {value} errors." }),
    { nowMs },
  );
  t.equal(judged.summary, "Port Gi1/0/3 of {name} has 5 /s errors.");
});

t.test("threshold settings must make sense", async (t) => {
  for (const wrong of [
    {},
    { over: 1, under: 2 },
    { over: 10, clear: 11 },
    { under: 10, clear: 9 },
    { is: [] },
  ])
    t.notOk(threshold.config.safeParse(wrong).success, JSON.stringify(wrong));
});

t.test("nothing measured is neither broken nor repaired", async (t) => {
  const judged = make(threshold).judge(
    { device: device(), series: seriesOf("load"), columns: at(), answers: silence },
    threshold.config.parse({ over: 1 }),
    { nowMs },
  );
  t.equal(judged.unknown, true);
});

t.test("certificate counts the days in words", async (t) => {
  const cases = [
    [30.2, false, "The certificate of {name} ends in 30 days."],
    [1.5, true, "The certificate of {name} ends in 1 day."],
    [0.4, true, "The certificate of {name} ends within a day."],
    [-2, true, "The certificate of {name} has ended."],
  ] as const;
  for (const [value, broken, summary] of cases)
    t.match(
      make(certificate).judge(
        { device: device(), series: seriesOf("certificate_days"), columns: at(value), answers: silence },
        certificate.config.parse({}),
        { nowMs },
      ),
      { broken, summary },
    );
});

t.test("sensor believes the device's own words and limits", async (t) => {
  const state: Sensor = {
    metric: "sensor_state",
    channel: "psu1",
    description: "Power supply 1",
    unit: "",
    words: {
      1: { text: "normal", severity: "ok" },
      2: { text: "warning", severity: "warning" },
      3: { text: "failed", severity: "critical" },
      4: { text: "not present", severity: "unknown" },
    },
  };
  const heat: Sensor = {
    metric: "temperature",
    channel: "cpu",
    description: "Temperature CPU",
    unit: "°C",
    limits: { highWarn: 70, high: 85, low: 0 },
  };
  const judge = (one: Sensor, value: number) =>
    make(sensor).judge(
      {
        device: device({ sensors: [one] }),
        series: seriesOf(one.metric, one.channel),
        columns: at(value),
        answers: silence,
      },
      {},
      { nowMs },
    );
  t.match(judge(state, 1), { broken: false });
  t.match(judge(state, 2), { broken: true, severity: "warning" });
  t.match(judge(state, 3), {
    broken: true,
    severity: "critical",
    summary: "Power supply 1 of {name}: failed.",
  });
  t.match(judge(state, 4), { unknown: true });
  t.match(judge(heat, 60), { broken: false });
  t.match(judge(heat, 75), { severity: "warning", summary: "Temperature CPU of {name} is high: 75 °C." });
  t.match(judge(heat, 90), { severity: "critical" });
  t.match(judge({ ...heat, limits: { low: 0, high: 0 } }, 60), { broken: false }, "limits of zero are none");
  t.equal(sensor.wants(device({ sensors: [heat] }), seriesOf("temperature", "cpu")), true);
  t.equal(sensor.wants(device(), seriesOf("temperature", "cpu")), false);
});
