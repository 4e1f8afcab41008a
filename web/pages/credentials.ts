import type { BrokerDesk, CredentialPreset, DeviceCredential } from "../../appliance/model/credential.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { moment } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";

const mostFilters = 6;

const deskOf = (c: PageContext): BrokerDesk | undefined => c.view.broker;

function sentence(c: PageContext): string {
  const desk = deskOf(c);
  if (!desk?.isOn) return c.t.plain("credentials.off");
  const all = desk.credentials();
  if (all.length === 0) return c.t.plain("credentials.none");
  const connected = all.filter(({ connections = 0 }) => connections > 0).length;
  return c.t.plain("credentials.sentence", { count: all.length, connected });
}

function headPart(c: PageContext): Html {
  const isOn = deskOf(c)?.isOn ?? false;
  return html`<div class="title" data-state="${isOn ? "ok" : "unknown"}" data-title="${sentence(c)}"><h1>${sentence(c)}</h1></div>`;
}

function filterList(filters: readonly string[], none: Html | string): Html {
  if (filters.length === 0) return html`<span class="muted">${none}</span>`;
  const shown = filters.slice(0, mostFilters).map((filter) => html`<code>${cut(filter, 100)}</code> `);
  return html`${shown}${filters.length > mostFilters && html`+${filters.length - mostFilters}`}`;
}

function refusals(c: PageContext, { refused = {} }: DeviceCredential): Html | false {
  const reasons = Object.entries(refused);
  if (reasons.length === 0) return false;
  const words = reasons.map(([reason, count]) => `${reason} (${count})`).join(", ");
  return html`<br><span class="muted">${c.t("credentials.refused", { reasons: cut(words) })}</span>`;
}

function revokeForm(c: PageContext, { name, origin }: DeviceCredential): Html {
  if (origin === "file") return html`<span class="muted">${c.t("credentials.infile")}</span>`;
  return html`<details><summary>${c.t("credentials.revoke")}</summary><form method="post" action="/credentials/revoke"><input type="hidden" name="csrf" value="${c.csrf ?? ""}"><input type="hidden" name="device" value="${name}"><p>${c.t("credentials.revoke.what")}</p><button>${c.t("credentials.revoke.now", { name: foreign(name) })}</button></form></details>`;
}

function row(c: PageContext, credential: DeviceCredential): Html {
  const { name, connections, by, atMs } = credential;
  const made = by !== undefined && atMs !== undefined;
  const cell = (key: string, content: Html | string) =>
    html`<td data-label="${c.t.plain(`credentials.col.${key}`)}">${content}</td>`;
  return html`<tr><th scope="row"><bdi>${cut(name, 64)}</bdi>${made && html`<br><span class="muted">${c.t("credentials.made", { who: foreign(by), at: moment(c, atMs) })}</span>`}</th>
${cell("connected", html`${connections === undefined ? "–" : c.t(connections > 0 ? "credentials.connected" : "credentials.away")}${refusals(c, credential)}`)}
${cell("publish", filterList(credential.publish, html`${c.t("credentials.nothing")}`))}
${cell("subscribe", filterList(credential.subscribe, html`${c.t("credentials.nothing")}`))}
${cell("revoke", revokeForm(c, credential))}</tr>`;
}

function listPart(c: PageContext): Html {
  const all = deskOf(c)?.credentials() ?? [];
  if (all.length === 0) return html`<p class="muted">${c.t("credentials.first")}</p>`;
  const head = ["name", "connected", "publish", "subscribe", "revoke"].map(
    (key) => html`<th scope="col">${c.t(`credentials.col.${key}`)}</th>`,
  );
  return html`<table class="list"><caption class="hidden">${c.t("credentials.title")}</caption><thead><tr>${head}</tr></thead><tbody>${all.map((one) => row(c, one))}</tbody></table>`;
}

/** Who speaks MQTT 5, which this broker does not: named, with what to do. */
function version5Part(c: PageContext): Html {
  const noted = [...(deskOf(c)?.version5() ?? [])].reverse();
  if (noted.length === 0) return html.none;
  const items = noted.map(
    ({ name, address, atMs }) =>
      html`<li>${foreign(name === "" ? address : name)} <span class="muted">${cut(address, 60)} · ${moment(c, atMs)}</span></li>`,
  );
  return html`<section class="card"><h2>${c.t("credentials.version5", { count: noted.length })}</h2><p>${c.t("credentials.version5.todo")}</p><ul>${items}</ul></section>`;
}

function howToSwitchOn(c: PageContext): Html | false {
  if (deskOf(c)?.isOn) return false;
  return html`<section class="card"><h2>${c.t("credentials.off.title")}</h2><p>${c.t("credentials.off.text")}</p><pre><code>broker:
  listen: ":1883"</code></pre><p class="muted">${c.t("credentials.off.more")}</p></section>`;
}

type Line = readonly [label: Html | string, value: Html];

const code = (text: string) => html`<code>${cut(text, 200)}</code>`;

/** Where the device connects: a line for the host, one for each way in. */
function placeLines(c: PageContext, desk: BrokerDesk): Line[] {
  return desk.entrances().flatMap(({ protocol, address, port }): Line[] => {
    const isEvery = ["", "0.0.0.0", "::"].includes(address);
    const hosts = isEvery ? desk.hosts() : [address];
    const shown = hosts.length > 0 ? hosts : ["localhost"];
    const words = shown.map((host, at) => html`${at > 0 && html` ${c.t("credentials.or")} `}${code(host)}`);
    return [
      [html`${c.t("credentials.host")}`, html`${words}`],
      [
        html`${c.t("credentials.port")}`,
        html`${code(String(port))} <span class="muted">${c.t(`credentials.protocol.${protocol}`)}</span>`,
      ],
    ];
  });
}

function settingsOf(c: PageContext, desk: BrokerDesk, made: Readonly<Record<string, string>>): Html {
  const { name = "", password = "", preset = "own" } = made;
  const found = desk.presets.find(({ id }) => id === preset);
  const lines: Line[] = [
    ...placeLines(c, desk),
    [html`${c.t("credentials.user")}`, code(name)],
    [html`${c.t("credentials.password")}`, html`<code id="password">${password}</code>`],
    ...(found?.settings(name) ?? []).map(([label, value]): Line => [label, code(value)]),
  ];
  return html`<table class="list"><tbody>${lines.map(([label, value]) => html`<tr><th scope="row">${label}</th><td>${value}</td></tr>`)}</tbody></table>`;
}

/** The one time that the password can be seen. */
function madePanel(c: PageContext): Html | false {
  const desk = deskOf(c);
  if (!desk || !c.made) return false;
  return html`<section class="card made" role="status"><h2>${c.t("credentials.new", { name: foreign(c.made.name ?? "") })}</h2><p><b>${c.t("credentials.once")}</b></p>${settingsOf(c, desk, c.made)}<p>${c.t("credentials.version")}</p>${!desk.isOn && html`<p>${c.t("credentials.off.later")}</p>`}<p><a class="button" href="/credentials">${c.t("credentials.done")}</a></p></section>`;
}

function presetOption(c: PageContext, { id, title, nameHint }: CredentialPreset): Html {
  const chosen = (c.query.preset ?? "own") === id;
  return html`<option value="${id}"${chosen && html` selected`}>${title}${nameHint !== undefined && ` – ${c.t.plain("credentials.named", { name: nameHint })}`}</option>`;
}

function createForm(c: PageContext): Html | false {
  const desk = deskOf(c);
  if (!desk || c.csrf === undefined) return false;
  const { device = "", publish = "", subscribe = "", by = "" } = c.query;
  return html`<div class="forms"><form method="post" action="/credentials/create" autocomplete="off" id="connect">
<h2>${c.t("credentials.connect")}</h2>${c.refused !== undefined && html`<p class="alert" role="alert">${cut(c.refused, 300)}</p>`}
<input type="hidden" name="csrf" value="${c.csrf}">
<label>${c.t("credentials.name")}<input name="device" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" value="${device}" aria-describedby="name-hint"></label><p class="muted" id="name-hint">${c.t("credentials.name.hint")}</p>
<label>${c.t("credentials.preset")}<select name="preset">${desk.presets.map((preset) => presetOption(c, preset))}</select></label>
<details${(publish !== "" || subscribe !== "") && html` open`}><summary>${c.t("credentials.filters")}</summary><p class="muted">${c.t("credentials.filters.hint")}</p>
<label>${c.t("credentials.col.publish")}<textarea name="publish" rows="2" maxlength="2000">${publish}</textarea></label>
<label>${c.t("credentials.col.subscribe")}<textarea name="subscribe" rows="2" maxlength="2000">${subscribe}</textarea></label></details>
<label>${c.t("incident.name")}<input name="by" maxlength="60" autocomplete="name" value="${by}"></label>
<button class="primary">${c.t("credentials.create")}</button></form></div>`;
}

function authorityPanel(c: PageContext): Html | false {
  const authority = deskOf(c)?.authority();
  if (!authority) return false;
  return html`<section class="card"><h2>${c.t("credentials.ca")}</h2><p>${c.t("credentials.ca.text")}</p><p><code>${authority.fingerprint}</code></p><details><summary>${c.t("credentials.ca.show")}</summary><pre><code>${authority.pem}</code></pre></details></section>`;
}

const filtersIn = (text: string | undefined): string[] | undefined => {
  const found = (text ?? "").split(/[\s,]+/).filter(Boolean);
  return found.length > 0 ? found : undefined;
};

const byOf = (c: PageContext, by: string | undefined) =>
  cut((by ?? "").trim(), 60) || c.t.plain("incident.local");

function create(c: PageContext, body: Readonly<Record<string, string>>): Outcome {
  const desk = deskOf(c);
  if (!desk) return { refused: c.t.plain("credentials.off") };
  const { device = "", preset = "own", publish = "", subscribe = "", by = "" } = body;
  const own = { publish: filtersIn(publish), subscribe: filtersIn(subscribe) };
  try {
    const { password } = desk.create({
      name: device.trim(),
      preset,
      by: byOf(c, by),
      ...(own.publish ? { publish: own.publish } : {}),
      ...(own.subscribe ? { subscribe: own.subscribe } : {}),
    });
    return { made: { name: device.trim(), password, preset } };
  } catch (error) {
    if (!(error instanceof ApplianceError)) throw error;
    return { refused: error.message, fields: { device, preset, publish, subscribe, by } };
  }
}

function revoke(c: PageContext, { device = "" }: Readonly<Record<string, string>>): Outcome {
  try {
    deskOf(c)?.revoke(device, c.t.plain("incident.local"));
    return { to: "/credentials" };
  } catch (error) {
    if (!(error instanceof ApplianceError)) throw error;
    return { refused: error.message };
  }
}

/** Who may sign in at the built-in broker; makes and revokes credentials of devices. */
export const page: Page = {
  name: "credentials",
  path: "/credentials",
  access: "local",
  parts: { head: headPart, list: listPart, version5: version5Part },
  page: (c, parts) => ({
    title: sentence(c),
    state: deskOf(c)?.isOn ? "ok" : "unknown",
    main: html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/telemetry">${c.t("nav.telemetry")}</a> <span aria-hidden="true">›</span> ${c.t("credentials.title")}</nav>
${parts.head}${madePanel(c)}${howToSwitchOn(c)}${parts.version5}${parts.list}${createForm(c)}${authorityPanel(c)}`,
  }),
  actions: { create, revoke },
};
