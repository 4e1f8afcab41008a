import { metricOf } from "../../appliance/model/metric.ts";
import type { Device, Sensor, State } from "../../appliance/model/site.ts";
import { seriesId, slug } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { ago } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext } from "../page.ts";
import type { Reading } from "../readings.ts";
import { limitWords, readingOf, severityMark } from "../readings.ts";
import { sensorsOf } from "../sensors.ts";
import { stateDot } from "../shapes.ts";
import { spark } from "../strips.ts";

/** What of a device is about the device, not about the room: shown apart. */
const ownMetrics = [
  "battery",
  "battery_low",
  "battery_voltage",
  "link_quality",
  "rssi",
  "snr",
  "wifi_quality",
];
const howItAnswers = /^(?:uptime$|ping_|http_|tcp_|dns_|certificate_|poll_)/;
const signals = ["rssi", "link_quality", "wifi_quality", "snr"];
/** What people look for first. */
const telling = [
  "temperature",
  "humidity",
  "co2",
  "open",
  "leak",
  "smoke",
  "motion",
  "power",
  "pressure",
  "illuminance",
  "pm25",
];
const dayMs = 86_400_000;
const mostReadings = 4;

/** One device that publishes, or measures a room, with what it says now. */
export interface TelemetryRow {
  readonly device: Device;
  readonly state: State;
  /** Nothing fresh of it: it belongs on top. */
  readonly isSilent: boolean;
  /** Most telling first. */
  readonly readings: readonly Reading[];
  readonly battery: Reading | undefined;
  readonly signal: Reading | undefined;
  readonly lastSeenMs: number | undefined;
  /** Its usual gap, once learned. */
  readonly usualMs: number | undefined;
}

const speaks = ({ collectors, kind }: Device) =>
  collectors.includes("mqtt") || kind === "sensor" || kind === "env";

const rank = ({ metric }: Sensor) => (telling.includes(metric) ? telling.indexOf(metric) : telling.length);

/** Every device with telemetry, silent ones first, then by room and name. */
export function telemetryRows(c: PageContext): TelemetryRow[] {
  const rows = c.view.inventory
    .devices()
    .filter(speaks)
    .map((device) => rowOf(c, device));
  const room = ({ device }: TelemetryRow) => device.room ?? "\uFFFF";
  return rows.sort(
    (a, b) =>
      Number(b.isSilent) - Number(a.isSilent) ||
      room(a).localeCompare(room(b), "en", { numeric: true }) ||
      a.device.name.localeCompare(b.device.name, "en", { numeric: true }),
  );
}

function rowOf(c: PageContext, device: Device): TelemetryRow {
  const { state, answers, lastSeenMs } = c.view.status.device(device.id);
  const sensors = sensorsOf(c, device);
  const readings = sensors
    .filter(({ metric }) => !ownMetrics.includes(metric) && !howItAnswers.test(metric))
    .sort((a, b) => rank(a) - rank(b))
    .map((sensor) => readingOf(c, device, sensor));
  const own = (...metrics: readonly string[]) => {
    const found = metrics.map((metric) => sensors.find((sensor) => sensor.metric === metric));
    const sensor = found.find((one) => one !== undefined);
    return sensor && readingOf(c, device, sensor);
  };
  const { rhythm } = answers;
  return {
    device,
    state,
    isSilent: state === "down" || state === "unknown" || state === "unreachable",
    readings,
    battery: own("battery", "battery_low", "battery_voltage"),
    signal: own(...signals),
    lastSeenMs,
    usualMs: rhythm && rhythm.gaps > 0 ? rhythm.medianMs : undefined,
  };
}

/** Readings of one row in a line; those that matter of a metric when one was asked for. */
export function shownReadings({ readings }: TelemetryRow, metric: string | undefined): readonly Reading[] {
  const wanted = metric ? readings.filter(({ sensor }) => sensor.metric === metric) : readings;
  return wanted.slice(0, mostReadings);
}

const sensorLink = (device: Device, key: string) =>
  `/devices/${device.id}/sensors/${encodeURIComponent(key)}`;

function readingChip(c: PageContext, device: Device, { sensor, key, text, severity }: Reading): Html {
  const what = metricOf(sensor.metric)?.title ?? cut(sensor.description, 30);
  const { channel = "" } = sensor;
  const isSaid = ["", slug(sensor.metric), slug(what)].includes(slug(channel));
  return html`<a class="reading" href="${sensorLink(device, key)}"><span class="what">${what}${!isSaid && html` <bdi>${cut(channel, 16)}</bdi>`}</span> <b>${text}</b>${severity !== "ok" && severity !== "unknown" && severityMark(c, severity)}</a>`;
}

/** The first number of a row over the last day. */
export async function dayLine(
  c: PageContext,
  { device }: TelemetryRow,
  reading: Reading | undefined,
): Promise<Html> {
  if (!reading) return html.none;
  const { metric, channel } = reading.sensor;
  const id = seriesId(device.id, metric, channel);
  const range = { fromMs: c.nowMs - dayMs, toMs: c.nowMs };
  return c.memo(`spark/${id}/24h`, 60_000, async () =>
    spark(await c.view.store.query(id, range, dayMs / 46), range),
  );
}

/** "battery 8 %, signal −71 dBm". */
export function ownWords(c: PageContext, { battery, signal }: TelemetryRow): Html {
  const said = [battery && ["battery", battery], signal && ["signal", signal]].filter(
    (one) => one !== undefined,
  );
  if (said.length === 0) return html.none;
  return html`${(said as [string, Reading][]).map(([name, { text, severity }], at) => html`${at > 0 && html`<br>`}<span class="nowrap"><span class="muted">${c.t(`telemetry.${name}`)}</span> ${text}</span>${severity !== "ok" && severity !== "unknown" && severityMark(c, severity, true)}`)}`;
}

/** When it was heard, and how often it usually speaks. */
export function seenWords(c: PageContext, { lastSeenMs, usualMs, isSilent }: TelemetryRow): Html {
  if (lastSeenMs === undefined) return html`${c.t("telemetry.never")}`;
  const often = usualMs !== undefined && usualMs < 60_000;
  const usual =
    usualMs !== undefined &&
    html`<span class="sub">${often ? c.t("telemetry.often") : c.t("telemetry.usual", { time: durationWords(usualMs) })}</span>`;
  const seen = isSilent
    ? html`<b>${c.t("telemetry.silent", { time: durationWords(c.nowMs - lastSeenMs) })}</b>`
    : ago(c, lastSeenMs);
  return html`<span class="who">${seen}${usual}</span>`;
}

/** One device as a row of the table. */
export async function tableRow(
  c: PageContext,
  row: TelemetryRow,
  { metric, hasLimits }: { readonly metric: string | undefined; readonly hasLimits: boolean },
): Promise<Html> {
  const { device, state } = row;
  const shown = shownReadings(row, metric);
  const rest = metric ? 0 : row.readings.length - shown.length;
  const cell = (name: string, content: Html | string) =>
    html`<td data-label="${c.t.plain(`telemetry.col.${name}`)}"${String(content) === "" && html` class="nothing"`}>${content}</td>`;
  const first = shown[0];
  return html`<tr id="row-${device.id}"><th scope="row"><div class="lead">${stateDot(state, c.t)}<span class="who"><a href="/devices/${device.id}">${foreign(device.name)}</a><span class="sub">${place(device)}</span></span></div></th>
${cell("now", html`<span class="chipline">${shown.length > 0 ? shown.map((reading) => readingChip(c, device, reading)) : c.t("telemetry.nothing")}${rest > 0 && html` <a class="more" href="/devices/${device.id}/sensors">${c.t("telemetry.more", { count: rest })}</a>`}</span>`)}
${cell("day", await dayLine(c, row, first))}${hasLimits && cell("limits", first?.sensor.limits ? limitWords(c, first.sensor) : "")}${cell("own", ownWords(c, row))}${cell("seen", seenWords(c, row))}</tr>`;
}

function place({ name, room, identity }: Device): Html {
  const parts = [room === name ? undefined : room, identity.model ?? identity.vendor].filter(
    (text) => text !== undefined,
  );
  return html`${parts.map((text, at) => html`${at > 0 && " · "}${foreign(text)}`)}`;
}

/** One device as a tile: its first reading large. */
export async function tile(c: PageContext, row: TelemetryRow, metric: string | undefined): Promise<Html> {
  const { device, state } = row;
  const [first, ...others] = shownReadings(row, metric);
  return html`<li class="sensortile is-${state}" id="tile-${device.id}"><span class="name">${state !== "ok" && stateDot(state, c.t)}<a href="/devices/${device.id}">${foreign(device.name)}</a></span>
${first && html`<a class="large" href="${sensorLink(device, first.key)}">${first.text}</a>`}${await dayLine(c, row, first)}
${device.room !== undefined && device.room !== device.name && html`<span class="sub">${foreign(device.room)}</span>`}<span class="sub">${others.map(({ text }, at) => html`${at > 0 && " · "}${text}`)}</span><span class="sub">${seenWords(c, row)}</span></li>`;
}
