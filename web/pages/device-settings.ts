import { ApplianceError } from "../../appliance/model/errors.ts";
import type { Device } from "../../appliance/model/site.ts";
import { deviceKinds } from "../../appliance/model/site.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";

type Fields = Readonly<Record<string, string>>;

const names = ["name", "room", "group", "kind"] as const;
const by = "page";
/** Kinds that a person chooses from; the others belong to the box itself. */
const kinds = deviceKinds.filter((kind) => kind !== "box");

const documentOf = (c: PageContext, device: Device) => c.view.settings.document("device", device.id);
const isInFile = (c: PageContext, device: Device) => c.view.settings.isInFile("device", device.id);

/** A form's fields over what was saved before: what the form does not know stays as it is. */
function bodyOf(c: PageContext, device: Device, fields: Fields): Record<string, unknown> {
  const body: Record<string, unknown> = { ...documentOf(c, device)?.body, id: device.id };
  for (const name of names) {
    const text = (fields[name] ?? "").trim().slice(0, 200);
    if (text === "") delete body[name];
    else body[name] = text;
  }
  return body;
}

function settingsPart(c: PageContext): Html {
  const device = theDevice(c);
  if (isInFile(c, device))
    return html`<section class="card"><p>${c.t("settings.infile")}</p><dl class="readings">${names.map((name) => html`<div><dt>${c.t(`settings.${name}`)}</dt><dd>${name === "kind" ? c.t(`kind.${device.kind}`) : foreign(device[name] ?? "–")}</dd></div>`)}</dl></section>`;
  const document = documentOf(c, device);
  const value = (name: (typeof names)[number]) =>
    c.query[name] ?? String(document?.body[name] ?? device[name] ?? "");
  const field = (name: "name" | "room" | "group") =>
    html`<label>${c.t(`settings.${name}`)}<input name="${name}" value="${value(name)}" maxlength="100" list="known-${name}" autocomplete="off"></label><datalist id="known-${name}">${known(c, name).map((text) => html`<option value="${text}"></option>`)}</datalist>`;
  const path = `/devices/${device.id}/settings`;
  const isWaiting = !device.approved;
  return html`<section class="card">${isWaiting && html`<p>${c.t("settings.unapproved")}</p>`}${c.refused !== undefined && html`<div role="alert" class="alert">${cut(c.refused, 300)}</div>`}
<form method="post" action="${path}/save" class="mapping"><input type="hidden" name="csrf" value="${c.csrf ?? ""}"><input type="hidden" name="version" value="${document?.version ?? 0}"><div class="fields">${field("name")}${field("room")}${field("group")}<label>${c.t("settings.kind")}<select name="kind">${kinds.map((kind) => html`<option value="${kind}"${kind === value("kind") && html` selected`}>${c.t(`kind.${kind}`)}</option>`)}</select></label></div>
<p class="buttons"><button class="primary">${c.t(isWaiting ? "settings.approve" : "settings.save")}</button>${document && html`<button formaction="${path}/remove" formnovalidate>${c.t(device.collectors.includes("mqtt") ? "settings.disapprove" : "settings.retire")}</button>`}</p>
${document && html`<p class="muted">${c.t("limit.by", { who: cut(document.by, 40), when: c.words.moment(document.atMs, c.nowMs) })}</p>`}</form></section>`;
}

/** Names that are there already, so that one room is not written in two ways. */
function known(c: PageContext, name: "name" | "room" | "group"): string[] {
  if (name === "name") return [];
  const all = c.view.inventory.devices().flatMap((device) => device[name] ?? []);
  return [...new Set(all.map((text) => cut(text, 100)))].sort().slice(0, 200);
}

function change(c: PageContext, body: Fields, run: (device: Device, version: number) => string): Outcome {
  const device = theDevice(c);
  try {
    return { to: run(device, Number.parseInt(body.version ?? "0", 10) || 0) };
  } catch (error) {
    if (!(error instanceof ApplianceError)) throw error;
    const fields = Object.fromEntries(names.map((name) => [name, (body[name] ?? "").slice(0, 200)]));
    return { refused: error.message, fields };
  }
}

/** What people say of a device: its name, room and kind; for what publishes also that its alarms count. */
export const page: Page = {
  name: "device-settings",
  path: "/devices/:id/settings",
  access: "local",
  exists: (c) => deviceOf(c)?.source !== "built-in" && deviceOf(c) !== undefined,
  parts: { head: headPart },
  page: (c, parts) => ({
    ...deviceTitle(c),
    main: deviceFrame(c, parts, "settings", settingsPart(c)),
  }),
  actions: {
    save: (c, body) =>
      change(c, body, (device, version) => {
        c.view.settings.save("device", device.id, bodyOf(c, device, body), { by, version });
        return `/devices/${device.id}/settings`;
      }),
    remove: (c, body) =>
      change(c, body, (device, version) => {
        c.view.settings.remove("device", device.id, { by, version });
        return device.collectors.includes("mqtt") ? `/devices/${device.id}/settings` : "/devices";
      }),
  },
};
