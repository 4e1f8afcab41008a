import type { PathLink } from "../../appliance/model/verdict.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext } from "../page.ts";
import { shape } from "../shapes.ts";

/** Numbers and words only: an address in a detail is nothing for the anonymous page. */
function detailOf(c: PageContext, { detail, state }: PathLink): Html | string {
  if (detail && (c.isLocal || !/\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f]*:/i.test(detail)))
    return foreign(detail);
  return c.t.plain(`state.${state}`);
}

/** The way from this box to a web page, as a chain: each link with shape and words, a broken joint drawn broken. */
export function pathChain(c: PageContext, path: readonly PathLink[]): Html {
  return html`<ol class="path">${path.map((link) => {
    const { state, label, device } = link;
    const name = html`<span class="name">${cut(label, 40)}</span>`;
    return html`<li class="is-${state}" data-state="${state}"><span class="node">${shape(state)}</span>
<span class="text">${c.isLocal && device ? html`<a href="/devices/${device}">${name}</a>` : name}<span class="small">${state !== "ok" && html`<span class="word">${c.t(`state.${state}`)}</span>`}${(state === "ok" || link.detail) && html`<span class="detail">${detailOf(c, link)}</span>`}</span></span></li>`;
  })}</ol>`;
}
