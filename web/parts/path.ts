import type { PathLink } from "../../appliance/model/verdict.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext } from "../page.ts";
import { shape } from "../shapes.ts";

const address = /\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f]*:/i;

/** The state's word, unless all is well and there is something to say; then what is measured. No addresses for everybody. */
function smallPrint(c: PageContext, { detail, state }: PathLink): Html {
  const shown = detail !== undefined && (c.isLocal || !address.test(detail)) ? detail : undefined;
  const isPlain = state === "ok" && shown !== undefined;
  return html`<span class="small">${!isPlain && html`<span class="word">${c.t(`state.${state}`)}</span>`}${shown !== undefined && html`<span>${foreign(shown)}</span>`}</span>`;
}

/** The way from this box to a web page, as a chain: each link with shape and words, a broken joint drawn broken. */
export function pathChain(c: PageContext, path: readonly PathLink[]): Html {
  return html`<ol class="path">${path.map((link) => {
    const { state, label, device } = link;
    const name = html`<span class="name">${cut(label, 40)}</span>`;
    return html`<li class="is-${state}" data-state="${state}"><span class="node">${shape(state)}</span>
<span class="text">${c.isLocal && device ? html`<a href="/devices/${device}">${name}</a>` : name}${smallPrint(c, link)}</span></li>`;
  })}</ol>`;
}
