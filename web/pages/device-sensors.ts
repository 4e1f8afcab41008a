import type { Device } from "../../appliance/model/site.ts";
import { seriesId } from "../../appliance/model/site.ts";
import { chart } from "../charts.ts";
import { ago } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import { sensorPlan } from "../plans.ts";
import { rangeLinks, shownRange } from "../ranges.ts";
import type { Reading } from "../readings.ts";
import { limitWords, readingOf, severityMark } from "../readings.ts";
import { sensorKey, sensorsOf } from "../sensors.ts";
import { spark } from "../strips.ts";

const columns = ["sensor", "now", "state", "limits", "day", "seen"] as const;

async function row(c: PageContext, device: Device, reading: Reading): Promise<Html> {
  const { sensor, key, text, severity, timeMs } = reading;
  const range = shownRange(c);
  const step = (range.toMs - range.fromMs) / 46;
  const id = seriesId(device.id, sensor.metric, sensor.channel);
  const line = await c.memo(`spark/${id}/${range.name}`, 60_000, async () =>
    spark(await c.view.store.query(id, range, step), range),
  );
  const cell = (name: string, content: Html | string, kind?: string) =>
    html`<td data-label="${c.t.plain(`sensor.col.${name}`)}"${kind && html` class="${kind}"`}>${content}</td>`;
  return html`<tr id="row-${key.replace(/[^A-Za-z0-9]+/g, "-")}"><th scope="row"><a href="/devices/${device.id}/sensors/${encodeURIComponent(key)}"><bdi>${cut(sensor.description, 80)}</bdi></a></th>
${cell("now", html`<b>${text}</b>`)}${cell("state", severityMark(c, severity))}${cell("limits", limitWords(c, sensor))}${cell("day", line, "sparkcell")}${cell("seen", timeMs === undefined ? "–" : ago(c, timeMs))}</tr>`;
}

async function tablePart(c: PageContext): Promise<Html> {
  const device = theDevice(c);
  const rows = await Promise.all(
    sensorsOf(c, device).map((sensor) => row(c, device, readingOf(c, device, sensor))),
  );
  const head = columns.map(
    (name) =>
      html`<th scope="col">${name === "day" ? c.t("sensor.col.range", { range: shownRange(c).name }) : c.t(`sensor.col.${name}`)}</th>`,
  );
  return html`<table class="list sensors"><caption class="hidden">${c.t("tab.sensors")}</caption><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
}

/** Everything a device measures, with words, limits and a line each; one of them large when chosen. */
export const page: Page = {
  name: "device-sensors",
  path: "/devices/:id/sensors",
  access: "local",
  exists: (c) => deviceOf(c) !== undefined,
  parts: { head: headPart, table: tablePart },
  async page(c, parts) {
    const device = theDevice(c);
    const path = `/devices/${device.id}/sensors`;
    const sensors = sensorsOf(c, device);
    const shown = sensors.find((sensor) => sensorKey(sensor) === c.query.show) ?? sensors[0];
    const large = shown && (await chart(c, { ...sensorPlan(c, device, shown, path), id: "chart" }));
    return {
      ...deviceTitle(c),
      hasCharts: true,
      main: deviceFrame(
        c,
        parts,
        "sensors",
        html`${large && html`<div class="charts wide"><h2 class="hidden">${c.t("chart.title")}</h2>${large}</div>`}${parts.table}`,
        rangeLinks(c, path),
      ),
    };
  },
};
