import { headline, whoLine } from "../../appliance/model/headline.ts";
import type { DeviceId } from "../../appliance/model/site.ts";
import type { GroupState, Problem, Verdict } from "../../appliance/model/verdict.ts";
import { shortDuration, since } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import { partTag } from "../live.ts";
import type { Page, PageContext } from "../page.ts";
import { healthNotes } from "../parts/health.ts";
import { pathChain } from "../parts/path.ts";
import { shape, stateDot, stateMark } from "../shapes.ts";
import { groupSummary, lastDay, percent, strip } from "../strips.ts";

const most = 8;

function said(c: PageContext, verdict: Verdict) {
  return headline(verdict, { words: c.words, addresses: c.isLocal ? "shown" : "hidden" });
}

/** The sentence, who is on it, and what one can do. */
function headlinePart(c: PageContext): Html {
  const verdict = c.view.status.verdict();
  const { text, detail, tone } = said(c, verdict);
  const who = whoLine(verdict, c.words);
  const notes = verdict.notes.map((note) => html`<p class="note">${foreign(note)}</p>`);
  return html`<section class="headline is-${tone}" data-state="${tone}" data-title="${text}">
<div role="status"><h1>${shape(tone)}<span>${text}</span></h1></div>
${detail && html`<p class="detail">${detail}</p>`}
${who && html`<p class="who">${verdict.acknowledged && shape("hand")}${who}</p>`}
${notes}${healthNotes(c)}
${whatNow(c, verdict)}
</section>`;
}

/** Up to three steps that anybody can take. */
function whatNow(c: PageContext, verdict: Verdict): Html | false {
  const { kind } = verdict.cause;
  const steps = [1, 2, 3].map((step) => `now.${kind}.${step}`).filter((key) => c.t.plain(key) !== key);
  if (steps.length === 0) return false;
  const provider = c.view.site.provider ?? c.t.plain("now.provider");
  return html`<details class="now" id="now"><summary>${c.t("now.title")}</summary><ol>${steps.map((key) => html`<li>${c.t(key, { provider: foreign(provider) })}</li>`)}</ol></details>`;
}

function pathPart(c: PageContext): Html {
  const { path } = c.view.status.verdict();
  if (path.length === 0) return html.none;
  return html`<section class="pathbox"><h2 class="hidden">${c.t("path.title")}</h2>${pathChain(c, path)}</section>`;
}

function problemRow(c: PageContext, problem: Problem): Html {
  const { incident, state, summary, sinceMs, affected, acknowledgedBy } = problem;
  const mark = acknowledgedBy !== undefined;
  const inner = html`<span class="state is-${state}${mark && " is-marked"}" data-state="${state}">${shape(state)}<span class="word hidden">${c.t(`state.${state}`)}</span></span>
<span class="what"><span class="summary">${foreign(summary)}</span>
<span class="more">${since(c, sinceMs)}${affected > 0 && html` · ${c.t("problem.affected", { count: affected })}`}${mark && html` · ${shape("hand")}${c.t("problem.taken", { who: foreign(acknowledgedBy) })}`}</span></span>
<span class="long">${shortDuration(c.nowMs - sinceMs)}</span>`;
  return html`<li id="problem-${incident}">${
    c.isLocal
      ? html`<a class="problem" id="to-${incident}" href="/incidents/${incident}">${inner}${shape("next")}</a>`
      : html`<div class="problem">${inner}</div>`
  }</li>`;
}

/** Open problems, worst first, eight at most. */
function problemsPart(c: PageContext): Html {
  const { problems, cause } = c.view.status.verdict();
  const more = problems.length - most;
  const rest = c.t("problems.more", { count: more });
  return html`<section class="card problems"><h2>${c.t("problems.title")} <span class="count">${problems.length}</span></h2>
${
  problems.length === 0
    ? html`<p class="calm">${c.t(cause.kind === "starting" ? "problems.starting" : "problems.none")}</p>`
    : html`<ul class="rows">${problems.slice(0, most).map((problem) => problemRow(c, problem))}</ul>`
}
${more > 0 && html`<p class="rest">${c.isLocal ? html`<a href="/incidents">${rest}</a>` : rest}</p>`}
</section>`;
}

function membersOf(c: PageContext): Map<string, DeviceId[]> {
  const members = new Map<string, DeviceId[]>();
  for (const { id, group } of c.view.inventory.devices()) {
    const known = members.get(group);
    if (known) known.push(id);
    else members.set(group, [id]);
  }
  return members;
}

function tile(c: PageContext, { group, state, total, ok }: GroupState): Html {
  const inner = html`${stateDot(state, c.t)}<span><span class="name">${foreign(group)}</span><span class="of">${ok === total ? c.t("groups.all", { count: total }) : c.t("groups.of", { ok, total })}</span></span>`;
  return html`<li id="group-${partTag(group)}">${
    c.isLocal
      ? html`<a class="tile is-${state}" data-state="${state}" href="/devices?${new URLSearchParams({ group: cut(group) }).toString()}">${inner}</a>`
      : html`<div class="tile is-${state}" data-state="${state}">${inner}</div>`
  }</li>`;
}

function groupsPart(c: PageContext): Html {
  const { groups } = c.view.status.verdict();
  if (groups.length === 0) return html.none;
  return html`<section class="groups"><h2>${c.t("groups.title")}</h2><ul class="tiles">${groups.map((group) => tile(c, group))}</ul></section>`;
}

/** The last 24 hours of each group, the troubled ones first. */
function todayPart(c: PageContext): Html {
  const { groups } = c.view.status.verdict();
  const members = membersOf(c);
  const span = lastDay(c.nowMs);
  const rows = groups
    .map(({ group }) => ({ group, ...groupSummary(c, members.get(group) ?? [], span) }))
    .map(
      ({ group, slots, share }) =>
        html`<tr><th scope="row">${foreign(group)}</th><td class="wide">${strip(c, slots, span.range, c.t.plain("today.label", { name: cut(group, 60), share: percent(share) }))}</td><td class="num">${percent(share)}</td></tr>`,
    );
  if (rows.length === 0) return html.none;
  return html`<section class="card today"><h2>${c.t("today.title")}</h2><table class="bare"><caption class="hidden">${c.t("today.caption")}</caption><thead class="hidden"><tr><th scope="col">${c.t("today.group")}</th><th scope="col">${c.t("today.day")}</th><th scope="col">${c.t("today.share")}</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** The page for everybody in the office: is it us or the internet, what is broken, is somebody on it. */
export const page: Page = {
  name: "status",
  path: "/",
  access: "anyone",
  nav: { text: "nav.status", order: 1 },
  parts: {
    headline: headlinePart,
    path: pathPart,
    problems: problemsPart,
    groups: groupsPart,
    today: todayPart,
  },
  page(c, parts) {
    const verdict = c.view.status.verdict();
    const { text, tone } = said(c, verdict);
    return {
      title: text,
      state: tone,
      main: html`${parts.headline}${parts.path}<div class="two"><div class="stack">${parts.problems}${parts.groups}</div>${parts.today}</div><p class="legend">${(["ok", "warning", "down", "unreachable", "unknown", "maintenance"] as const).map((state) => stateMark(state, c.t))}</p>`,
    };
  },
};
