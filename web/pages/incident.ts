import type { Incident } from "../../appliance/model/alert.ts";
import type { Device } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { chart } from "../charts.ts";
import { moment, since } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import { clockTime } from "../layout.ts";
import type { Outcome, Page, PageContext } from "../page.ts";
import { makeAndModel } from "../parts/device-head.ts";
import { pingPlan } from "../plans.ts";
import { channelsOf, storedOf } from "../sensors.ts";
import { shape, stateDot } from "../shapes.ts";

const mostAffected = 12;
const halfHourMs = 1_800_000;

function incidentOf(c: PageContext): Incident | undefined {
  const id = Number(c.params.id);
  return Number.isSafeInteger(id) && id > 0 ? c.view.incidents.get(id) : undefined;
}

function theIncident(c: PageContext): Incident {
  const incident = incidentOf(c);
  if (!incident) throw new TypeError("The page has no incident.");
  return incident;
}

function who(c: PageContext, { state, acknowledged }: Incident): Html | string {
  if (!acknowledged) return state === "open" ? html`${c.t("incident.nobody")}` : "";
  return html`${shape("hand")} ${c.t(state === "open" ? "incident.taken" : "incident.wastaken", { who: foreign(acknowledged.by), since: since(c, acknowledged.atMs), at: moment(c, acknowledged.atMs) })}${acknowledged.note && html` <q>${foreign(acknowledged.note)}</q>`}`;
}

function headPart(c: PageContext): Html {
  const incident = theIncident(c);
  const { state, deviceState, summary, startedMs, endedMs, affected } = incident;
  const shown = state === "open" ? deviceState : "ok";
  const lasted = durationWords((endedMs ?? c.nowMs) - startedMs);
  return html`<section class="headline is-${shown}" data-state="${shown}" data-title="${cut(summary)}">
<div role="status"><h1>${shape(shown)}<span>${endedMs === undefined ? foreign(summary) : c.t("incident.over", { what: foreign(summary) })}</span></h1></div>
<p class="detail">${
    endedMs === undefined
      ? c.t("incident.since", { since: since(c, startedMs), time: lasted })
      : c.t("incident.was", { from: moment(c, startedMs), to: moment(c, endedMs), time: lasted })
  }${affected.length > 0 && html` ${c.t(endedMs === undefined ? "incident.affected" : "incident.wasaffected", { count: affected.length })}`}</p>
<p class="who">${who(c, incident)}</p>
</section>`;
}

function deviceLink(device: Device): Html {
  return html`<a href="/devices/${device.id}">${foreign(device.name)}</a>`;
}

/** The incident of the same device before this one. */
function lastTime(c: PageContext, { id, device }: Incident): Html | false {
  const [before] = c.view.incidents.list({ device, beforeId: id, limit: 1 });
  if (!before || before.device !== device) return false;
  return html`<p class="muted">${c.t("incident.last", {
    link: html`<a href="/incidents/${before.id}">#${before.id}</a>`,
    at: moment(c, before.startedMs),
    time: durationWords((before.endedMs ?? c.nowMs) - before.startedMs),
  })}</p>`;
}

function causePart(c: PageContext): Html {
  const incident = theIncident(c);
  const device = c.view.inventory.device(incident.device);
  const { vendor, model } = device?.identity ?? {};
  const facts = [device?.address, makeAndModel(vendor, model), device?.room].filter(Boolean);
  const evidence = incident.alerts.flatMap((alert) => alert.evidence);
  return html`<section class="card"><h2>${c.t("incident.cause")}</h2>
<p class="cause">${device ? deviceLink(device) : foreign(incident.device)}${facts.map((fact) => html` · <span class="muted">${foreign(fact ?? "")}</span>`)}</p>
${evidence.length > 0 && html`<h3>${c.t("incident.evidence")}</h3><ul class="evidence">${evidence.slice(0, 20).map((line) => html`<li>${foreign(line)}</li>`)}</ul>`}
${lastTime(c, incident)}</section>`;
}

function affectedPart(c: PageContext): Html {
  const { affected } = theIncident(c);
  if (affected.length === 0) return html.none;
  const rest = affected.length - mostAffected;
  const items = affected.slice(0, mostAffected).map((id) => {
    const device = c.view.inventory.device(id);
    return html`<li>${stateDot(c.view.status.device(id).state, c.t)} ${device ? deviceLink(device) : foreign(id)}</li>`;
  });
  return html`<section class="card"><h2>${c.t("incident.takes")} <span class="count">${affected.length}</span></h2><ul class="affected">${items}${rest > 0 && html`<li class="muted">${c.t("problems.more", { count: rest })}</li>`}</ul></section>`;
}

function timelinePart(c: PageContext): Html {
  const { timeline } = theIncident(c);
  const items = timeline.map(
    ({ atMs, kind, text, by }) =>
      html`<li>${moment(c, atMs, clockTime(c, atMs))}<div><b>${c.t(`timeline.${kind}`)}</b>${by && html` <span class="muted">${c.t("timeline.by", { who: foreign(by) })}</span>`}${text && html`<p><bdi>${cut(text, 1_000)}</bdi></p>`}</div></li>`,
  );
  return html`<section class="card"><h2>${c.t("incident.timeline")}</h2><ol class="timeline">${items}</ol></section>`;
}

function form(c: PageContext, name: string, fields: Html): Html {
  const url = `/incidents/${c.params.id ?? ""}/${name}`;
  return html`<form method="post" action="${url}" hx-post="${url}" hx-select="#main" hx-target="#main" hx-swap="outerMorph" id="form-${name}"><input type="hidden" name="csrf" value="${c.csrf ?? ""}">${fields}</form>`;
}

function acknowledgeForm(c: PageContext, { state, acknowledged }: Incident): Html | false {
  if (state === "closed") return false;
  return form(
    c,
    "acknowledge",
    html`<h2>${c.t(acknowledged ? "incident.takeover" : "incident.take")}</h2>
<label>${c.t("incident.name")}<input name="by" maxlength="60" autocomplete="name"></label>
<label>${c.t("incident.why")}<input name="note" maxlength="500" autocomplete="off"></label>
<button class="primary">${c.t("incident.acknowledge")}</button>`,
  );
}

function noteForm(c: PageContext): Html {
  return form(
    c,
    "note",
    html`<h2>${c.t("incident.addnote")}</h2>
<label>${c.t("incident.name")}<input name="by" maxlength="60" autocomplete="name"></label>
<label>${c.t("incident.note")}<textarea name="text" required maxlength="1000"></textarea></label>
<button>${c.t("incident.save")}</button>`,
  );
}

function byOf(c: PageContext, body: Readonly<Record<string, string>>): string {
  return cut((body.by ?? "").trim(), 60) || c.t.plain("incident.local");
}

function acknowledge(c: PageContext, body: Readonly<Record<string, string>>): Outcome {
  const { id, state } = theIncident(c);
  if (state === "closed") return { refused: c.t.plain("incident.isclosed") };
  const note = cut((body.note ?? "").trim(), 500);
  c.view.incidents.acknowledge(id, byOf(c, body), note || undefined);
  return { to: `/incidents/${id}` };
}

function addNote(c: PageContext, body: Readonly<Record<string, string>>): Outcome {
  const { id } = theIncident(c);
  const text = cut((body.text ?? "").trim(), 1_000);
  if (!text) return { refused: c.t.plain("incident.emptynote") };
  c.view.incidents.note(id, byOf(c, body), text);
  return { to: `/incidents/${id}` };
}

/** Reply time half an hour around the start; nothing for what is not pinged. */
async function startChart(c: PageContext, incident: Incident): Promise<Html | false> {
  const { id, startedMs } = incident;
  const device = c.view.inventory.device(incident.device);
  if (!device) return false;
  const channels = channelsOf(await storedOf(c, device), "ping_loss");
  if (channels.length === 0) return false;
  const range = { fromMs: startedMs - halfHourMs, toMs: Math.min(c.nowMs, startedMs + halfHourMs) };
  const plan = pingPlan(c, device, { range, path: `/incidents/${id}`, channel: channels[0] });
  const mark = { atMs: startedMs, text: c.t.plain("incident.start") };
  return html`<div class="charts wide">${await chart(c, { ...plan, title: c.t.plain("incident.around"), mark })}</div>`;
}

/** One incident: cause, evidence, what it takes down, what was done; and the forms to act. */
export const page: Page = {
  name: "incident",
  path: "/incidents/:id",
  access: "local",
  exists: (c) => incidentOf(c) !== undefined,
  parts: { head: headPart, cause: causePart, affected: affectedPart, timeline: timelinePart },
  async page(c, parts) {
    const incident = theIncident(c);
    return {
      title: incident.summary,
      state: incident.state === "open" ? incident.deviceState : "ok",
      hasCharts: true,
      main: html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/incidents">${c.t("nav.incidents")}</a> <span aria-hidden="true">›</span> #${incident.id}</nav>
${parts.head}
<div class="two"><div class="stack">${parts.cause}${parts.affected}${await startChart(c, incident)}</div>
<div class="stack">${parts.timeline}<div class="forms">${acknowledgeForm(c, incident)}${noteForm(c)}</div></div></div>`,
    };
  },
  actions: { acknowledge, note: addNote },
};
