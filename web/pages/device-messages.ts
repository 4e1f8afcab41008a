import { createHash } from "node:crypto";
import type { StoredDocument } from "../../appliance/model/documents.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { allMetrics } from "../../appliance/model/metric.ts";
import type { Device } from "../../appliance/model/site.ts";
import { slug } from "../../appliance/model/site.ts";
import type { HeardMessage, Mapping } from "../../appliance/model/telemetry.ts";
import { topicMatches } from "../../appliance/model/topic.ts";
import { measured } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import { messageCard } from "../parts/message.ts";

const fieldNames = ["topic", "path", "metric", "unit", "channel"] as const;
const mostMessages = 10;

/** The mapping that a form's fields make; what is left empty is left out. */
function mappingOf(fields: Readonly<Record<string, string | undefined>>): Mapping {
  const text = (name: (typeof fieldNames)[number]) => (fields[name] ?? "").trim().slice(0, 500);
  const unit = text("unit");
  const channel = text("channel");
  return {
    topic: text("topic"),
    path: text("path"),
    metric: text("metric"),
    ...(unit === "" ? {} : { unit }),
    ...(channel === "" ? {} : { channel }),
  };
}

/** The same topic and place always give the same document. */
function mappingId({ topic, path }: Pick<Mapping, "topic" | "path">): string {
  const mark = createHash("sha256").update(`${topic}\n${path}`).digest("hex").slice(0, 8);
  return `map-${slug(topic, 40)}-${mark}`;
}

/** The message that the form is about: the one asked for, else the newest of free-form JSON. */
function chosen(c: PageContext, device: Device): HeardMessage | undefined {
  const free = c.view.telemetry.of(device.id).filter(({ dialect }) => dialect === "generic");
  return free.find(({ topic }) => topic === c.query.topic) ?? free[0];
}

function savedFor(c: PageContext, topics: readonly string[]): readonly StoredDocument[] {
  return c.view.settings
    .documents("mapping")
    .filter(({ body }) => topics.some((topic) => topicMatches(String(body.topic), topic)));
}

function savedTable(c: PageContext, device: Device, saved: readonly StoredDocument[]): Html {
  if (saved.length === 0) return html.none;
  const row = ({ id, version, body }: StoredDocument) => {
    const { path, metric, unit, channel } = body as unknown as Mapping;
    return html`<tr><th scope="row"><code>${cut(path || "·", 80)}</code></th><td>${cut(metric, 60)}${channel !== undefined && html` <bdi class="muted">${cut(channel, 40)}</bdi>`}${unit !== undefined && html` <span class="muted">${cut(unit, 16)}</span>`}</td><td><form method="post" action="/devices/${device.id}/messages/unmap" class="inline"><input type="hidden" name="csrf" value="${c.csrf ?? ""}"><input type="hidden" name="id" value="${id}"><input type="hidden" name="version" value="${version}"><button>${c.t("map.remove")}</button></form></td></tr>`;
  };
  return html`<h3>${c.t("map.saved")}</h3><table class="bare"><tbody>${saved.map(row)}</tbody></table>`;
}

/** What the message would give with the mapping of the form. */
function previewOf(c: PageContext, message: HeardMessage): Html {
  const mapping = mappingOf(c.query);
  if (mapping.metric === "" || c.query.path === undefined) return html.none;
  const found = c.view.telemetry
    .preview(message, mapping)
    .find(
      (one) => one.record === "sample" && one.metric === mapping.metric && one.channel === mapping.channel,
    );
  if (found?.record !== "sample") return html`<p class="tried"><b>${c.t("map.gives.nothing")}</b></p>`;
  const value =
    typeof found.value === "number"
      ? measured(found.metric, found.value, found.unit ?? "")
      : String(found.value);
  return html`<p class="tried">${c.t("map.gives", { value: html`<b>${cut(value, 60)}</b>` })}</p>`;
}

function mapForm(c: PageContext, device: Device, message: HeardMessage): Html {
  const fields = c.view.telemetry.fields(message);
  const mapping = mappingOf({ topic: message.topic, ...c.query });
  const path = `/devices/${device.id}/messages`;
  const option = (value: string, text: string, current: string) =>
    html`<option value="${value}"${value === current && html` selected`}>${cut(text, 100)}</option>`;
  return html`<section class="card" id="map"><h2>${c.t("map.title")}</h2><p class="muted">${c.t("map.text")}</p>
${c.refused !== undefined && html`<div role="alert" class="alert">${cut(c.refused, 300)}</div>`}
<form method="post" action="${path}/try" class="mapping"><input type="hidden" name="csrf" value="${c.csrf ?? ""}"><div class="fields">
<label class="grow">${c.t("map.topic")}<input name="topic" value="${mapping.topic}" maxlength="500" required spellcheck="false"></label>
<label class="grow">${c.t("map.path")}<select name="path">${fields.map(({ path: place, value }) => option(place, `${place || c.t.plain("map.whole")} = ${value}`, mapping.path))}</select></label>
<label>${c.t("map.metric")}<input name="metric" value="${mapping.metric}" list="metrics" maxlength="64" pattern="[a-z0-9_]+" required autocomplete="off" spellcheck="false"></label>
<label>${c.t("map.unit")}<input name="unit" value="${mapping.unit ?? ""}" maxlength="24" autocomplete="off"></label>
<label>${c.t("map.channel")}<input name="channel" value="${mapping.channel ?? ""}" maxlength="64" autocomplete="off"></label></div>
<datalist id="metrics">${allMetrics().map(({ name, title, unit }) => html`<option value="${name}">${title}${unit !== "" && ` (${unit})`}</option>`)}</datalist>
${previewOf(c, message)}
<p class="buttons"><button>${c.t("map.try")}</button><button class="primary" formaction="${path}/map">${c.t("map.save")}</button></p></form></section>`;
}

function listPart(c: PageContext): Html {
  const device = theDevice(c);
  const messages = c.view.telemetry.of(device.id).slice(0, mostMessages);
  if (messages.length === 0)
    return html`<div class="empty"><h2>${c.t("message.none.title")}</h2><p>${c.t("message.none.text")}</p></div>`;
  return html`${messages.map((message) => messageCard(c, device, message))}`;
}

function change(c: PageContext, body: Readonly<Record<string, string>>, run: () => void): Outcome {
  const fields = Object.fromEntries(fieldNames.map((name) => [name, (body[name] ?? "").slice(0, 500)]));
  try {
    run();
    return { to: `/devices/${theDevice(c).id}/messages#map` };
  } catch (error) {
    if (error instanceof ApplianceError) return { refused: error.message, fields };
    throw error;
  }
}

const by = "page";

/** What a device published last, what was made of it, and a way to say what a field of free-form JSON is. */
export const page: Page = {
  name: "device-messages",
  path: "/devices/:id/messages",
  access: "local",
  exists: (c) => deviceOf(c)?.collectors.includes("mqtt") === true,
  parts: { head: headPart, list: listPart },
  page(c, parts) {
    const device = theDevice(c);
    const message = chosen(c, device);
    const topics = c.view.telemetry.of(device.id).map(({ topic }) => topic);
    return {
      ...deviceTitle(c),
      main: deviceFrame(
        c,
        parts,
        "messages",
        html`${message && mapForm(c, device, message)}${savedTable(c, device, savedFor(c, topics))}${parts.list}`,
      ),
    };
  },
  actions: {
    try(c, body) {
      const fields = fieldNames.map((name): [string, string] => [name, (body[name] ?? "").slice(0, 500)]);
      return { to: `/devices/${theDevice(c).id}/messages?${new URLSearchParams(fields).toString()}#map` };
    },
    map: (c, body) =>
      change(c, body, () => {
        const mapping = mappingOf(body);
        const id = mappingId(mapping);
        const version = c.view.settings.document("mapping", id)?.version ?? 0;
        c.view.settings.save("mapping", id, { ...mapping }, { by, version });
      }),
    unmap: (c, body) =>
      change(c, body, () =>
        c.view.settings.remove("mapping", (body.id ?? "").slice(0, 100), {
          by,
          version: Number.parseInt(body.version ?? "0", 10) || 0,
        }),
      ),
  },
};
