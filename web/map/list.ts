import type { Html } from "../html.ts";
import { foreign, html } from "../html.ts";
import { evidenceText, linkLabel } from "../links.ts";
import { stateMark } from "../shapes.ts";
import { type MapView, nameOf } from "./draw.ts";
import type { MapNode } from "./tree.ts";

function line(view: MapView, node: MapNode): Html {
  const { c, isLive } = view;
  const { device, links, key } = node;
  const [link] = links;
  const state = view.stateOf(node);
  const label = link && linkLabel(c, link, isLive, key);
  const name = device
    ? html`<a href="/devices/${device.id}">${foreign(device.name)}</a>`
    : html`${foreign(nameOf(view, node))} <span class="muted">${c.t("map.unwatched")}</span>`;
  return html`<div class="node">${state && stateMark(state, c.t)}<span>${name}${link && html` <span class="sub">${label && html`${foreign(label)} · `}${foreign(evidenceText(c, link))}</span>`}</span></div>`;
}

/** The map as a nested list: for small screens, and for those who hear it. */
export function mapList(view: MapView, nodes: readonly MapNode[]): Html {
  if (nodes.length === 0) return html.none;
  return html`<ul class="tree">${nodes.map((node) => html`<li>${line(view, node)}${mapList(view, node.children)}</li>`)}</ul>`;
}
