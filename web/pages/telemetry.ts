import { metricOf } from "../../appliance/model/metric.ts";
import type { State } from "../../appliance/model/site.ts";
import { ago } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import type { TelemetryRow } from "../parts/telemetry.ts";
import { shownReadings, tableRow, telemetryRows, tile } from "../parts/telemetry.ts";

const columns = ["device", "now", "day", "limits", "own", "seen"] as const;
const noRoom = "-";

const roomOf = ({ device }: TelemetryRow) => device.room ?? noRoom;

function isShown(c: PageContext, row: TelemetryRow): boolean {
  const { room, metric } = c.query;
  return (
    (!room || cut(roomOf(row)) === room) &&
    (!metric || row.readings.some(({ sensor }) => sensor.metric === metric))
  );
}

const isOutOfRange = ({ readings, isSilent }: TelemetryRow) =>
  !isSilent && readings.some(({ severity }) => severity === "warning" || severity === "critical");

function sentence(c: PageContext, rows: readonly TelemetryRow[]): string {
  if (rows.length === 0) return c.t.plain("telemetry.sentence.none");
  const silent = rows.filter(({ isSilent, lastSeenMs }) => isSilent && lastSeenMs !== undefined).length;
  const out = rows.filter((row) => isOutOfRange(row) || row.state === "warning").length;
  const range =
    out === 0 ? c.t.plain("telemetry.sentence.range") : c.t.plain("telemetry.sentence.out", { count: out });
  return silent === 0
    ? `${range}.`
    : `${range}; ${c.t.plain("telemetry.sentence.silent", { count: silent })}.`;
}

function worstOf(rows: readonly TelemetryRow[]): State {
  if (rows.some(({ state }) => state === "down")) return "down";
  if (rows.some((row) => row.state === "warning" || isOutOfRange(row))) return "warning";
  return rows.some(({ isSilent }) => !isSilent) ? "ok" : "unknown";
}

function titlePart(c: PageContext): Html {
  const rows = telemetryRows(c);
  return html`<div class="title" data-state="${worstOf(rows)}" data-title="${sentence(c, rows)}"><h1>${sentence(c, rows)}</h1>${waiting(c, rows)}</div>`;
}

/** Alarms of what nobody approved are off: said once, with the way to change it. */
function waiting(c: PageContext, rows: readonly TelemetryRow[]): Html | false {
  const count = rows.filter(({ device }) => !device.approved).length;
  return (
    count > 0 &&
    html`<p class="muted">${c.t("telemetry.waiting", { count })} <a href="/inbox">${c.t("telemetry.approve")}</a></p>`
  );
}

function heading(c: PageContext, row: TelemetryRow): string {
  if (row.isSilent) return c.t.plain("telemetry.silents");
  return row.device.room === undefined ? c.t.plain("telemetry.noroom") : cut(row.device.room, 60);
}

/** Rows one after the other that share a heading. */
function grouped(c: PageContext, rows: readonly TelemetryRow[]): { title: string; rows: TelemetryRow[] }[] {
  const groups: { title: string; rows: TelemetryRow[] }[] = [];
  for (const row of rows) {
    const title = heading(c, row);
    const last = groups.at(-1);
    if (last?.title === title) last.rows.push(row);
    else groups.push({ title, rows: [row] });
  }
  return groups;
}

async function tablePart(c: PageContext, rows: readonly TelemetryRow[]): Promise<Html> {
  const groups = grouped(c, rows);
  const { metric } = c.query;
  // A column without anything in it only takes room.
  const hasLimits = rows.some((row) => shownReadings(row, metric)[0]?.sensor.limits !== undefined);
  const shown = columns.filter((name) => name !== "limits" || hasLimits);
  // A heading for each single device says nothing that its row does not.
  const hasHeadings = groups.length > 1 && groups.some((group) => group.rows.length > 1);
  const bodies = await Promise.all(
    groups.map(
      async (group) =>
        html`<tbody>${hasHeadings && html`<tr class="grouphead"><th scope="rowgroup" colspan="${shown.length}"><bdi>${group.title}</bdi></th></tr>`}${await Promise.all(group.rows.map((row) => tableRow(c, row, { metric, hasLimits })))}</tbody>`,
    ),
  );
  const head = shown.map((name) => html`<th scope="col">${c.t(`telemetry.col.${name}`)}</th>`);
  return html`<table class="list telemetry"><caption class="hidden">${c.t("nav.telemetry")}</caption><thead><tr>${head}</tr></thead>${bodies}</table>`;
}

async function tilesPart(c: PageContext, rows: readonly TelemetryRow[]): Promise<Html> {
  return html`<ul class="sensortiles">${await Promise.all(rows.map((row) => tile(c, row, c.query.metric)))}</ul>`;
}

async function listPart(c: PageContext): Promise<Html> {
  const all = telemetryRows(c);
  const rows = all.filter((row) => isShown(c, row));
  if (all.length === 0) return firstRun(c);
  if (rows.length === 0)
    return html`<div class="empty"><h2>${c.t("telemetry.none.title")}</h2><p>${c.t("telemetry.none.text")}</p><p><a class="button" href="/telemetry">${c.t("telemetry.none.clear")}</a></p></div>`;
  return c.query.view === "tiles" ? tilesPart(c, rows) : tablePart(c, rows);
}

function firstRun(c: PageContext): Html {
  return html`<div class="empty"><h2>${c.t("telemetry.first.title")}</h2><p>${c.t("telemetry.first.text")}</p><p><a class="button" href="/credentials">${c.t("telemetry.connect")}</a></p></div>`;
}

const unreadable = new TextDecoder("utf-8");

/** Topics that no dialect could read: what a person needs to know why a device is not there. */
function unreadPart(c: PageContext): Html {
  const unread = c.view.telemetry.unread().slice(0, 20);
  if (unread.length === 0) return html.none;
  const rows = unread.map(
    ({ topic, reason, payload, receivedAtMs }) =>
      html`<tr><th scope="row"><code><bdi>${cut(topic, 120)}</bdi></code></th><td data-label="${c.t.plain("unread.why")}">${cut(reason ?? "", 80)}</td><td data-label="${c.t.plain("unread.begins")}"><code><bdi>${cut(unreadable.decode(payload.subarray(0, 200)), 60)}</bdi></code></td><td data-label="${c.t.plain("telemetry.col.seen")}">${ago(c, receivedAtMs)}</td></tr>`,
  );
  return html`<details id="unread-list"><summary>${c.t("unread.title", { count: unread.length })}</summary><table class="list"><caption class="hidden">${c.t("unread.title", { count: unread.length })}</caption><thead><tr><th scope="col">${c.t("unread.topic")}</th><th scope="col">${c.t("unread.why")}</th><th scope="col">${c.t("unread.begins")}</th><th scope="col">${c.t("telemetry.col.seen")}</th></tr></thead><tbody>${rows}</tbody></table></details>`;
}

function select(
  c: PageContext,
  name: "room" | "metric",
  options: readonly (readonly [value: string, text: string])[],
): Html {
  const current = c.query[name] ?? "";
  return html`<label>${c.t(`telemetry.${name}`)}<select name="${name}"><option value="">${c.t("devices.any")}</option>${options.map(([value, text]) => html`<option value="${value}"${value === current && html` selected`}>${cut(text, 60)}</option>`)}</select></label>`;
}

function filters(c: PageContext, rows: readonly TelemetryRow[]): Html {
  const rooms = [...new Set(rows.map((row) => cut(roomOf(row))))].sort();
  const metrics = [...new Set(rows.flatMap(({ readings }) => readings.map(({ sensor }) => sensor.metric)))];
  const titled = metrics.map(
    (metric) => [metric, metricOf(metric)?.title ?? metric.replace(/\[.*$/, "")] as const,
  );
  const isTiles = c.query.view === "tiles";
  const other = new URLSearchParams({ ...c.query, view: isTiles ? "table" : "tiles" });
  return html`<form class="filters few" id="filters" action="/telemetry" method="get" hx-get="/f/telemetry/list" hx-target="#list" hx-swap="innerMorph strip:true" hx-trigger="change, submit" hx-sync="this:replace" data-url="/telemetry">
${isTiles && html`<input type="hidden" name="view" value="tiles">`}
${select(
  c,
  "room",
  rooms.map((room) => [room, room === noRoom ? c.t.plain("telemetry.noroom") : room]),
)}
${select(
  c,
  "metric",
  titled.sort((a, b) => a[1].localeCompare(b[1])),
)}
<button class="apply">${c.t("devices.apply")}</button>
<span class="beside"><a class="button" href="/telemetry?${other.toString()}">${c.t(isTiles ? "telemetry.astable" : "telemetry.astiles")}</a> <a class="button" href="/credentials">${c.t("telemetry.connect")}</a></span>
</form>`;
}

/** What sensors and other devices publish, room by room; the silent ones first. */
export const page: Page = {
  name: "telemetry",
  path: "/telemetry",
  access: "local",
  nav: { text: "nav.telemetry", order: 5 },
  parts: { title: titlePart, list: listPart, unread: unreadPart },
  page(c, parts) {
    const rows = telemetryRows(c);
    return {
      title: sentence(c, rows),
      state: worstOf(rows),
      main: html`${parts.title}${rows.length > 0 && filters(c, rows)}${parts.list}${parts.unread}`,
    };
  },
};
