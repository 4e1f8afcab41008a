import { createHash } from "node:crypto";
import { severities } from "../../appliance/model/alert.ts";
import type { StoredDocument } from "../../appliance/model/documents.ts";
import type { Rehearsal } from "../../appliance/model/rehearsal.ts";
import type { Device, Sensor } from "../../appliance/model/site.ts";
import { seriesId, slug } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { measured } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, html } from "../html.ts";
import type { PageContext } from "../page.ts";
import { sensorKey } from "../sensors.ts";

export const sides = ["over", "under"] as const;
export type Side = (typeof sides)[number];

const dayMs = 86_400_000;
const tryOutMs = 30 * dayMs;
const holds = ["0s", "1m", "5m", "10m", "30m", "1h", "3h"] as const;

/** Name of the rule that a page keeps for one side of one sensor: the same sensor always gives the same. */
export function limitId(device: Device, sensor: Pick<Sensor, "metric" | "channel">, side: Side): string {
  const key = `${device.id} ${sensorKey(sensor)}`;
  const mark = createHash("sha256").update(key).digest("hex").slice(0, 8);
  return `limit-${slug(`${device.id}-${sensor.metric}`, 40)}-${mark}-${side}`;
}

export interface Limit {
  readonly side: Side;
  readonly document: StoredDocument | undefined;
  /** As in a form. */
  readonly fields: {
    readonly value: string;
    readonly clear: string;
    readonly for: string;
    readonly severity: string;
  };
}

const textOf = (value: unknown) =>
  typeof value === "number" || typeof value === "string" ? String(value) : "";

/** The limit that a page set on one side of a sensor; what a form has just sent counts instead. */
export function limitOf(c: PageContext, device: Device, sensor: Sensor, side: Side): Limit {
  const document = c.view.settings.document("rule", limitId(device, sensor, side));
  const isSent = c.query.side === side;
  const body = document?.body ?? {};
  const sent = (name: string, kept: unknown) => (isSent ? (c.query[name] ?? "") : textOf(kept));
  return {
    side,
    document,
    fields: {
      value: sent("value", body[side]),
      clear: sent("clear", body.clear),
      for: sent("for", body.for) || "5m",
      severity: sent("severity", body.severity) || "warning",
    },
  };
}

/** The rule that a form's fields make, as the file would have it. */
export function ruleOf(device: Device, sensor: Sensor, { side, fields }: Limit): Record<string, unknown> {
  const number = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));
  return {
    id: limitId(device, sensor, side),
    check: "threshold",
    metric: sensor.metric,
    where: { device: device.id, ...(sensor.channel === undefined ? {} : { channel: sensor.channel }) },
    [side]: number(fields.value),
    ...(fields.clear.trim() === "" ? {} : { clear: number(fields.clear) }),
    for: fields.for,
    severity: fields.severity,
  };
}

/** How a limit would have done over the last 30 days; text when it cannot be tried. */
export async function tryOut(
  c: PageContext,
  device: Device,
  sensor: Sensor,
  limit: Limit,
): Promise<Rehearsal | string | undefined> {
  if (limit.fields.value.trim() === "") return undefined;
  const range = { fromMs: c.nowMs - tryOutMs, toMs: c.nowMs };
  try {
    return await c.view.rehearse(
      ruleOf(device, sensor, limit),
      seriesId(device.id, sensor.metric, sensor.channel),
      range,
    );
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** "This would have fired twice since Mon 2 Mar 10:42", and when. */
export function tryOutWords(c: PageContext, tried: Rehearsal): Html {
  if (tried.sinceMs === undefined) return html`<p class="tried">${c.t("limit.nohistory")}</p>`;
  const since = c.words.since(tried.sinceMs, c.nowMs);
  const { firings } = tried;
  if (firings.length === 0) return html`<p class="tried"><b>${c.t("limit.never", { since })}</b></p>`;
  const items = firings
    .slice(-5)
    .reverse()
    .map(
      ({ fromMs, toMs }) =>
        html`<li>${c.words.moment(fromMs, c.nowMs)} – ${toMs === undefined ? c.t("limit.ongoing") : c.t("limit.lasted", { time: durationWords(toMs - fromMs) })}</li>`,
    );
  return html`<div class="tried"><p><b>${c.t("limit.fired", { count: firings.length, since })}</b></p><ul>${items}</ul>${firings.length > 5 && html`<p class="muted">${c.t("limit.newest")}</p>`}</div>`;
}

function option(value: string, text: string, current: string): Html {
  return html`<option value="${value}"${value === current && html` selected`}>${text}</option>`;
}

function field(c: PageContext, sensor: Sensor, limit: Limit, name: "value" | "clear"): Html {
  const unit = sensor.unit === "" ? "" : ` (${cut(sensor.unit, 16)})`;
  return html`<label>${c.t(name === "value" ? `limit.${limit.side}` : "limit.clear")}${unit}<input type="number" step="any" name="${name}" value="${limit.fields[name]}" inputmode="decimal"${name === "value" && html` required`}></label>`;
}

/** The form of one side: try it, save it, take it away. */
export function limitForm(
  c: PageContext,
  device: Device,
  sensor: Sensor,
  limit: Limit,
  tried: Rehearsal | string | undefined,
): Html {
  const { side, document, fields } = limit;
  const path = `/devices/${device.id}/sensors/${encodeURIComponent(sensorKey(sensor))}`;
  const isSent = c.query.side === side;
  const why = isSent ? (c.refused ?? (typeof tried === "string" ? tried : undefined)) : undefined;
  return html`<form class="limit" method="post" action="${path}/try" id="limit-${side}"><h3>${c.t(`limit.${side}.title`)}</h3>
<input type="hidden" name="side" value="${side}"><input type="hidden" name="version" value="${document?.version ?? 0}"><input type="hidden" name="csrf" value="${c.csrf ?? ""}">
${why !== undefined && html`<div role="alert" class="alert">${cut(why, 300)}</div>`}
<div class="fields">${field(c, sensor, limit, "value")}<label>${c.t("limit.for")}<select name="for">${[...new Set([...holds, fields.for])].map((hold) => option(hold, c.t.plain(`hold.${hold}`).replace(/^hold\./, ""), fields.for))}</select></label>${field(c, sensor, limit, "clear")}<label>${c.t("limit.severity")}<select name="severity">${severities.map((severity) => option(severity, c.t.plain(`rule.${severity}`), fields.severity))}</select></label></div>
${isSent && tried !== undefined && typeof tried !== "string" && tryOutWords(c, tried)}
<p class="buttons"><button>${c.t("limit.try")}</button><button class="primary" formaction="${path}/save">${c.t(document ? "limit.change" : "limit.save")}</button>${document && html`<button formaction="${path}/remove" formnovalidate>${c.t("limit.remove")}</button>`}</p>
${document && html`<p class="muted">${c.t("limit.by", { who: cut(document.by, 40), when: c.words.moment(document.atMs, c.nowMs) })}</p>`}</form>`;
}

/** Limits of pages as lines in the chart. */
export function limitLines(
  sensor: Sensor,
  limits: readonly Limit[],
): { value: number; text: string; inView: true }[] {
  return limits.flatMap(({ fields }) => {
    const value = Number(fields.value);
    return fields.value.trim() === "" || !Number.isFinite(value)
      ? []
      : [{ value, text: measured(sensor.metric, value, sensor.unit), inView: true as const }];
  });
}
