import type { Observation } from "../../appliance/model/observation.ts";
import type { Device } from "../../appliance/model/site.ts";
import type { HeardMessage } from "../../appliance/model/telemetry.ts";
import { ago, measured } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import type { PageContext } from "../page.ts";

const readable = new TextDecoder("utf-8");
const shownBytes = 2_000;
/** Brackets within brackets grow by their indents. */
const shownCharacters = 8_000;

/** The text of a payload; octets in hexadecimal where it is none. */
function payloadText({ payload }: HeardMessage): string {
  const part = payload.subarray(0, shownBytes);
  const text = readable.decode(part);
  const isText = !/[^\P{Cc}\n\r\t]|\ufffd/u.test(text.slice(0, 200));
  if (!isText)
    return Array.from(part.subarray(0, 256), (octet) => octet.toString(16).padStart(2, "0")).join(" ");
  return indented(text)
    .slice(0, shownCharacters)
    .replace(/[^\P{Cc}\n\t]/gu, "\ufffd");
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // Not JSON, or cut in the middle.
  }
}

function recordRow(record: Observation): Html {
  const cells = (what: string, channel: string | undefined, value: string) =>
    html`<tr><th scope="row">${cut(what, 60)}${channel !== undefined && html` <bdi class="muted">${cut(channel, 40)}</bdi>`}</th><td><bdi>${cut(value, 80)}</bdi></td></tr>`;
  if (record.record === "sample") {
    const { metric, channel, value, unit } = record;
    const said = typeof value === "number" ? measured(metric, value, unit ?? "") : String(value);
    return cells(metric, channel, said);
  }
  if (record.record === "availability") return cells("availability", undefined, record.state);
  if (record.record === "event") return cells(record.metric, record.channel, String(record.value));
  if (record.record === "describe")
    return cells("description", undefined, [record.name, record.model].filter(Boolean).join(", "));
  return html.none;
}

/** A raw message beside what the box made of it, and by which rule. */
export function messageCard(c: PageContext, device: Device, message: HeardMessage): Html {
  const { topic, receivedAtMs, retained, dialect, records, bytes, payload } = message;
  const isCut = bytes > Math.min(payload.length, shownBytes);
  return html`<section class="card message"><h2>${c.t("message.title")}</h2>
<p class="muted"><code><bdi>${cut(topic, 200)}</bdi></code> · ${ago(c, receivedAtMs)}${retained && html` · ${c.t("message.retained")}`} · ${c.t("message.bytes", { count: bytes })}</p>
<div class="two"><div><h3>${c.t("message.raw")}</h3><pre tabindex="0" dir="ltr">${payloadText(message)}</pre>${isCut && html`<p class="muted">${c.t("message.cut")}</p>`}</div>
<div><h3>${c.t("message.made", { dialect: c.t(`dialect.${dialect ?? "none"}`) })}</h3><table class="bare"><tbody>${records.map(recordRow)}</tbody></table>${dialect === "generic" && html`<p><a class="button" href="/devices/${device.id}/messages?topic=${encodeURIComponent(topic)}#map">${c.t("message.map")}</a></p>`}</div></div></section>`;
}
