import type { Device } from "../../appliance/model/site.ts";
import type { TopologyLink } from "../../appliance/model/topology.ts";
import { agoWords } from "../../appliance/model/words.ts";
import { ago, moment } from "../format.ts";
import type { Html, Part } from "../html.ts";
import { foreign, html } from "../html.ts";
import { deviceAt, endName, evidenceText, otherEnd, portOf, portText } from "../links.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import { stateDot } from "../shapes.ts";

const columns = ["port", "other", "their", "how", "seen", "since"] as const;
const byText = new Intl.Collator("en", { numeric: true });

function portCell(c: PageContext, device: Device, link: TopologyLink): Html | string {
  const { own } = otherEnd(link, device.id);
  const port = portOf(c, own);
  const text = portText(c, own);
  if (text === undefined) return "–";
  return port ? html`<a href="/devices/${device.id}/ports/${port.id}">${foreign(text)}</a>` : foreign(text);
}

function theirPort(c: PageContext, device: Device, link: TopologyLink): Part {
  const { other } = otherEnd(link, device.id);
  const text = portText(c, other);
  if (text === undefined) return "–";
  const name =
    other.port && other.device
      ? html`<a href="/devices/${other.device}/ports/${other.port}">${foreign(text)}</a>`
      : foreign(text);
  return link.evidence[0] === "forwarding" ? c.t("neighbours.behind", { port: name }) : name;
}

function row(c: PageContext, device: Device, link: TopologyLink): Html {
  const { other } = otherEnd(link, device.id);
  const known = deviceAt(c, other.device);
  const description = link.neighbour?.description;
  const what = known
    ? html`${c.t(`kind.${known.kind}`)}${known.room && html` · ${foreign(known.room)}`}`
    : html`${c.t("map.unwatched")}${description && html` · ${foreign(description)}`}`;
  const cell = (name: string, content: Part) =>
    html`<td data-label="${c.t.plain(`neighbours.col.${name}`)}">${content}</td>`;
  return html`<tr><th scope="row"><div class="lead">${known && stateDot(c.view.status.device(known.id).state, c.t)}<span class="who">${endName(c, other, link)}<span class="sub">${what}</span></span></div></th>
${cell("port", portCell(c, device, link))}${cell("their", theirPort(c, device, link))}${cell("how", evidenceText(c, link))}${cell("seen", ago(c, link.lastMs))}${cell("since", moment(c, link.firstMs))}</tr>`;
}

/** "Seen behind port 24 of Switch 1, 2 minutes ago." */
function placeLine(c: PageContext, device: Device, links: readonly TopologyLink[]): Html {
  const at = links.find(({ to }) => to.device === device.id) ?? links[0];
  if (!at) return html.none;
  const { other } = otherEnd(at, device.id);
  const port = portText(c, other);
  const text = c.t(port === undefined ? "neighbours.place.noport" : "neighbours.place", {
    port: port === undefined ? "" : html`<b>${foreign(port)}</b>`,
    device: endName(c, other, at),
    age: agoWords(at.lastMs, c.nowMs),
  });
  return html`<p class="place">${text}</p>`;
}

/** From this box to the device, as far as the way is known. */
function wayLine(c: PageContext, device: Device): Html | false {
  const path = c.view.topology?.pathTo(device.id) ?? [];
  const items = path.flatMap((id) => deviceAt(c, id) ?? []);
  return (
    items.length > 1 &&
    html`<p class="muted">${c.t("neighbours.path")}: ${items.map((one, at) => html`${at > 0 && html` <span aria-hidden="true">→</span> `}<a href="/devices/${one.id}">${foreign(one.name)}</a>`)}</p>`
  );
}

function listPart(c: PageContext): Html {
  const device = theDevice(c);
  const links = [...(c.view.topology?.linksOf(device.id) ?? [])];
  if (links.length === 0)
    return html`<div class="empty"><h2>${c.t("neighbours.none")}</h2><p>${c.t("neighbours.none.text")}</p></div>`;
  const order = (link: TopologyLink) => portText(c, otherEnd(link, device.id).own) ?? "~";
  links.sort((a, b) => byText.compare(order(a), order(b)) || byText.compare(a.id, b.id));
  const head = ["other", ...columns.filter((name) => name !== "other")].map(
    (name) => html`<th scope="col">${c.t(`neighbours.col.${name}`)}</th>`,
  );
  return html`${placeLine(c, device, links)}${wayLine(c, device)}<table class="list neighbours"><caption class="hidden">${c.t("neighbours.caption", { name: foreign(device.name) })}</caption><thead><tr>${head}</tr></thead><tbody>${links.map((link) => row(c, device, link))}</tbody></table>`;
}

/** What a device is joined to: who announced itself, and behind which port it was seen. */
export const page: Page = {
  name: "device-neighbours",
  path: "/devices/:id/neighbours",
  access: "local",
  exists: (c) => deviceOf(c) !== undefined,
  parts: { head: headPart, neighbours: listPart },
  page: (c, parts) => ({
    ...deviceTitle(c),
    main: deviceFrame(
      c,
      parts,
      "neighbours",
      html`<h2 class="hidden">${c.t("tab.neighbours")}</h2>${parts.neighbours}`,
    ),
  }),
};
