// Draws every [data-chart] with uPlot from /api/v1/series. Until then, and without this script, the drawing that the
// server made stands in its place. All texts go in by textContent.

/**
 * @typedef {{ id: string, label: string }} Wanted
 * @typedef {{ id: string, unit: string, columns: (number | null)[][] }} Answer
 * @typedef {(number | null | undefined)[][]} Data
 * @typedef {{ label: string, index: number, colour: string, sign?: number, low?: number, high?: number }} Line
 * @typedef {{ plot: HTMLElement, wanted: Wanted[], kind: string, unit: string, factor: number, data: Data, readout: HTMLElement, chart?: any }} Chart
 */

const uPlot = /** @type {any} */ (window).uPlot;
const height = 200;
const refreshMs = 60_000;
/** @type {Map<HTMLElement, Chart>} */
const charts = new Map();
const floating = new Set(["°C", "V", "Hz", "hPa", "dBm", "dB"]);

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

/** A colour of the tokens (#rrggbb) made see-through. @param {string} hex @param {number} alpha */
function tint(hex, alpha) {
  return `${hex}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

const steps = ["", "k", "M", "G", "T"];

/** @param {number | null | undefined} value @param {string} unit */
function say(value, unit) {
  if (value === null || value === undefined) return "–";
  let rest = Math.abs(value);
  let step = 0;
  const scaled = unit === "bit/s" || unit === "B" || unit === "B/s";
  while (scaled && rest >= 999.5 && step < steps.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  const digits = rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${Number(rest.toFixed(digits))}\u00A0${steps[step]}${unit}`
    .replace(/^/, value < 0 && unit !== "bit/s" ? "−" : "")
    .trim();
}

/** Same height of the label column on every chart. @param {number[]} splits @param {string} unit */
function axisWords(splits, unit) {
  return splits.map((value) => say(value, unit));
}

/** @param {string} zone */
function timeWords(zone) {
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

/** @param {HTMLElement} plot */
function spanOf(plot) {
  const from = Number(plot.dataset["from"]);
  const to = Number(plot.dataset["to"]);
  const shift = plot.dataset["mark"] ? 0 : performance.now();
  return { from: from + shift, to: to + shift };
}

/** @param {Chart} chart */
async function fetchData({ plot, wanted, kind, factor }) {
  const { from, to } = spanOf(plot);
  const query = new URLSearchParams({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step: "auto",
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
  return /** @type {Data} */ (tables.length > 1 ? uPlot.join(tables) : tables[0]);
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

/** @param {Chart} chart */
function seriesOf({ kind, wanted }) {
  const first = colour("--s1");
  const second = colour("--s2");
  const hidden = { stroke: "transparent", width: 0, points: { show: false } };
  /** @param {string} stroke */
  const line = (stroke) => ({ stroke, width: 1.5, points: { size: 4 } });
  const bare = { points: { show: false } };
  if (kind === "band")
    return { series: [hidden, hidden, line(first)], bands: [{ series: [2, 1], fill: tint(first, 0.2) }] };
  if (kind === "smoke")
    return {
      series: [hidden, hidden, { ...line(first), ...bare }, hidden, hidden, { ...hidden, scale: "loss" }],
      bands: [
        { series: [5, 1], fill: tint(first, 0.16) },
        { series: [4, 2], fill: tint(first, 0.28) },
      ],
    };
  if (kind === "mirror")
    return {
      series: [
        { ...line(first), ...bare, fill: tint(first, 0.24) },
        { ...hidden, fill: tint(first, 0.1) },
        { ...line(second), ...bare, fill: tint(second, 0.24) },
        { ...hidden, fill: tint(second, 0.1) },
      ],
      bands: [],
    };
  const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3]];
  return {
    series: wanted.map((_, at) => ({ ...line(colour(`--s${at + 1}`)), ...bare, dash: dashes[at] })),
    bands: [],
  };
}

/** The value that 95 of 100 stay below. @param {(number | null | undefined)[] | undefined} column */
function percentile95(column) {
  const sorted = (column ?? [])
    .filter((value) => typeof value === "number")
    .map(Math.abs)
    .sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))];
}

/** A dashed line across with its text. @param {any} u @param {number} value @param {string} text @param {string} stroke */
function across(u, value, text, stroke) {
  const { ctx, bbox } = u;
  const y = u.valToPos(value, "y", true);
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.fillStyle = stroke;
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.textBaseline = value < 0 ? "top" : "bottom";
  ctx.fillText(text, bbox.left + bbox.width - 4 * ratio, y + (value < 0 ? 2 : -2) * ratio);
  ctx.restore();
}

/** Loss as blocks on the floor, as high as the loss. @param {any} u @param {Data} data */
function drawLoss(u, data) {
  const times = data[0] ?? [];
  const loss = data[6] ?? [];
  const { ctx, bbox } = u;
  const stepS = (times[1] ?? 60) - (times[0] ?? 0);
  ctx.save();
  ctx.fillStyle = tint(colour("--down"), 0.5);
  for (const [index, share] of loss.entries()) {
    if (!share) continue;
    const x = u.valToPos(times[index], "x", true);
    const width = Math.max(2, u.valToPos((times[index] ?? 0) + stepS, "x", true) - x);
    const high = Math.max(3, (bbox.height * share) / 100);
    const left = Math.round(Math.max(bbox.left, x));
    const right = Math.round(Math.min(bbox.left + bbox.width, x + width));
    if (right > left) ctx.fillRect(left, bbox.top + bbox.height - high, right - left, high);
  }
  ctx.restore();
}

/** A moment with its text. @param {any} u @param {{ atMs: number, text: string }} mark */
function drawMark(u, { atMs, text }) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const x = u.valToPos(atMs / 1_000, "x", true);
  ctx.save();
  ctx.strokeStyle = colour("--text");
  ctx.fillStyle = colour("--text");
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "right";
  ctx.fillText(text, x - 4 * ratio, bbox.top + 2 * ratio);
  ctx.restore();
}

/** @param {Chart} chart @param {any} u */
function drawExtras({ plot, kind, data, unit }, u) {
  if (kind === "smoke") drawLoss(u, data);
  if (kind === "mirror")
    for (const [index, sign, name] of /** @type {[number, number, string][]} */ ([
      [1, 1, "--s1"],
      [3, -1, "--s2"],
    ])) {
      const value = percentile95(data[index]);
      if (value) across(u, sign * value, `95 %: ${say(value, unit)}`, colour(name));
    }
  const limits = /** @type {{ value: number, text: string }[]} */ (
    JSON.parse(plot.dataset["limits"] ?? "[]")
  );
  for (const { value, text } of limits) across(u, value, text, colour("--warn"));
  if (plot.dataset["mark"]) drawMark(u, JSON.parse(plot.dataset["mark"]));
}

/** From zero for what is counted, else ten percent around. @param {Chart} chart */
function yRange({ kind, unit }) {
  return (/** @type {any} */ _u, /** @type {number | null} */ low, /** @type {number | null} */ high) => {
    if (low === null || high === null) return kind === "mirror" ? [-1, 1] : [0, 1];
    if (kind === "mirror") {
      const most = Math.max(-low, high, 1_000) * 1.1;
      return [-most, most];
    }
    if (floating.has(unit)) {
      const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.1;
      return [low - pad, high + pad];
    }
    return [0, unit === "%" && high > 60 ? 100 : high * 1.1 || 1];
  };
}

/** @param {Chart} chart */
function optionsOf(chart) {
  const { plot, unit } = chart;
  const words = timeWords(plot.dataset["zone"] ?? "UTC");
  const { series, bands } = seriesOf(chart);
  const muted = colour("--muted");
  const grid = { stroke: tint(colour("--line"), 0.22), width: 1 };
  const font = "12px system-ui, sans-serif";
  const { from, to } = spanOf(plot);
  return {
    width: Math.max(240, plot.clientWidth),
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "page" }, y: false, drag: { x: true, y: false }, points: { size: 6 } },
    tzDate: (/** @type {number} */ s) => uPlot.tzDate(new Date(s * 1_000), plot.dataset["zone"]),
    scales: {
      x: {
        time: true,
        range: (/** @type {any} */ _u, /** @type {number} */ low, /** @type {number} */ high) =>
          low > from / 1_000 + 120 && high < to / 1_000 - 120 ? [low, high] : [from / 1_000, to / 1_000],
      },
      y: { range: yRange(chart) },
      loss: { range: [0, 100] },
    },
    axes: [
      {
        stroke: muted,
        font,
        grid,
        ticks: { show: false },
        size: 28,
        values: (
          /** @type {any} */ _u,
          /** @type {number[]} */ splits,
          /** @type {number} */ _axis,
          /** @type {number} */ _space,
          /** @type {number} */ incr,
        ) => splits.map((s) => words.axis(s, incr)),
      },
      {
        stroke: muted,
        font,
        grid,
        ticks: { show: false },
        size: 76,
        space: 36,
        values: (/** @type {any} */ _u, /** @type {number[]} */ splits) => axisWords(splits, unit),
      },
    ],
    series: [{}, ...series.map((one) => ({ spanGaps: false, ...one }))],
    bands,
    hooks: {
      draw: [(/** @type {any} */ u) => drawExtras(chart, u)],
      setCursor: [(/** @type {any} */ u) => readOut(chart, u.cursor.idx ?? null, words.full)],
    },
  };
}

/** The values under the cursor, or the newest. @param {Chart} chart @param {number | null} at @param {(s: number) => string} when */
function readOut(chart, at, when) {
  const { data, readout, unit, kind } = chart;
  const time = at === null ? undefined : data[0]?.[at];
  /** @type {Node[]} */
  const nodes = [];
  /** @param {string} text @param {string} [name] */
  const add = (text, name) => {
    const span = document.createElement("span");
    span.textContent = text;
    if (name) span.className = name;
    nodes.push(span);
  };
  if (typeof time === "number") add(when(time), "when");
  for (const { label, index, colour: name, sign = 1, low, high } of linesOf(chart)) {
    const isLoss = kind === "smoke" && index === 6;
    const value = at === null ? undefined : data[index]?.[at];
    const text =
      at === null ? "" : ` ${say(typeof value === "number" ? sign * value : value, isLoss ? "%" : unit)}`;
    const band =
      at !== null && low && high && typeof value === "number"
        ? ` (${say(data[low]?.[at], "")} – ${say(data[high]?.[at], unit)})`
        : "";
    add(`${label}${text}${band}`, `key ${name.replace(/^--s?/, "k")}`);
  }
  readout.replaceChildren(...nodes);
}

/** @param {Chart} chart */
function draw(chart) {
  chart.chart?.destroy();
  chart.plot.querySelector(".drawing")?.remove();
  chart.chart = new uPlot(optionsOf(chart), chart.data, chart.plot);
  readOut(chart, null, String);
}

/** @param {Chart} chart */
function fillTable(chart) {
  const details = chart.plot.parentElement?.querySelector("details");
  if (!details?.open || !chart.data[0]?.length) return;
  const words = timeWords(chart.plot.dataset["zone"] ?? "UTC");
  const lines = linesOf(chart);
  const table = document.createElement("table");
  table.className = "figures";
  const head = table.createTHead().insertRow();
  for (const text of [details.dataset["table"] ?? "", ...lines.map(({ label }) => label)]) {
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
    for (const { index, sign = 1 } of lines) {
      const value = chart.data[index]?.[at];
      const unit = chart.kind === "smoke" && index === 6 ? "%" : chart.unit;
      row.insertCell().textContent = say(typeof value === "number" ? sign * value : value, unit);
    }
  }
  const box = document.createElement("div");
  box.className = "scroll";
  box.tabIndex = 0;
  box.append(table);
  details.replaceChildren(...[details.querySelector("summary"), box].filter((node) => node !== null));
}

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
    wanted: JSON.parse(plot.dataset["series"] ?? "[]"),
    kind: plot.dataset["chart"] ?? "band",
    unit: plot.dataset["unit"] ?? "",
    factor: Number(plot.dataset["factor"] ?? 1),
    data: [],
  };
  charts.set(plot, chart);
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
  for (const chart of charts.values()) if (!chart.plot.dataset["mark"] && chart.plot.isConnected) load(chart);
}, refreshMs);
