import { pathDevices } from "../../appliance/model/path.ts";
import type { State } from "../../appliance/model/site.ts";
import type { TopologyLink } from "../../appliance/model/topology.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import { evidenceText, linkLabel, neighbourName, nodeOf, otherEnd, speedOf } from "../links.ts";
import type { PageContext } from "../page.ts";
import { fitting } from "./fit.ts";
import type { MapLayout, PlacedNode } from "./layout.ts";
import type { MapNode } from "./tree.ts";

/** What the drawing needs of the page: which moment it shows, and how each device was then. */
export interface MapView {
  readonly c: PageContext;
  readonly isLive: boolean;
  readonly stateOf: (node: MapNode) => State | undefined;
}

/** Pixels for the texts and the sizes of their letters, as in app.css. */
const texts = {
  leaf: { room: 162, size: 13 },
  card: { room: 152, size: 14, isBold: true },
  under: { room: 152, size: 12 },
} as const;

/** Width of a line in tenths of a pixel, by what the link can carry. */
function widthOf(c: PageContext, links: readonly TopologyLink[]): string {
  const speed = links.reduce((sum, link) => sum + (speedOf(c, link) ?? 0), 0);
  if (speed >= 9e9) return "w4";
  if (speed >= 2e9) return "w3";
  return speed >= 9e8 ? "w2" : "w1";
}

export function nameOf({ c }: MapView, { device, links: [link], key }: MapNode): string {
  if (device) return cut(device.name, 80);
  return link ? neighbourName(c, link) : cut(key, 80);
}

function lineClass({ c }: MapView, links: readonly TopologyLink[]): string {
  const [link] = links;
  const isGuess = link?.confidence !== "sure";
  return `wire ${widthOf(c, links)}${isGuess ? " guess" : ""}`;
}

/** "gi24 – gi28 · 10 Gbit/s · 12 % used", and how that is known. */
function labelOf({ c, isLive }: MapView, { links, key }: MapNode): { label: string; title: string } {
  const [link] = links;
  if (!link) return { label: "", title: "" };
  const label = linkLabel(c, link, isLive, key);
  const more = links.length > 1 ? c.t.plain("map.cables", { count: links.length }) : "";
  return { label: [label, more].filter(Boolean).join(" · "), title: evidenceText(c, link) };
}

const answering: ReadonlySet<State | undefined> = new Set(["ok", "warning"]);
const cutOff: ReadonlySet<State | undefined> = new Set(["down", "unreachable"]);

/** Something in the branch answers: the switch is silent, but carries on. */
function answers(view: MapView, { leaves, children }: PlacedNode): boolean {
  const below = [...leaves.map((leaf) => leaf.node), ...children.map((child) => child.node)];
  return (
    below.some((node) => node.key !== pathDevices.box && answering.has(view.stateOf(node))) ||
    children.some((child) => answers(view, child))
  );
}

/** Hatches what cannot be reached: the whole branch below what is down, once. */
function hatched(view: MapView, placed: PlacedNode): Html[] {
  const { node, area, leaves, children } = placed;
  const isCutOff = cutOff.has(view.stateOf(node));
  const below = [...leaves.map((leaf) => leaf.node), ...children.map((child) => child.node)];
  if (isCutOff && below.length > 0 && !answers(view, placed))
    return [
      html`<rect class="cutoff" x="${area.x - 8}" y="${area.y - 8}" width="${area.width + 16}" height="${area.height + 16}" rx="8"/>`,
    ];
  const rows = leaves
    .filter((leaf) => view.stateOf(leaf.node) === "unreachable")
    .map(
      ({ box }) =>
        html`<rect class="cutoff" x="${box.x - 4}" y="${box.y + 1}" width="${box.width}" height="${box.height - 2}" rx="4"/>`,
    );
  return [...rows, ...children.flatMap((child) => hatched(view, child))];
}

function stateShape(state: State | undefined, x: number, y: number, size: number): Html {
  return html`<use class="shape is-${state ?? "unknown"}" data-state="${state ?? "unknown"}" href="#s-${state ?? "idle"}" x="${x}" y="${y}" width="${size}" height="${size}"/>`;
}

/** What keeps the focus where it is when the part renews itself. */
const idOf = ({ device }: MapNode) => device && html` id="n-${device.id}"`;

/** Opens the device, or the port that something unknown hangs on. */
function hrefOf({ device, links: [link], key }: MapNode): string {
  if (device) return `/devices/${device.id}`;
  const end = link && otherEnd(link, key).other;
  return end?.device ? `/devices/${end.device}/neighbours` : "/map";
}

function leafMark(view: MapView, { node, box, trunkX }: PlacedNode["leaves"][number]): Html {
  const { c } = view;
  const state = view.stateOf(node);
  const { label, title } = labelOf(view, node);
  const name = nameOf(view, node);
  const middle = box.y + box.height / 2;
  const word = state ? c.t.plain(`state.${state}`) : c.t.plain("map.unwatched");
  const isBox = node.key === pathDevices.box;
  return html`<g class="leaf"><path class="${lineClass(view, node.links)}" d="M${trunkX} ${middle}h${box.x - trunkX - 3}"/>
<a${idOf(node)} href="${hrefOf(node)}" aria-label="${`${name}: ${word}. ${label}`}"><title>${`${cut(name, 80)}: ${word}\n${label}\n${title}`}</title><rect class="spot" x="${box.x - 4}" y="${box.y + 1}" width="${box.width - 6}" height="${box.height - 2}" rx="4"/>
${isBox ? html`<use class="shape" href="#s-lamp" x="${box.x}" y="${middle - 8}" width="16" height="16"/>` : stateShape(state, box.x, middle - 8, 16)}
<text class="name${!node.device && " stranger"}" x="${box.x + 22}" y="${middle + 4.5}">${fitting(name, texts.leaf)}</text><text class="use" x="${box.x + 22}" y="${middle + 11}">${cut(label, 30)}</text></a></g>`;
}

function cardMark(view: MapView, { node, card }: PlacedNode): Html {
  const { c } = view;
  const { device } = node;
  const state = view.stateOf(node);
  const name = nameOf(view, node);
  const kind = device ? c.t.plain(`kind.${device.kind}`) : c.t.plain("map.unwatched");
  const word = state && state !== "ok" ? c.t.plain(`state.${state}`) : undefined;
  const model = device?.identity.model;
  const under = word ?? (model && model !== name ? model : kind);
  return html`<a${idOf(node)} class="card is-${state ?? "unknown"}${!device && " stranger"}" href="${hrefOf(node)}" aria-label="${`${name}: ${state ? c.t.plain(`state.${state}`) : kind}`}"><title>${`${cut(name, 80)} · ${kind}`}</title><rect x="${card.x}" y="${card.y}" width="${card.width}" height="${card.height}" rx="7"/>
${stateShape(state, card.x + 12, card.y + 16, 22)}
<text class="name" x="${card.x + 44}" y="${card.y + 23}">${fitting(name, texts.card)}</text><text class="sub" x="${card.x + 44}" y="${card.y + 41}">${fitting(under, texts.under)}</text></a>`;
}

/** From a card to one below it: down, across, down. Into rows below the line goes past the leaves, at their left. */
function runPath(from: PlacedNode, to: PlacedNode): string {
  const startX = from.card.x + (to.isBelow ? 3 : 24);
  const startY = from.card.y + from.card.height - (to.isBelow ? 6 : 0);
  const endX = to.card.x + 24;
  const endY = to.card.y;
  if (startX === endX) return `M${startX} ${startY}V${endY}`;
  const crossY = to.isBelow ? endY - 30 : startY + 16;
  return `M${startX} ${startY}V${crossY - 8}q0 8 8 8H${endX - 8}q8 0 8 8V${endY}`;
}

/** The line from a card to one below it, with what it carries. */
function wireTo(view: MapView, from: PlacedNode, to: PlacedNode): Html {
  const { label, title } = labelOf(view, to.node);
  const path = runPath(from, to);
  const [link] = to.node.links;
  const end = link && otherEnd(link, nodeOf(link.from)).own;
  const href = end?.device && end.port ? `/devices/${end.device}/ports/${end.port}` : hrefOf(to.node);
  return html`<a class="run" href="${href}" aria-label="${label || title}"><title>${`${label}\n${title}`}</title><path class="grip" d="${path}"/><path class="${lineClass(view, to.node.links)}" d="${path}"/><text class="use" x="${to.card.x + 34}" y="${to.card.y - 8}">${cut(label, 60)}</text></a>`;
}

function trunkOf({ card, leaves }: PlacedNode): Html[] {
  const columns = new Map<number, { bottom: number; guess: boolean }>();
  for (const { trunkX, box, node } of leaves) {
    const known = columns.get(trunkX);
    const isGuess = node.links[0]?.confidence !== "sure";
    columns.set(trunkX, { bottom: box.y + box.height / 2, guess: (known?.guess ?? true) && isGuess });
  }
  return [...columns].map(([x, { bottom, guess }]) => {
    const startY = card.y + card.height;
    const isInside = x <= card.x + card.width - 8;
    const path = isInside ? `M${x} ${startY}V${bottom}` : `M${card.x + 10} ${startY + 7}H${x}V${bottom}`;
    return html`<path class="wire w1${guess && " guess"}" d="${path}"/>`;
  });
}

function wires(view: MapView, placed: PlacedNode): Html[] {
  return [
    ...trunkOf(placed),
    ...placed.children.flatMap((child) => [...wires(view, child), wireTo(view, placed, child)]),
  ];
}

function marks(view: MapView, placed: PlacedNode): Html[] {
  return [
    cardMark(view, placed),
    ...placed.leaves.map((leaf) => leafMark(view, leaf)),
    ...placed.children.flatMap((child) => marks(view, child)),
  ];
}

function everyPlaced(placed: PlacedNode): PlacedNode[] {
  return [placed, ...placed.children.flatMap(everyPlaced)];
}

/** Loops: what joins two cards besides the tree. */
function loops(view: MapView, { roots }: MapLayout, others: readonly TopologyLink[]): Html[] {
  const cards = new Map(roots.flatMap(everyPlaced).map(({ node, card }) => [node.key, card]));
  return others.flatMap((link) => {
    const [a, b] = [cards.get(nodeOf(link.from)), cards.get(nodeOf(link.to))];
    if (!a || !b) return [];
    const [left, right] = a.x <= b.x ? [a, b] : [b, a];
    const fromX = left.x + left.width - 20;
    const toX = right.x + right.width - 20;
    const sag = Math.max(left.y, right.y) - 26;
    return [
      html`<path class="wire loop w1" d="M${fromX} ${left.y}C${fromX} ${sag} ${toX} ${sag} ${toX} ${right.y}"><title>${linkLabel(view.c, link, view.isLive)}</title></path>`,
    ];
  });
}

/** The drawing. Everything in it is also in the list below it. */
export function drawMap(view: MapView, layout: MapLayout, others: readonly TopologyLink[]): Html {
  const { width, height, roots } = layout;
  return html`<div class="mapbox" tabindex="0" role="region" aria-label="${view.c.t.plain("map.drawing")}"><svg class="map" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="${view.c.t.plain("map.drawing")}">
${roots.flatMap((root) => hatched(view, root))}
${loops(view, layout, others)}${roots.flatMap((root) => wires(view, root))}${roots.flatMap((root) => marks(view, root))}
</svg></div>`;
}

/** What lines and hatches mean. */
export function mapLegend({ c }: MapView): Html {
  const line = (kind: string) =>
    html`<svg class="map key" width="36" height="12" aria-hidden="true"><path class="wire ${kind}" d="M0 6h36"/></svg>`;
  return html`<ul class="legend maplegend"><li>${line("w2")}${c.t("map.solid")}</li><li>${line("w2 guess")}${c.t("map.dashed")}</li><li>${line("w1")}${line("w2")}${line("w4")}${c.t("map.widths")}</li><li><svg class="map key" width="36" height="12" aria-hidden="true"><rect class="cutoff" width="36" height="12" rx="3"/></svg>${c.t("map.hatched")}</li></ul>`;
}
