import { durationWords } from "../../appliance/model/words.ts";
import { moment } from "../format.ts";
import type { Html, Part } from "../html.ts";
import { foreign, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import { stateMark } from "../shapes.ts";

const daysMs = 30 * 86_400_000;
const most = 200;

interface Line {
  readonly atMs: number;
  readonly what: Part;
}

function lines(c: PageContext): Line[] {
  const device = theDevice(c);
  const range = { fromMs: c.nowMs - daysMs, toMs: c.nowMs };
  const events = c.view.status.events(device.id, range).map(({ timeMs, metric, channel, value }) => ({
    atMs: timeMs,
    what: html`${foreign(metric.replaceAll("_", " "))}${channel !== undefined && html` · ${foreign(channel)}`}: ${foreign(String(value))}`,
  }));
  const spans = c.view.status.spans(device.id, range).flatMap(({ state, fromMs, toMs }) =>
    state === "ok" || fromMs < range.fromMs
      ? []
      : [
          {
            atMs: fromMs,
            what: html`${stateMark(state, c.t)} <span class="muted">${toMs === undefined ? c.t("events.still") : c.t("events.for", { time: durationWords(toMs - fromMs) })}</span>`,
          },
        ],
  );
  const incidents = c.view.incidents
    .list({ device: device.id, limit: 50 })
    .map(({ id, summary, startedMs }) => ({
      atMs: startedMs,
      what: html`<a href="/incidents/${id}">${c.t("device.incident", { id })}</a> ${foreign(summary)}`,
    }));
  return [...events, ...spans, ...incidents].sort((a, b) => b.atMs - a.atMs).slice(0, most);
}

function listPart(c: PageContext): Html {
  const found = lines(c);
  if (found.length === 0) return html`<div class="empty"><h2>${c.t("events.none")}</h2></div>`;
  return html`<ol class="timeline">${found.map(({ atMs, what }) => html`<li>${moment(c, atMs)}<div>${what}</div></li>`)}</ol>`;
}

/** What happened to a device in the last 30 days, newest first. */
export const page: Page = {
  name: "device-events",
  path: "/devices/:id/events",
  access: "local",
  exists: (c) => deviceOf(c) !== undefined,
  parts: { head: headPart, events: listPart },
  page: (c, parts) => ({
    ...deviceTitle(c),
    main: deviceFrame(c, parts, "events", html`<h2 class="hidden">${c.t("tab.events")}</h2>${parts.events}`),
  }),
};
