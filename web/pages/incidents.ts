import type { Incident } from "../../appliance/model/alert.ts";
import { states } from "../../appliance/model/site.ts";
import { moment, shortDuration } from "../format.ts";
import type { Html } from "../html.ts";
import { foreign, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { shape } from "../shapes.ts";

const pageSize = 50;

function openOnes(c: PageContext): readonly Incident[] {
  return [...c.view.incidents.list({ state: "open", limit: 200 })].sort(
    (a, b) => states.indexOf(a.deviceState) - states.indexOf(b.deviceState) || b.startedMs - a.startedMs,
  );
}

function closedOnes(c: PageContext): readonly Incident[] {
  const beforeId = Number(c.query.before);
  return c.view.incidents.list({
    state: "closed",
    limit: pageSize,
    ...(Number.isSafeInteger(beforeId) && beforeId > 0 ? { beforeId } : {}),
  });
}

function row(c: PageContext, incident: Incident): Html {
  const { id, state, deviceState, summary, startedMs, endedMs, affected, acknowledged } = incident;
  const isOpen = state === "open";
  const shown = isOpen ? deviceState : "ok";
  return html`<li id="incident-${id}"><a class="problem" id="to-${id}" href="/incidents/${id}">
<span class="state is-${shown}${acknowledged && isOpen && " is-marked"}" data-state="${shown}">${shape(shown)}<span class="word hidden">${isOpen ? c.t(`state.${deviceState}`) : c.t("incidents.over")}</span></span>
<span class="what"><span class="summary">${foreign(summary)}</span><span class="more">#${id} · ${moment(c, startedMs)}${affected.length > 0 && html` · ${c.t("problem.affected", { count: affected.length })}`}${acknowledged && html` · ${shape("hand")}${c.t(isOpen ? "problem.taken" : "incidents.taken", { who: foreign(acknowledged.by) })}`}</span></span>
<span class="long">${shortDuration((endedMs ?? c.nowMs) - startedMs)}</span>${shape("next")}</a></li>`;
}

/** "Today", "Yesterday", "Mon 2 Mar". */
function dayOf(c: PageContext, atMs: number): string {
  const words = c.words.moment(atMs, c.nowMs).replace(/\s*\d\d:\d\d$/, "");
  if (words === "") return c.t.plain("day.today");
  return words === "yesterday" ? c.t.plain("day.yesterday") : words;
}

function byDay(c: PageContext, incidents: readonly Incident[]): Html[] {
  const days = new Map<string, Incident[]>();
  for (const incident of incidents) {
    const day = dayOf(c, incident.startedMs);
    const known = days.get(day);
    if (known) known.push(incident);
    else days.set(day, [incident]);
  }
  return [...days].map(
    ([day, list]) =>
      html`<section class="day"><h3>${day}</h3><ul class="rows">${list.map((incident) => row(c, incident))}</ul></section>`,
  );
}

function sentence(c: PageContext, count: number): string {
  return count === 0 ? c.t.plain("incidents.none") : c.t.plain("incidents.open", { count });
}

function openPart(c: PageContext): Html {
  const open = openOnes(c);
  const state = open[0]?.deviceState ?? "ok";
  return html`<div class="title" data-state="${state}" data-title="${sentence(c, open.length)}"><div role="status"><h1>${sentence(c, open.length)}</h1></div></div>
${open.length > 0 && html`<ul class="rows open">${open.map((incident) => row(c, incident))}</ul>`}`;
}

function historyPart(c: PageContext): Html {
  if (c.query.state === "open") return html.none;
  const closed = closedOnes(c);
  const last = closed.at(-1);
  const isFirst = closed.length === 0 && openOnes(c).length === 0;
  return html`<section class="card"><h2>${c.t("incidents.history")}</h2>
${
  closed.length > 0
    ? byDay(c, closed)
    : html`<div class="empty"><p>${c.t(isFirst ? "incidents.first" : "incidents.nopast")}</p></div>`
}
${last && closed.length === pageSize && html`<p class="rest"><a href="/incidents?before=${last.id}">${c.t("incidents.older")}</a></p>`}</section>`;
}

/** What is wrong now, and what was, by day. */
export const page: Page = {
  name: "incidents",
  path: "/incidents",
  access: "local",
  nav: { text: "nav.incidents", order: 2 },
  parts: { open: openPart, history: historyPart },
  page(c, parts) {
    const open = openOnes(c);
    return {
      title: sentence(c, open.length),
      state: open[0]?.deviceState ?? "ok",
      main: html`${parts.open}${parts.history}`,
    };
  },
};
