import type { Device } from "../../appliance/model/site.ts";
import { parseDeviceId } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { ago, since } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext, Parts } from "../page.ts";
import { sensorsOf } from "../sensors.ts";
import { shape } from "../shapes.ts";
import { deviceSummary, lastMonth, percent, strip } from "../strips.ts";

export const tabs = ["overview", "ports", "sensors", "neighbours", "events", "messages", "settings"] as const;
export type Tab = (typeof tabs)[number];

/** The device of the address; undefined when there is none. */
export function deviceOf(c: PageContext): Device | undefined {
  const id = parseDeviceId(c.params.id ?? "");
  return id && c.view.inventory.device(id);
}

/** For parts of a page that exists only with its device. */
export function theDevice(c: PageContext): Device {
  const device = deviceOf(c);
  if (!device) throw new TypeError("The page has no device.");
  return device;
}

/** "Cisco SG350"; a maker that the model begins with is not said twice. */
export function makeAndModel(vendor = "", model = ""): string {
  return model.toLowerCase().startsWith(vendor.toLowerCase()) ? model || vendor : `${vendor} ${model}`.trim();
}

function uptime(c: PageContext, { id }: Device): Html | false {
  const seconds = c.view.latest.ofDevice(id).find(({ series }) => series.metric === "uptime")?.value;
  return (
    seconds !== undefined &&
    Number.isFinite(seconds) &&
    html`<li>${c.t("device.up", { time: durationWords(seconds * 1_000) })}</li>`
  );
}

/** The sentence of the device, what it is, and how the last 30 days were. */
export function headPart(c: PageContext): Html {
  const device = theDevice(c);
  const { state, sentence, sinceMs, lastSeenMs, incident, acknowledgedBy } = c.view.status.device(device.id);
  const { vendor, model, version, serial } = device.identity;
  const month = lastMonth(c.nowMs);
  const { slots, share } = deviceSummary(c, device.id, month);
  const facts = [makeAndModel(vendor, model), version, serial && `S/N ${serial}`].filter(Boolean);
  return html`<div class="head is-${state}" data-state="${state}" data-title="${cut(sentence)}">
<div role="status"><h1>${shape(state)}<span>${foreign(sentence)}</span></h1></div>
<ul class="facts">
${state !== "ok" && html`<li>${c.t("device.since", { state: c.t(`state.${state}`), since: since(c, sinceMs) })}${incident !== undefined && html` · <a href="/incidents/${incident}">${c.t("device.incident", { id: incident })}</a>`}${acknowledgedBy && html` · ${shape("hand")} ${c.t("problem.taken", { who: foreign(acknowledgedBy) })}`}</li>`}
<li>${c.t(`kind.${device.kind}`)}${device.room && html` · ${foreign(device.room)}`}</li>
${facts.map((fact) => html`<li>${foreign(fact ?? "")}</li>`)}
${device.address && html`<li class="mono">${foreign(device.address)}</li>`}
${(state === "ok" || state === "warning") && uptime(c, device)}
<li>${lastSeenMs === undefined ? c.t("device.never") : c.t("device.seen", { time: ago(c, lastSeenMs) })}</li>
</ul>
<div class="month"><span>${c.t("device.month")}</span>${strip(c, slots, month.range, c.t.plain("device.monthlabel", { name: cut(device.name, 60), share: percent(share) }))}<span class="num">${percent(share)}</span></div>
</div>`;
}

function linksOf(c: PageContext, { id }: Device): number {
  return c.view.topology?.linksOf(id).length ?? 0;
}

function countOf(c: PageContext, device: Device, tab: Tab): number | undefined {
  if (tab === "ports") return device.ports.length;
  if (tab === "sensors") return sensorsOf(c, device).length;
  return tab === "neighbours" ? linksOf(c, device) : undefined;
}

function tabLink(c: PageContext, device: Device, tab: Tab, current: Tab): Html {
  const path = `/devices/${device.id}${tab === "overview" ? "" : `/${tab}`}`;
  const query = c.query.range ? `?range=${encodeURIComponent(c.query.range)}` : "";
  const count = countOf(c, device, tab);
  return html`<li><a href="${path}${query}"${tab === current && html` aria-current="page"`}>${c.t(`tab.${tab}`)}${count !== undefined && html` <span class="count">${count}</span>`}</a></li>`;
}

function hasTab(c: PageContext, device: Device, tab: Tab): boolean {
  if (tab === "ports") return device.ports.length > 0;
  if (tab === "sensors") return sensorsOf(c, device).length > 0;
  if (tab === "neighbours") return linksOf(c, device) > 0;
  if (tab === "messages") return device.collectors.includes("mqtt");
  return tab !== "settings" || device.source !== "built-in";
}

/** What is the same on every page of a device: where one is, its head, and the tabs. */
export function deviceFrame(c: PageContext, parts: Parts, current: Tab, content: Html, beside?: Html): Html {
  const device = theDevice(c);
  const shown = tabs.filter((tab) => hasTab(c, device, tab));
  return html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/devices">${c.t("nav.devices")}</a> <span aria-hidden="true">›</span> ${foreign(device.name)}${pollForm(c, device)}</nav>
${parts.head}
<div class="bar"><nav aria-label="${c.t.plain("device.tabs")}"><ul class="tabs">${shown.map((tab) => tabLink(c, device, tab, current))}</ul></nav>${beside}</div>
${content}`;
}

/** Measures at once, where the box offers it and the device can be asked: what publishes speaks when it wants. */
function pollForm(c: PageContext, device: Device): Html | false {
  if (!c.view.actions?.pollNow || c.csrf === undefined) return false;
  if (device.collectors.every((type) => type === "mqtt")) return false;
  return html`<form method="post" action="/devices/${device.id}/poll" class="inline"><input type="hidden" name="csrf" value="${c.csrf}"><button>${c.t("device.poll")}</button></form>`;
}

/** Title and icon of a device's page. */
export function deviceTitle(c: PageContext): {
  title: string;
  state: ReturnType<PageContext["view"]["status"]["device"]>["state"];
} {
  const { state, sentence } = c.view.status.device(theDevice(c).id);
  return { title: sentence, state };
}

/** "Poll now": back to the page whether it worked or not; its head says what came of it. */
export async function pollAction(c: PageContext): Promise<{ to: string }> {
  const device = theDevice(c);
  await c.view.actions?.pollNow?.(device.id);
  return { to: `/devices/${device.id}` };
}
