import type { Device, State } from "../../appliance/model/site.ts";
import { deviceKinds, states } from "../../appliance/model/site.ts";
import { ago } from "../format.ts";
import type { Html, Part } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { stateDot, stateMark } from "../shapes.ts";
import { deviceSummary, lastDay, percent, strip } from "../strips.ts";

interface Row {
  readonly device: Device;
  readonly state: State;
}

const sorts = ["state", "name", "room", "seen"] as const;

function allRows(c: PageContext): Row[] {
  return c.view.inventory
    .devices()
    .map((device) => ({ device, state: c.view.status.device(device.id).state }));
}

/** What of a device the search looks at. */
function haystack({ name, address, room, group, identity }: Device): string {
  const { vendor, model, mac, serial, sysName } = identity;
  return [name, address, room, group, vendor, model, mac, serial, sysName].join("\n").toLowerCase();
}

function matches({ device }: Row, { kind, group, q }: Readonly<Record<string, string>>): boolean {
  return (
    (!kind || device.kind === kind) &&
    (!group || cut(device.group) === group) &&
    (!q || haystack(device).includes(q.toLowerCase().trim()))
  );
}

function order(c: PageContext): (a: Row, b: Row) => number {
  const byName = (a: Row, b: Row) => a.device.name.localeCompare(b.device.name, "en", { numeric: true });
  const seen = ({ device }: Row) => c.view.status.device(device.id).lastSeenMs ?? 0;
  switch (c.query.sort) {
    case "name":
      return byName;
    case "room":
      return (a, b) =>
        (a.device.room ?? "~").localeCompare(b.device.room ?? "~", "en", { numeric: true }) || byName(a, b);
    case "seen":
      return (a, b) => seen(a) - seen(b) || byName(a, b);
    default:
      return (a, b) => states.indexOf(a.state) - states.indexOf(b.state) || byName(a, b);
  }
}

/** The address of this list with some of its filters changed. */
function listUrl(c: PageContext, change: Readonly<Record<string, string>>): string {
  const fields = { ...c.query, ...change };
  const query = new URLSearchParams(
    Object.entries(fields).filter(
      ([name, value]) => value !== "" && ["state", "kind", "group", "q", "sort", "theme"].includes(name),
    ),
  );
  const text = query.toString();
  return text ? `/devices?${text}` : "/devices";
}

function chip(c: PageContext, state: State | "", text: Part, count: number): Html {
  const isCurrent = (c.query.state ?? "") === state;
  return html`<li><a class="chip" id="chip-${state || "all"}" href="${listUrl(c, { state })}"${isCurrent && html` aria-current="true"`}>${text} <b>${count}</b></a></li>`;
}

function chips(c: PageContext, rows: readonly Row[]): Html {
  const counts = states.map((state) => ({ state, count: rows.filter((row) => row.state === state).length }));
  return html`<ul class="chips" aria-label="${c.t.plain("devices.states")}">${chip(c, "", c.t("devices.all"), rows.length)}${counts
    .filter(({ state, count }) => count > 0 || c.query.state === state)
    .map(({ state, count }) => chip(c, state, stateMark(state, c.t), count))}</ul>`;
}

function row(c: PageContext, { device, state }: Row): Html {
  const status = c.view.status.device(device.id);
  const span = lastDay(c.nowMs);
  const { slots, share } = deviceSummary(c, device.id, span);
  const label = c.t.plain("today.label", { name: cut(device.name, 60), share: percent(share) });
  return html`<tr id="row-${device.id}">
<th scope="row"><div class="lead">${stateDot(state, c.t)}<span class="who"><a id="to-${device.id}" href="/devices/${device.id}">${foreign(device.name)}</a><span class="sub">${c.t(`kind.${device.kind}`)}${device.room && html` · ${foreign(device.room)}`}</span></span></div></th>
<td class="says" data-label="${c.t.plain("devices.says")}">${foreign(status.sentence)}</td>
<td class="mono" data-label="${c.t.plain("devices.address")}">${device.address ? html`<bdi>${cut(device.address, 60)}</bdi>` : "–"}</td>
<td data-label="${c.t.plain("devices.seen")}">${status.lastSeenMs === undefined ? c.t("devices.never") : ago(c, status.lastSeenMs)}</td>
<td class="wide" data-label="${c.t.plain("devices.day")}">${strip(c, slots, span.range, label)}</td>
</tr>`;
}

function nothing(c: PageContext, isFirst: boolean): Html {
  if (isFirst)
    return html`<div class="empty"><h2>${c.t("devices.first.title")}</h2><p>${c.t("devices.first.text")}</p></div>`;
  const filters = ["state", "kind", "group", "q"]
    .filter((name) => c.query[name])
    .map((name) => {
      const value = c.query[name] ?? "";
      const word =
        name === "state" ? c.t.plain(`state.${value}`) : name === "kind" ? c.t.plain(`kind.${value}`) : value;
      return html`${c.t(`devices.${name}`)} <b>${foreign(word)}</b>`;
    });
  return html`<div class="empty"><h2>${c.t("devices.none.title")}</h2><p>${c.t("devices.none.text")} ${filters.map((filter, index) => html`${index > 0 && ", "}${filter}`)}.</p><p><a class="button" href="/devices">${c.t("devices.none.clear")}</a></p></div>`;
}

function listPart(c: PageContext): Html {
  const all = allRows(c);
  const rows = all.filter((entry) => matches(entry, c.query));
  const shown = rows.filter(({ state }) => !c.query.state || state === c.query.state).sort(order(c));
  if (shown.length === 0) return html`${all.length > 0 && chips(c, rows)}${nothing(c, all.length === 0)}`;
  const head = ["device", "says", "address", "seen", "day"].map(
    (key) => html`<th scope="col">${c.t(`devices.${key}`)}</th>`,
  );
  return html`${chips(c, rows)}<table class="list devices"><caption class="hidden">${c.t("devices.caption", { count: shown.length })}</caption><thead><tr>${head}</tr></thead><tbody>${shown.map((entry) => row(c, entry))}</tbody></table>`;
}

function select(
  c: PageContext,
  name: string,
  options: readonly (readonly [value: string, text: string])[],
): Html {
  const current = c.query[name] ?? "";
  return html`<label>${c.t(`devices.${name}`)}<select name="${name}">${options.map(([value, text]) => html`<option value="${value}"${value === current && html` selected`}>${cut(text, 60)}</option>`)}</select></label>`;
}

function filters(c: PageContext): Html {
  const devices = c.view.inventory.devices();
  const kinds = deviceKinds.filter((kind) => devices.some((device) => device.kind === kind));
  const groups = [...new Set(devices.map(({ group }) => cut(group)))].sort();
  const any = ["", c.t.plain("devices.any")] as const;
  return html`<form class="filters" id="filters" action="/devices" method="get" role="search" hx-get="/f/devices/list" hx-target="#list" hx-swap="innerMorph strip:true" hx-trigger="input delay:250ms, change, submit" hx-sync="this:replace" data-url="/devices">
${c.query.state && html`<input type="hidden" name="state" value="${c.query.state}">`}
<label class="grow">${c.t("devices.q")}<input type="search" name="q" value="${c.query.q ?? ""}" placeholder="${c.t.plain("devices.hint")}" autocomplete="off" spellcheck="false"></label>
${select(c, "kind", [any, ...kinds.map((kind) => [kind, c.t.plain(`kind.${kind}`)] as const)])}
${select(c, "group", [any, ...groups.map((group) => [group, group] as const)])}
${select(
  c,
  "sort",
  sorts.map((sort) => [sort === "state" ? "" : sort, c.t.plain(`sort.${sort}`)] as const),
)}
<button class="apply">${c.t("devices.apply")}</button>
</form>`;
}

function sentence(c: PageContext, rows: readonly Row[]): string {
  if (rows.length === 0) return c.t.plain("devices.sentence.empty");
  const count = (...wanted: State[]) => rows.filter(({ state }) => wanted.includes(state)).length;
  const bad = count("down");
  const warning = count("warning");
  const total = c.t.plain("devices.sentence.total", { count: rows.length });
  const parts = [
    bad > 0 && c.t.plain("devices.sentence.down", { count: bad }),
    count("unreachable") > 0 && c.t.plain("devices.sentence.unreachable", { count: count("unreachable") }),
    warning > 0 && c.t.plain("devices.sentence.warning", { count: warning }),
    count("unknown") > 0 && c.t.plain("devices.sentence.unknown", { count: count("unknown") }),
  ].filter((part) => part !== false);
  return parts.length === 0
    ? c.t.plain("devices.sentence.ok", { count: rows.length })
    : `${total}: ${parts.join(", ")}.`;
}

function worstOf(rows: readonly Row[]): State {
  return states.find((state) => rows.some((entry) => entry.state === state)) ?? "unknown";
}

function titlePart(c: PageContext): Html {
  const rows = allRows(c);
  return html`<div class="title" data-state="${worstOf(rows)}" data-title="${sentence(c, rows)}"><h1>${sentence(c, rows)}</h1></div>`;
}

/** All devices, filtered and sorted by the address of the page. */
export const page: Page = {
  name: "devices",
  path: "/devices",
  access: "local",
  nav: { text: "nav.devices", order: 3 },
  parts: { title: titlePart, list: listPart },
  page(c, parts) {
    const rows = allRows(c);
    return {
      title: sentence(c, rows),
      state: worstOf(rows),
      main: html`${parts.title}${rows.length > 0 && filters(c)}${parts.list}`,
    };
  },
};
