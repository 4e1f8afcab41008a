// Draws every [data-chart] with uPlot from /api/v1/series. Until then, and without this script, the drawing that the
// server made stands in its place. All texts go in by textContent.

import { height, optionsOf, spanOf } from "./chart-paint.js";
import { fillTable, readOut } from "./chart-words.js";

/**
 * @typedef {{ id: string, label: string }} Wanted
 * @typedef {{ id: string, unit: string, columns: (number | null)[][] }} Answer
 * @typedef {(number | null | undefined)[][]} Data
 * @typedef {{ label: string, index: number, colour: string, sign?: number, low?: number, high?: number }} Line
 * @typedef {{ plot: HTMLElement, wanted: Wanted[], kind: string, unit: string, factor: number, data: Data, readout: HTMLElement, zoom?: [number, number], chart?: any }} Chart
 */

const uPlot = /** @type {any} */ (window).uPlot;
const refreshMs = 60_000;
/** uPlot.join's NULL_EXPAND. */
const expandNulls = 2;
/** @type {Map<HTMLElement, Chart>} */
const charts = new Map();

/** One point for two pixels: min and max of each step keep the peaks. @param {HTMLElement} plot @param {number} spanMs */
function stepOf(plot, spanMs) {
  const minutes = (spanMs * 2) / Math.max(240, plot.clientWidth) / 60_000;
  return minutes <= 1 ? "raw" : `${Math.ceil(minutes)}m`;
}

/** @param {Chart} chart */
async function fetchData({ plot, wanted, kind, factor }) {
  const { from, to } = spanOf(plot);
  const query = new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step: stepOf(plot, to - from),
  });
  for (const { id } of wanted) query.append("s", id);
  const response = await fetch(`/api/v1/series?${query}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  /** @type {{ series: Answer[] }} */
  const { series } = await response.json();
  const tables = series.map(({ columns }, index) => {
    const [t = [], min = [], avg = [], max = []] = columns;
    /** @param {(number | null)[]} column @param {number} by */
    const times = (column, by) => column.map((value) => (value === null ? null : value * by));
    const sign = kind === "mirror" && index === 1 ? -factor : factor;
    if (kind === "band") return [t, times(min, sign), times(max, sign), times(avg, sign)];
    if (kind === "mirror") return [t, times(avg, sign), times(max, sign)];
    return [t, times(avg, sign)];
  });
  // A null is a gap until the next value of its own series, whatever moments the others have in between.
  const modes = tables.map((table) => table.map(() => expandNulls));
  return /** @type {Data} */ (tables.length > 1 ? uPlot.join(tables, modes) : tables[0]);
}

/** @param {Chart} chart */
function draw(chart) {
  chart.chart?.destroy();
  chart.plot.querySelector(".drawing")?.remove();
  chart.chart = new uPlot(optionsOf(chart, uPlot), chart.data, chart.plot);
  readOut(chart, null);
}

const unzoom = () => {
  for (const chart of charts.values()) chart.zoom = undefined;
};

/** Arrow keys move the cursor of a focused chart. @param {Chart} chart @param {KeyboardEvent} event */
function onKey(chart, event) {
  const u = chart.chart;
  const times = chart.data[0] ?? [];
  const by = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (by === undefined || !u) return;
  event.preventDefault();
  const pace = event.shiftKey ? 10 : 1;
  const now = u.cursor.idx ?? times.length - 1;
  const next = Math.min(times.length - 1, Math.max(0, now + (Number.isFinite(by) ? by * pace : by)));
  u.setCursor({ left: u.valToPos(times[next], "x"), top: height / 3 });
}

/** @param {HTMLElement} plot */
async function start(plot) {
  const readout = document.createElement("p");
  readout.className = "readout";
  plot.after(readout);
  /** @type {Chart} */
  const chart = {
    plot,
    readout,
    wanted: JSON.parse(plot.dataset.series ?? "[]"),
    kind: plot.dataset.chart ?? "band",
    unit: plot.dataset.unit ?? "",
    factor: Number(plot.dataset.factor ?? 1),
    data: [],
  };
  charts.set(plot, chart);
  plot.addEventListener("dblclick", unzoom, { capture: true });
  plot.addEventListener("keydown", (event) => onKey(chart, event));
  plot.parentElement?.querySelector("details")?.addEventListener("toggle", () => fillTable(chart));
  if (await load(chart))
    new ResizeObserver(() =>
      chart.chart?.setSize({ width: Math.max(240, plot.clientWidth), height }),
    ).observe(plot);
}

/** @param {Chart} chart */
async function load(chart) {
  try {
    const data = await fetchData(chart);
    if (!data[0]?.length) return false;
    chart.data = data;
    if (chart.chart) chart.chart.setData(data);
    else draw(chart);
    fillTable(chart);
    return true;
  } catch {
    // The server's own drawing and the sentence stay; the page says by itself when the box is away.
    return false;
  }
}

function startAll() {
  for (const plot of document.querySelectorAll("[data-chart]"))
    if (plot instanceof HTMLElement && !charts.has(plot)) start(plot);
}

const redraw = () => {
  for (const chart of charts.values()) if (chart.chart) draw(chart);
};

startAll();
document.addEventListener("htmx:after:swap", startAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
setInterval(() => {
  if (document.visibilityState !== "visible" || document.body.hasAttribute("data-stale")) return;
  for (const chart of charts.values()) if (!chart.plot.dataset.mark && chart.plot.isConnected) load(chart);
}, refreshMs);
