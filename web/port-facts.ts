import type { Device, Port } from "../appliance/model/site.ts";
import { agoWords } from "../appliance/model/words.ts";
import { number } from "./format.ts";
import type { Html, Part } from "./html.ts";
import { foreign, html } from "./html.ts";
import { endName, evidenceText, otherEnd } from "./links.ts";
import type { PageContext } from "./page.ts";

/** Names in one cell; the rest is counted. */
const mostNames = 2;

/** What hangs on a port, for a cell: "Switch 2", "Printer, NAS and 3 more addresses". */
export function thereShort(c: PageContext, device: Device, port: Port): Html {
  const sight = c.view.topology?.at(device.id, port.id);
  if (!sight) return html.none;
  const names = sight.links.map((link) => endName(c, otherEnd(link, device.id).other, link));
  const shown = names.slice(0, mostNames).map((name, at) => html`${at > 0 && ", "}${name}`);
  const rest = Math.max(0, names.length - mostNames) + (port.use === "uplink" ? 0 : sight.strangers.length);
  if (names.length === 0 && rest === 0) return html.none;
  if (names.length === 0) return html`<span class="muted">${c.t("port.macs", { count: rest })}</span>`;
  return html`${shown}${rest > 0 && html` <span class="muted">+ ${c.t("port.macs", { count: rest })}</span>`}`;
}

/** What hangs on a port, with how and since when that is known. */
export function thereLong(c: PageContext, device: Device, port: Port): Html {
  const sight = c.view.topology?.at(device.id, port.id);
  if (!sight) return html.none;
  const links = sight.links.map(
    (link) =>
      html`<li>${endName(c, otherEnd(link, device.id).other, link)} <span class="sub">${foreign(evidenceText(c, link))} · ${agoWords(link.lastMs, c.nowMs)}</span></li>`,
  );
  const strangers = sight.strangers.map(
    (mac) => html`<li><code>${mac.replace(/(..)(?=.)/g, "$1:")}</code></li>`,
  );
  if (links.length === 0 && strangers.length === 0) return html.none;
  return html`<section class="card there"><h2>${c.t("port.col.there")}</h2>${links.length > 0 && html`<ul>${links}</ul>`}${
    strangers.length > 0 && html`<h3>${c.t("neighbours.strangers")}</h3><ul>${strangers}</ul>`
  }</section>`;
}

/** "delivers 6.2 W (class 3)"; a dash in a table where nothing asks for power. */
export function poeShort(c: PageContext, port: Port): string {
  return port.poe?.status === "searching" ? "–" : (poeText(c, port) ?? "–");
}

/** "delivers 6.2 W (class 3)". */
function poeText(c: PageContext, { poe }: Port): string | undefined {
  if (!poe) return undefined;
  const { status, powerW } = poe;
  const power = powerW === undefined ? "" : ` ${number(powerW, 1)}\u00A0W`;
  const asked = poe.class === undefined ? "" : ` (${c.t.plain("port.poe.class", { class: poe.class })})`;
  return `${c.t.plain(`port.poe.${status}`)}${power}${asked}`;
}

/** VLAN, duplex, power, use and how many addresses, each with the key of its name; what is not known is left out. */
export function portFacts(c: PageContext, device: Device, port: Port): { name: string; text: Part }[] {
  const macs = c.view.topology?.at(device.id, port.id)?.macs;
  const all: { name: string; text: Part }[] = [
    { name: "duplex", text: port.duplex && c.t(`port.duplex.${port.duplex}`) },
    { name: "vlan", text: port.vlan },
    { name: "poe", text: poeText(c, port) },
    { name: "macs", text: macs },
    { name: "use", text: c.view.topology && c.t(`port.use.${port.use ?? "unused"}`) },
  ];
  return all.filter(({ text }) => text !== undefined && text !== false);
}
