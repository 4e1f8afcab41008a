import t from "tap";
import { toBoolean, toCanonical, toNumber } from "../../appliance/payload/units.ts";

const conversions = [
  ["temperature", 212, "°F", 100, "°C"],
  ["temperature", 273.15, "K", 0, "°C"],
  ["energy", 1_500, "Wh", 1.5, "kWh"],
  ["energy", 60_000, "Wmin", 1, "kWh"],
  ["energy", 2, "MWh", 2_000, "kWh"],
  ["power", 1.5, "kW", 1_500, "W"],
  ["voltage", 2_985, "mV", 2.985, "V"],
  ["current", 54, "mA", 0.054, "A"],
  ["pressure", 101.3, "kPa", 1_013, "hPa"],
  ["pressure", 101_300, "Pa", 1_013, "hPa"],
  ["pressure", 760, "mmHg", 1_013.2472, "hPa"],
  ["pressure", 29.92, "inHg", 1_013.207888, "hPa"],
  ["speed", 36, "km/h", 10, "m/s"],
  ["speed", 10, "mph", 4.4704, "m/s"],
  ["speed", 10, "kn", 5.14444, "m/s"],
  ["distance", 250, "cm", 2.5, "m"],
  ["power_factor", 98, "%", 0.98, ""],
  ["link_quality", 98, "lqi", 98, ""],
  ["pm25", 7, "\u03bcg/m³", 7, "µg/m³"],
  ["illuminance", 7, "lux", 7, "lx"],
  ["temperature", 21, undefined, 21, "°C"],
  ["temperature", 21, "°X", 21, "°X"],
  ["flow", 21, "L/min", 21, "L/min"],
] as const;
for (const [metric, value, unit, expected, expectedUnit] of conversions)
  t.test(`${metric} ${value} ${unit ?? "without a unit"}`, async (t) => {
    const got = toCanonical(metric, value, unit);
    t.ok(Math.abs(got.value - expected) < 1e-6, `${got.value}`);
    t.equal(got.unit, expectedUnit);
  });

t.test("numbers are finite, and texts only when they are nothing else", async (t) => {
  for (const [text, expected] of [
    ["21.5", 21.5],
    [" -3 ", -3],
    ["1e3", 1_000],
    [".5", 0.5],
  ] as const)
    t.equal(toNumber(text), expected);
  for (const value of [
    "",
    " ",
    "n/a",
    "21 °C",
    "0x10",
    "1e999",
    "NaN",
    "Infinity",
    null,
    true,
    [],
    {},
    Number.NaN,
  ])
    t.equal(toNumber(value), undefined, JSON.stringify(value));
});

t.test("what devices write for yes and no", async (t) => {
  for (const value of [true, 1, "1", "ON", "on", "true", "True", "open", "yes"])
    t.equal(toBoolean(value), true);
  for (const value of [false, 0, "0", "OFF", "false", "closed", "close", "no"])
    t.equal(toBoolean(value), false);
  for (const value of [2, "2", "toggle", "", null, undefined, {}]) t.equal(toBoolean(value), undefined);
});
