// How charts look: lines, bands, loss, limits, axes. Colours come from the style sheet.

import { axisWords, readOut, say, timeWords } from "./chart-words.js";

/** @typedef {import("./charts.js").Chart} Chart */
/** @typedef {import("./charts.js").Data} Data */

const floating = new Set(["°C", "V", "Hz", "hPa", "dBm", "dB"]);

export const height = 200;

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

/** From and to in ms; a chart that ends now moves on with the time. @param {HTMLElement} plot */
export function spanOf(plot) {
  const from = Number(plot.dataset.from);
  const to = Number(plot.dataset.to);
  const shift = plot.dataset.mark ? 0 : performance.now();
  return { from: from + shift, to: to + shift };
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
  for (const { value, text } of limitsOf(plot)) across(u, value, text, colour("--warn"));
  if (plot.dataset.mark) drawMark(u, JSON.parse(plot.dataset.mark));
}

/** @param {HTMLElement} plot @returns {{ value: number, text: string, inView?: boolean }[]} */
function limitsOf(plot) {
  return JSON.parse(plot.dataset.limits ?? "[]");
}

/** From zero for what is counted, else ten percent around. @param {Chart} chart */
function yRange({ plot, kind, unit }) {
  const wanted = limitsOf(plot)
    .filter(({ inView }) => inView)
    .map(({ value }) => value);
  return (
    /** @type {any} */ _u,
    /** @type {number | null} */ lowest,
    /** @type {number | null} */ highest,
  ) => {
    if (lowest === null || highest === null) return kind === "mirror" ? [-1, 1] : [0, 1];
    const low = Math.min(lowest, ...wanted);
    const high = Math.max(highest, ...wanted);
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

/** The span shown: what was dragged over, else all of it. @param {Chart} chart */
function xRange(chart) {
  return () => {
    const { from, to } = spanOf(chart.plot);
    return chart.zoom ?? [from / 1_000, to / 1_000];
  };
}

/** @param {Chart} chart */
function axesOf({ plot, unit }) {
  const words = timeWords(plot.dataset.zone);
  const look = {
    stroke: colour("--muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: tint(colour("--line"), 0.22), width: 1 },
    ticks: { show: false },
  };
  /** @param {any} _u @param {number[]} splits @param {number} _axis @param {number} _space @param {number} incr */
  const times = (_u, splits, _axis, _space, incr) => splits.map((s) => words.axis(s, incr));
  /** @param {any} _u @param {number[]} splits */
  const values = (_u, splits) => axisWords(splits, unit);
  return [
    { ...look, size: 28, values: times },
    { ...look, size: 76, space: 36, values },
  ];
}

/** @param {Chart} chart @param {any} uPlot */
export function optionsOf(chart, uPlot) {
  const { series, bands } = seriesOf(chart);
  return {
    width: Math.max(240, chart.plot.clientWidth),
    height,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "page" }, y: false, drag: { x: true, y: false }, points: { size: 6 } },
    tzDate: (/** @type {number} */ s) => uPlot.tzDate(new Date(s * 1_000), chart.plot.dataset.zone),
    scales: {
      x: { time: true, range: xRange(chart) },
      y: { range: yRange(chart) },
      loss: { range: [0, 100] },
    },
    axes: axesOf(chart),
    series: [{}, ...series.map((one) => ({ spanGaps: false, ...one }))],
    bands,
    hooks: {
      draw: [(/** @type {any} */ u) => drawExtras(chart, u)],
      setCursor: [(/** @type {any} */ u) => readOut(chart, u.cursor.idx ?? null)],
      setSelect: [
        (/** @type {any} */ u) => {
          const { left, width } = u.select;
          if (width > 0) chart.zoom = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
        },
      ],
    },
  };
}
