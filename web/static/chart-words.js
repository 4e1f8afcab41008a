// What charts say: values, times, the line under the chart, the table. All texts go in by textContent.

/** @typedef {import("./charts.js").Chart} Chart */
/** @typedef {import("./charts.js").Line} Line */

const steps = ["", "k", "M", "G", "T"];
const scaledUnits = new Set(["bit/s", "B", "B/s"]);

/** @param {number | null | undefined} value @param {string} unit */
export function say(value, unit) {
  if (value === null || value === undefined) return "–";
  let rest = Math.abs(value);
  let step = 0;
  while (scaledUnits.has(unit) && rest >= 999.5 && step < steps.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  const digits = rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${Number(rest.toFixed(digits))}\u00A0${steps[step]}${unit}`
    .replace(/^/, value < 0 && unit !== "bit/s" ? "−" : "")
    .trim();
}

/** As many digits as tell the labels apart, and as many for each. @param {number[]} splits @param {string} unit */
export function axisWords(splits, unit) {
  const gap = (splits[1] ?? 1) - (splits[0] ?? 0);
  if (scaledUnits.has(unit) || !(gap > 0)) return splits.map((value) => say(value, unit));
  const digits =
    [0, 1, 2, 3, 4].find((count) => Math.abs(gap * 10 ** count - Math.round(gap * 10 ** count)) < 1e-6) ?? 4;
  return splits.map((value) => `${value.toFixed(digits)}\u00A0${unit}`);
}

/** Times in the site's zone. @param {string} [zone] */
export function timeWords(zone = "UTC") {
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" });
  return {
    /** @param {number} s @param {number} incr */
    axis(s, incr) {
      const text = clock.format(s * 1_000);
      return incr >= 86_400 || text === "00:00" ? day.format(s * 1_000) : text;
    },
    /** @param {number} s */
    full: (s) => `${day.format(s * 1_000)} ${clock.format(s * 1_000)}`,
  };
}

/** What is read out and shown in the table. @param {Chart} chart @returns {Line[]} */
function linesOf({ kind, wanted }) {
  /** @param {number} at */
  const label = (at) => wanted[at]?.label ?? "";
  if (kind === "band") return [{ label: label(0), index: 3, colour: "--s1", low: 1, high: 2 }];
  if (kind === "smoke")
    return [
      { label: label(2), index: 3, colour: "--s1", low: 1, high: 5 },
      { label: label(5), index: 6, colour: "--down" },
    ];
  if (kind === "mirror")
    return [
      { label: label(0), index: 1, colour: "--s1" },
      { label: label(1), index: 3, colour: "--s2", sign: -1 },
    ];
  return wanted.map((_, at) => ({ label: label(at), index: at + 1, colour: `--s${at + 1}` }));
}

/** A line's value at a row, in words. @param {Chart} chart @param {Line} line @param {number} at */
function valueWords({ data, kind, unit }, { index, sign = 1 }, at) {
  const value = data[index]?.[at];
  const isLoss = kind === "smoke" && index === 6;
  return say(typeof value === "number" ? sign * value : value, isLoss ? "%" : unit);
}

/** Lowest and highest of a band at a row. @param {Chart} chart @param {Line} line @param {number} at */
function bandWords({ data, unit }, { low, high }, at) {
  if (!low || !high) return "";
  const [least, most] = [data[low]?.[at], data[high]?.[at]];
  if (typeof least !== "number" || typeof most !== "number") return "";
  return ` (${say(least, "")} – ${say(most, unit)})`;
}

/** @param {string} text @param {string} name */
function span(text, name) {
  const element = document.createElement("span");
  element.textContent = text;
  element.className = name;
  return element;
}

/** The values under the cursor; without one the key to the lines. @param {Chart} chart @param {number | null} at */
export function readOut(chart, at) {
  const lines = linesOf(chart).map((line) => {
    const values = at === null ? "" : ` ${valueWords(chart, line, at)}${bandWords(chart, line, at)}`;
    return span(`${line.label}${values}`, `key ${line.colour.replace(/^--s?/, "k")}`);
  });
  const time = at === null ? undefined : chart.data[0]?.[at];
  const when = typeof time === "number" ? [span(timeWords(chart.plot.dataset.zone).full(time), "when")] : [];
  chart.readout.replaceChildren(...when, ...lines);
}

/** At most 200 rows, newest first, once the table is opened. @param {Chart} chart */
export function fillTable(chart) {
  const details = chart.plot.parentElement?.querySelector("details");
  if (!details?.open || !chart.data[0]?.length) return;
  const words = timeWords(chart.plot.dataset.zone);
  const lines = linesOf(chart);
  const table = document.createElement("table");
  table.className = "figures";
  const head = table.createTHead().insertRow();
  for (const text of [details.dataset.table ?? "", ...lines.map(({ label }) => label)]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  const times = chart.data[0];
  const stride = Math.max(1, Math.ceil(times.length / 200));
  for (let at = times.length - 1; at >= 0; at -= stride) {
    const row = body.insertRow();
    const when = document.createElement("th");
    when.scope = "row";
    when.textContent = words.full(Number(times[at]));
    row.append(when);
    for (const line of lines) row.insertCell().textContent = valueWords(chart, line, at);
  }
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.append(table);
  details.replaceChildren(...[details.querySelector("summary"), box].filter((node) => node !== null));
}
