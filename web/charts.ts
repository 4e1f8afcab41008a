import { type Columns, withGapsOfSilence } from "../appliance/model/series.ts";
import type { SeriesId } from "../appliance/model/site.ts";
import type { TimeRange } from "../appliance/model/time.ts";
import type { Html } from "./html.ts";
import { cut, html } from "./html.ts";
import type { PageContext } from "./page.ts";

/** `smoke` wants the series p10, p25, p50, p75, p90 and loss in this order, `mirror` in and out. */
export type ChartKind = "band" | "lines" | "smoke" | "mirror";

export interface ChartPlan {
  /** Unique on the page; also the value of `?table=`. */
  readonly id: string;
  readonly kind: ChartKind;
  readonly title: string;
  readonly series: readonly { readonly id: SeriesId; readonly label: string }[];
  /** Of the values drawn. */
  readonly unit: string;
  /** Values are multiplied by it before they are drawn: 8 from octets to bits. */
  readonly factor?: number;
  readonly range: TimeRange;
  /** A moment to mark. */
  readonly mark?: { readonly atMs: number; readonly text: string };
  /** Lines across; one `inView` is always shown, however far from the values. */
  readonly limits?: readonly { readonly value: number; readonly text: string; readonly inView?: true }[];
  /** A value as people read it. */
  readonly say: (value: number) => string;
  /** What the chart is about, for those who do not see it: "Reply time of Switch 1". */
  readonly about: string;
  /** The page without its query. */
  readonly path: string;
}

const points = 120;
const width = 600;
const height = 160;

interface Drawn {
  readonly label: string;
  readonly columns: Columns;
}

/** A chart: its sentence, a line made here, the figures as a table, and what `charts.js` needs to draw it well. */
export async function chart(c: PageContext, plan: ChartPlan): Promise<Html> {
  const stepMs = Math.max(60_000, (plan.range.toMs - plan.range.fromMs) / points);
  const drawn = await Promise.all(
    plan.series.map(async ({ id, label }) => ({
      label,
      columns: scaledBy(await c.view.store.query(id, plan.range, stepMs), plan.factor ?? 1),
    })),
  );
  const said = sentence(c, plan, drawn);
  const isOpen = c.query.table === plan.id;
  const query = new URLSearchParams({ ...c.query, table: plan.id }).toString();
  return html`<figure class="chart" id="${plan.id}">
<figcaption><h3>${cut(plan.title, 80)}</h3><p>${said}</p></figcaption>
<div class="plot" role="img" tabindex="0" aria-label="${plan.about}: ${said}" hx-morph-skip data-chart="${plan.kind}" data-series="${JSON.stringify(plan.series)}" data-unit="${plan.unit}" data-factor="${plan.factor ?? 1}" data-from="${Math.round(plan.range.fromMs)}" data-to="${Math.round(plan.range.toMs)}" data-zone="${c.words.timezone}"${plan.mark && html` data-mark="${JSON.stringify(plan.mark)}"`}${plan.limits && html` data-limits="${JSON.stringify(plan.limits)}"`}>${drawing(plan, drawn)}</div>
<details class="astable"${isOpen && html` open`} data-table="${c.t.plain("chart.time")}"><summary>${c.t("chart.table")}</summary>${
    isOpen
      ? table(c, plan, drawn)
      : html`<p><a href="${plan.path}?${query}#${plan.id}">${c.t("chart.open")}</a></p>`
  }</details>
</figure>`;
}

function scaledBy(columns: Columns, factor: number): Columns {
  if (factor === 1) return columns;
  const times = (column: Float64Array) => column.map((value) => value * factor);
  return { ...columns, min: times(columns.min), avg: times(columns.avg), max: times(columns.max) };
}

function finite(column: Float64Array): number[] {
  return Array.from(column).filter(Number.isFinite);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** "usually 1.2 ms, highest 38 ms at 03:10, no loss". */
function sentence(c: PageContext, plan: ChartPlan, drawn: readonly Drawn[]): string {
  const main = plan.kind === "smoke" ? drawn.slice(2, 3) : drawn.slice(0, plan.kind === "mirror" ? 2 : 6);
  const [loss] = plan.kind === "smoke" ? drawn.slice(5, 6) : [];
  // Without a record of what was lost nobody asked: that is no silence of the device.
  const isAsked = loss !== undefined && finite(loss.columns.avg).length > 0;
  const one = (shown: Drawn): string => {
    const { avg, max, timesMs } = shown.columns;
    const values = finite(avg);
    if (values.length === 0) return c.t.plain(isAsked ? "chart.noreply" : "chart.nothing");
    const peak = Math.max(...finite(max));
    const atMs = timesMs[max.indexOf(peak)] ?? 0;
    return c.t.plain("chart.usual", {
      usual: plan.say(median(values)),
      peak: plan.say(peak),
      at: c.words.moment(atMs, c.nowMs),
    });
  };
  const filled = main.filter(({ columns }) => finite(columns.avg).length > 0);
  if (filled.length === 0 && !isAsked) return c.t.plain("chart.nothing.sentence");
  const parts = (filled.length > 0 ? filled : main).map((shown) =>
    main.length > 1 ? `${shown.label}: ${one(shown)}` : one(shown),
  );
  if (loss) parts.push(lossWords(c, finite(loss.columns.avg)));
  const text = parts.filter((part) => part !== "").join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function lossWords(c: PageContext, values: readonly number[]): string {
  if (values.length === 0) return "";
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (mean === 0) return c.t.plain("chart.noloss");
  return c.t.plain("chart.loss", { loss: mean < 1 ? "<1" : String(Math.round(mean)) });
}

/** The same numbers as lines without axes, for browsers without script and until the script has drawn. */
function drawing(plan: ChartPlan, drawn: readonly Drawn[]): Html {
  const mirrored = plan.kind === "mirror";
  const shown = plan.kind === "smoke" ? drawn.slice(2, 3) : drawn;
  const peaks = shown.flatMap(({ columns }) => finite(columns.max));
  const lows = shown.flatMap(({ columns }) => finite(columns.min));
  const top = Math.max(...peaks, 0) || 1;
  const bottom = mirrored ? -top : Math.min(...lows, 0);
  const y = (value: number) => (height - ((value - bottom) / (top - bottom)) * height).toFixed(1);
  const x = (timeMs: number) =>
    (((timeMs - plan.range.fromMs) / (plan.range.toMs - plan.range.fromMs)) * width).toFixed(1);
  const lines = shown.map(({ columns }, index) => {
    const sign = mirrored && index === 1 ? -1 : 1;
    let [path, pen] = ["", "M"];
    const { timesMs, avg } = withGapsOfSilence(columns);
    for (const [at, value] of avg.entries()) {
      if (Number.isFinite(value)) path += `${pen}${x(timesMs[at] ?? 0)} ${y(sign * value)}`;
      pen = Number.isFinite(value) ? "L" : "M";
    }
    return html`<path class="l${index + 1}" d="${path}"/>`;
  });
  return html`<svg class="drawing" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true"><path class="axis" d="M0 ${y(0)}H${width}"/>${lines}</svg>`;
}

/** At most 200 rows, newest first. */
function table(c: PageContext, plan: ChartPlan, drawn: readonly Drawn[]): Html {
  const times = Array.from(drawn[0]?.columns.timesMs ?? []);
  const rows = times
    .map((timeMs, index) => ({ timeMs, index }))
    .reverse()
    .slice(0, 200)
    .map(
      ({ timeMs, index }) =>
        html`<tr><th scope="row">${c.words.moment(timeMs, c.nowMs)}</th>${drawn.map(({ columns }) => html`<td>${plan.say(columns.avg[index] ?? Number.NaN)}</td>`)}</tr>`,
    );
  return html`<div class="scroll" tabindex="0"><table class="figures"><thead><tr><th scope="col">${c.t("chart.time")}</th>${drawn.map(({ label }) => html`<th scope="col">${label}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
