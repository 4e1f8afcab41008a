import type { State } from "../appliance/model/site.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { Texts } from "./text.ts";

/**
 * The drawings that pages refer to by `#s-<name>`, once a page. Each state has a shape of its own, so that it is
 * told apart without colour: circle, triangle, square, dashed ring, diamond.
 */
export const sprite: Html = html`<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<symbol id="s-ok" viewBox="0 0 24 24"><circle class="body" cx="12" cy="12" r="10"/><path class="cut" d="M7 12.5l3.4 3.4L17 9"/></symbol>
<symbol id="s-warning" viewBox="0 0 24 24"><path class="body" d="M12 2.6 22.6 21H1.4z"/><path class="cut" d="M12 9v5.2M12 17.6v.2"/></symbol>
<symbol id="s-down" viewBox="0 0 24 24"><rect class="body" x="2" y="2" width="20" height="20" rx="3"/><path class="cut" d="M8 8l8 8M16 8l-8 8"/></symbol>
<symbol id="s-unknown" viewBox="0 0 24 24"><circle class="ring" cx="12" cy="12" r="9.6"/><path class="line" d="M9.2 9.6a2.9 2.9 0 1 1 4.3 2.6c-1 .6-1.5 1-1.5 2M12 17.2v.1"/></symbol>
<symbol id="s-unreachable" viewBox="0 0 24 24"><circle class="ring" cx="12" cy="12" r="9.6"/><path class="line" d="M13.4 6.4 9.6 12h4.8l-3.8 5.6"/></symbol>
<symbol id="s-maintenance" viewBox="0 0 24 24"><path class="body" d="M12 1.6 22.4 12 12 22.4 1.6 12z"/><path class="cut" d="M12 7.5v9M7.5 12h9"/></symbol>
<symbol id="s-idle" viewBox="0 0 24 24"><circle cx="12" cy="12" r="4" fill="currentColor"/></symbol>
<symbol id="s-off" viewBox="0 0 24 24"><circle class="line" cx="12" cy="12" r="8.5"/><path class="line" d="M6 18 18 6"/></symbol>
<symbol id="s-hand" viewBox="0 0 24 24"><path class="line" d="M7 12V6.5a1.5 1.5 0 0 1 3 0V11V4.5a1.5 1.5 0 0 1 3 0V11V5.5a1.5 1.5 0 0 1 3 0V12V8.5a1.5 1.5 0 0 1 3 0V15a6.5 6.5 0 0 1-11.8 3.8L4 13.8a1.6 1.6 0 0 1 2.6-1.9z"/></symbol>
<symbol id="s-next" viewBox="0 0 24 24"><path class="line" d="M9 5l7 7-7 7"/></symbol>
<symbol id="s-lamp" viewBox="0 0 24 24"><path d="M12 2v3M8 5h8l2 9H6z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"/><path class="glow" d="M8.6 17.5h6.8M10 21h4"/></symbol>
<pattern id="s-hatch" width="4" height="4" patternUnits="userSpaceOnUse"><path d="M-1 1 1-1M0 4 4 0M3 5 5 3" class="hatch"/></pattern>
</defs></svg>`;

export type ShapeName = State | "idle" | "off" | "hand" | "next" | "lamp";

/** The bare drawing, for where the word stands beside it anyway. */
export function shape(name: ShapeName): Html {
  return html`<svg class="shape" aria-hidden="true"><use href="#s-${name}"/></svg>`;
}

/** Shape and word in the state's colour. `data-state` lets the page fall back to unknown when it goes stale. */
export function stateMark(state: State, t: Texts): Html {
  return html`<span class="state is-${state}" data-state="${state}">${shape(state)}<span class="word">${t(`state.${state}`)}</span></span>`;
}

/** The shape alone; its word is read aloud only. */
export function stateDot(state: State, t: Texts): Html {
  return html`<span class="state is-${state}" data-state="${state}">${shape(state)}<span class="word hidden">${t(`state.${state}`)}</span></span>`;
}
