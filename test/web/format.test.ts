import t from "tap";
import { measured, scaled, sensorValue } from "../../web/format.ts";

const plain = (text: string) => text.replace(/\s/g, " ");

const scaledCases: [number, string][] = [
  [0, "0 bit/s"],
  [999, "999 bit/s"],
  [9_400, "9.4 kbit/s"],
  [999_600, "1 Mbit/s"],
  [940_000_000, "940 Mbit/s"],
  [10_000_000_000, "10 Gbit/s"],
  [Number.NaN, "–"],
];
for (const [value, expected] of scaledCases)
  t.test(`${value} bit/s reads ${expected}`, async (t) => {
    t.equal(plain(scaled(value, "bit/s")), expected);
  });

const measuredCases: [string, number, string, string][] = [
  ["temperature", 22.94, "°C", "22.9 °C"],
  ["ping_rtt", 1.234, "ms", "1.2 ms"],
  ["ping_rtt", 0.0437, "ms", "0.044 ms"],
  ["ping_rtt", 0, "ms", "0 ms"],
  ["battery_runtime", 1_380, "s", "23 minutes"],
  ["if_in_errors", 0.4, "", "0.4 /s"],
  ["co2", 1_412.4, "ppm", "1,412 ppm"],
  ["flow[l/min]", 3.1234, "l/min", "3.12 l/min"],
  ["temperature", Number.NaN, "°C", "–"],
];
for (const [metric, value, unit, expected] of measuredCases)
  t.test(`${metric} ${value} reads ${expected}`, async (t) => {
    t.equal(plain(measured(metric, value, unit)), expected);
  });

t.test("a sensor's own word for a number wins", async (t) => {
  const sensor = {
    metric: "ups_source",
    description: "Source",
    unit: "",
    words: { "3": { text: "mains", severity: "ok" as const } },
  };
  t.equal(sensorValue(sensor, 3), "mains");
  t.equal(sensorValue(sensor, 9), "9");
  t.equal(sensorValue({ metric: "open", description: "Door", unit: "" }, 1), "yes");
});

t.test("a unit that a device made up is cut", async (t) => {
  t.ok(measured("x", 1, "u".repeat(5_000)).length < 30);
});
