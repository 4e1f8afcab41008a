import type { Candidate } from "../../appliance/model/discovery.ts";
import { type DeviceKind, deviceKinds } from "../../appliance/model/site.ts";
import { ago } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { PageContext } from "../page.ts";
import { makeAndModel } from "./device-head.ts";

/** Rows of one form; the rest comes when these are decided. */
export const mostRows = 100;

const choices: readonly DeviceKind[] = deviceKinds.filter((kind) => kind !== "box" && kind !== "service");

/** Probably only passes by: draws its address by lot, and nothing says what it is. */
export function isPassing({ isRandomMac, kind, speaks }: Candidate): boolean {
  return isRandomMac && kind === "other" && speaks === undefined;
}

/** New ones, those that passers-by are not first; the surest on top. */
export function newOnes(c: PageContext): {
  readonly stay: readonly Candidate[];
  readonly pass: readonly Candidate[];
} {
  const all = (c.view.discovery?.candidates() ?? []).filter(({ state }) => state === "new");
  const rank = { sure: 0, likely: 1, guess: 2 } as const;
  const sorted = [...all].sort(
    (a, b) =>
      rank[a.confidence] - rank[b.confidence] ||
      a.kind.localeCompare(b.kind) ||
      a.name.localeCompare(b.name, "en", { numeric: true }),
  );
  return { stay: sorted.filter((one) => !isPassing(one)), pass: sorted.filter(isPassing) };
}

function kindSelect(c: PageContext, { id, kind, name }: Candidate): Html {
  const options = choices.map(
    (choice) =>
      html`<option value="${choice}"${choice === kind && html` selected`}>${c.t(`kind.${choice}`)}</option>`,
  );
  return html`<select name="kind-${id}" aria-label="${c.t.plain("inbox.kindof", { name: cut(name, 60) })}">${options}</select>`;
}

function confidence(c: PageContext, candidate: Candidate): Html {
  const reasons = candidate.reasons.slice(0, 4).map((reason) => cut(reason, 60));
  const word = isPassing(candidate)
    ? c.t("inbox.passing")
    : candidate.kind === "other" && !candidate.speaks
      ? c.t("inbox.nothing")
      : c.t(`confidence.${candidate.confidence}`);
  return html`<b>${word}</b>${reasons.length > 0 && html`<span class="sub">${foreign(reasons.join(", "))}</span>`}`;
}

/** "ping, SNMP (office)". */
function checks(c: PageContext, candidate: Candidate): string {
  if (candidate.speaks) return c.t.plain("inbox.alarms");
  return candidate.checks
    .map(({ type, settings }) => {
      const { credential, port } = settings;
      const detail =
        typeof credential === "string" ? credential : typeof port === "number" ? String(port) : "";
      return `${c.t.plain(`via.${type}`)}${detail && ` (${cut(detail, 40)})`}`;
    })
    .join(", ");
}

function maker({ maker, identity, isRandomMac }: Candidate, c: PageContext): string {
  if (isRandomMac && identity.vendor === undefined) return c.t.plain("inbox.random");
  return makeAndModel(identity.vendor ?? maker, identity.model);
}

function address(c: PageContext, candidate: Candidate): Html {
  const [first, ...rest] = candidate.addresses;
  const text = candidate.speaks ? c.t.plain("inbox.viamqtt") : (first ?? "–");
  const more = rest.filter((one) => !one.includes("%")).length;
  return html`<bdi>${cut(text, 60)}</bdi>${more > 0 && html` <span class="muted">+${more}</span>`}<span class="sub sans">${foreign(maker(candidate, c))}</span>`;
}

/** One row of the form: what it is, with what of it may be changed. */
export function candidateRow(
  c: PageContext,
  candidate: Candidate,
  options: { readonly ticked: boolean },
): Html {
  const { id, name, seenMs, kind } = candidate;
  const label = (key: string) => c.t.plain(`inbox.col.${key}`);
  return html`<tr id="row-${id}">
<th scope="row"><label class="pick"><input type="checkbox" name="pick-${id}" value="1"${options.ticked && html` checked`}><span>${c.t(`kind.${kind}`)}<span class="hidden"> ${foreign(name)}</span></span></label></th>
<td data-label="${label("name")}"><input name="name-${id}" value="${cut(name, 60)}" maxlength="60" required aria-label="${c.t.plain("inbox.nameof", { name: cut(name, 60) })}" autocomplete="off"></td>
<td class="mono" data-label="${label("address")}"><div>${address(c, candidate)}</div></td>
<td data-label="${label("kind")}">${kindSelect(c, candidate)}</td>
<td data-label="${label("confidence")}"><div>${confidence(c, candidate)}</div></td>
<td data-label="${label("checks")}"><div>${checks(c, candidate)}<span class="sub">${c.t("inbox.seen", { time: ago(c, seenMs) })}</span></div></td>
</tr>`;
}

export function candidateTable(c: PageContext, candidates: readonly Candidate[], caption: string): Html {
  const head = ["looks", "name", "address", "kind", "confidence", "checks"].map(
    (key) => html`<th scope="col">${c.t(`inbox.col.${key}`)}</th>`,
  );
  const rows = candidates
    .slice(0, mostRows)
    .map((one) => candidateRow(c, one, { ticked: one.confidence !== "guess" && !isPassing(one) }));
  return html`<table class="list inbox"><caption class="hidden">${caption}</caption><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
}
