import type { State } from "../../appliance/model/site.ts";
import { states } from "../../appliance/model/site.ts";
import { moment } from "../format.ts";
import type { Html } from "../html.ts";
import { foreign, html } from "../html.ts";
import { drawMap, type MapView, mapLegend } from "../map/draw.ts";
import { layoutMap } from "../map/layout.ts";
import { mapList } from "../map/list.ts";
import { devicesIn, everyNode, type MapTree, mapTree } from "../map/tree.ts";
import type { Page, PageContext } from "../page.ts";
import { stateMark } from "../shapes.ts";

const hourMs = 3_600_000;
/** Moments that are one click away. */
const ago = [
  { name: "1h", ms: hourMs },
  { name: "24h", ms: 24 * hourMs },
  { name: "7d", ms: 7 * 24 * hourMs },
  { name: "30d", ms: 30 * 24 * hourMs },
] as const;

/** The moment of the address: `?ago=24h`, or `?at=` an ISO time; undefined is now. */
function shownMs(c: PageContext): number | undefined {
  const step = ago.find(({ name }) => name === c.query.ago);
  if (step) return c.nowMs - step.ms;
  const atMs = c.query.at ? Date.parse(c.query.at) : Number.NaN;
  return Number.isFinite(atMs) && atMs < c.nowMs ? atMs : undefined;
}

interface Shown {
  readonly tree: MapTree;
  readonly view: MapView;
  readonly atMs: number | undefined;
}

function shown(c: PageContext): Shown {
  const atMs = shownMs(c);
  const tree = mapTree(c.view.inventory.devices(), c.view.topology?.links(atMs) ?? []);
  const view: MapView = {
    c,
    isLive: atMs === undefined,
    stateOf: ({ device }) =>
      device &&
      (atMs === undefined
        ? c.view.status.device(device.id).state
        : (c.view.status.spans(device.id, { fromMs: atMs, toMs: atMs + 1 }).at(-1)?.state ?? "unknown")),
  };
  return { tree, view, atMs };
}

/** "40 devices are on the map. The places of 27 follow from learned addresses." */
function sentence(c: PageContext, { tree, atMs }: Shown): string {
  const nodes = tree.roots.flatMap(everyNode);
  const count = nodes.filter(({ device }) => device).length;
  if (count === 0) return c.t.plain(atMs === undefined ? "map.empty.title" : "map.empty.then");
  return c.t.plain(atMs === undefined ? "map.sentence" : "map.sentence.then", { count });
}

function worstOf({ tree, view }: Shown): State {
  const all = new Set(tree.roots.flatMap(everyNode).map((node) => view.stateOf(node)));
  return states.find((state) => all.has(state)) ?? "unknown";
}

function moments(c: PageContext, atMs: number | undefined): Html {
  const sinceMs = c.view.topology?.sinceMs();
  const link = (name: string, href: string, isCurrent: boolean) =>
    html`<li><a href="${href}"${isCurrent && html` aria-current="true"`}>${name}</a></li>`;
  const known = ago.filter(({ ms }) => sinceMs !== undefined && c.nowMs - ms >= sinceMs);
  if (known.length === 0) return html.none;
  return html`<div class="bar"><span></span><ul class="ranges" aria-label="${c.t.plain("map.when")}">${link(c.t.plain("map.now"), "/map", atMs === undefined)}${known.map(({ name }) => link(c.t.plain(`map.ago.${name}`), `/map?ago=${name}`, c.query.ago === name))}</ul></div>`;
}

function mapPart(c: PageContext): Html {
  const all = shown(c);
  const { tree, view, atMs } = all;
  const says = sentence(c, all);
  const head = html`<div class="title" data-state="${worstOf(all)}" data-title="${says}"><h1>${says}</h1>${atMs !== undefined && html`<p class="muted">${c.t("map.then", { at: moment(c, atMs) })}</p>`}</div>`;
  if (devicesIn(tree.roots).length === 0)
    return html`${head}<div class="empty"><h2>${c.t("map.empty.what")}</h2><p>${c.t("map.empty.text")}</p><p><a class="button" href="/devices">${c.t("nav.devices")}</a></p></div>`;
  return html`${head}${drawMap(view, layoutMap(tree.roots), tree.others)}
${mapLegend(view)}
<section class="maplist"><h2>${c.t("map.list")}</h2>${mapList(view, tree.roots)}${unplaced(view, tree)}</section>`;
}

function unplaced(view: MapView, { unplaced: devices }: MapTree): Html {
  const { c } = view;
  if (devices.length === 0) return html.none;
  const items = devices.map((device) => {
    const state = view.stateOf({ key: device.id, device, links: [], children: [], isHub: false });
    return html`<li><div class="node">${state && stateMark(state, c.t)}<span><a href="/devices/${device.id}">${foreign(device.name)}</a></span></div></li>`;
  });
  return html`<h3>${c.t("map.unplaced", { count: devices.length })}</h3><p class="muted">${c.t("map.unplaced.why")}</p><ul class="tree flat">${items}</ul>`;
}

/** How the network hangs together: now, or as it was. */
export const page: Page = {
  name: "map",
  path: "/map",
  access: "local",
  nav: { text: "nav.map", order: 4 },
  parts: { map: mapPart },
  page(c, parts) {
    const all = shown(c);
    return {
      title: sentence(c, all),
      state: worstOf(all),
      main: html`${moments(c, all.atMs)}${parts.map}`,
    };
  },
};
