import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext } from "../page.ts";

/**
 * What is wrong with the monitor itself, for the page that everybody may open: which part. Whoever asks from the box
 * reads what it is and what helps. Leaves out what the headline says already.
 */
export function healthNotes(c: PageContext): Html {
  const { problems } = c.view.health.check();
  const { cause } = c.view.status.verdict();
  const said = cause.kind === "box-sick" ? cause.what : undefined;
  const rest = problems.filter(({ what }) => what !== said);
  if (rest.length === 0) return html.none;
  if (c.isLocal) return healthDetails(c, rest);
  const parts = [...new Set(rest.map(({ part }) => part))].join(", ");
  return html`<p class="note health">${c.t("health.short", { parts: cut(parts, 100) })}</p>`;
}

type Problems = ReturnType<PageContext["view"]["health"]["check"]>["problems"];

/** Each problem with its remedy, for pages of the box itself. */
export function healthDetails(c: Pick<PageContext, "t">, problems: Problems): Html {
  return html`${problems.map(({ what, remedy }) => html`<p class="note health">${c.t("health.long", { what: foreign(what), remedy: foreign(remedy) })}</p>`)}`;
}
