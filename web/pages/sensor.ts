import type { Rule } from "../../appliance/model/alert.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import type { Device, Sensor } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { chart } from "../charts.ts";
import { ago } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";
import { deviceOf, theDevice } from "../parts/device-head.ts";
import type { Limit, Side } from "../parts/limit-form.ts";
import { limitForm, limitId, limitLines, limitOf, ruleOf, sides, tryOut } from "../parts/limit-form.ts";
import { messageCard } from "../parts/message.ts";
import { sensorPlan } from "../plans.ts";
import { rangeLinks } from "../ranges.ts";
import { limitWords, readingOf, severityMark } from "../readings.ts";
import { sensorKey, sensorsOf } from "../sensors.ts";
import { shape } from "../shapes.ts";

function sensorOf(c: PageContext): Sensor | undefined {
  const device = deviceOf(c);
  return device && sensorsOf(c, device).find((sensor) => sensorKey(sensor) === c.params.sensor);
}

function theSensor(c: PageContext): Sensor {
  const sensor = sensorOf(c);
  if (!sensor) throw new TypeError("The page has no sensor.");
  return sensor;
}

const shapes = { ok: "ok", warning: "warning", critical: "down", unknown: "unknown" } as const;

function sentence(c: PageContext, device: Device, sensor: Sensor): string {
  const { text, severity, timeMs } = readingOf(c, device, sensor);
  const what = cut(sensor.description, 60);
  if (timeMs === undefined) return c.t.plain("sensor.says.nothing", { what, name: cut(device.name, 60) });
  return c.t.plain(`sensor.says.${severity}`, { what, name: cut(device.name, 60), value: text });
}

function headPart(c: PageContext): Html {
  const device = theDevice(c);
  const sensor = theSensor(c);
  const state = shapes[readingOf(c, device, sensor).severity];
  const says = sentence(c, device, sensor);
  return html`<div class="head is-${state}" data-state="${state}" data-title="${says}"><div role="status"><h1>${shape(state)}<span>${foreign(says)}</span></h1></div></div>`;
}

/** Rules that judge this sensor, whoever wrote them. */
function rulesOf(c: PageContext, device: Device, sensor: Sensor): readonly Rule[] {
  const own = new Set<string>(sides.map((side) => limitId(device, sensor, side)));
  return c.view
    .rules()
    .filter(
      ({ id, metric, where }) =>
        metric === sensor.metric &&
        !own.has(id) &&
        (where.device === undefined || where.device.includes(device.id) || where.device.includes("*")) &&
        (where.kind === undefined || where.kind.includes(device.kind)) &&
        (where.room === undefined || where.room.includes(device.room ?? "")) &&
        (where.group === undefined || where.group.includes(device.group)),
    );
}

function nowPart(c: PageContext): Html {
  const device = theDevice(c);
  const sensor = theSensor(c);
  const { text, severity, timeMs } = readingOf(c, device, sensor);
  const { rhythm } = c.view.status.device(device.id).answers;
  const rules = rulesOf(c, device, sensor);
  const line = (name: string, value: Html | string | false | undefined) =>
    value ? html`<div><dt>${c.t(`sensor.${name}`)}</dt><dd>${value}</dd></div>` : html.none;
  return html`<section class="card nowbox"><h2>${c.t("device.now")}</h2><dl class="readings">
${line("value", html`<b>${text}</b>${severity !== "ok" && severityMark(c, severity)}`)}${line("heard", timeMs !== undefined && ago(c, timeMs))}${line("usual", rhythm && rhythm.gaps > 0 && durationWords(rhythm.medianMs))}${line("limits", sensor.limits && limitWords(c, sensor))}${line("room", device.room !== undefined && foreign(device.room))}
</dl>${rules.length > 0 && html`<h3>${c.t("sensor.rules")}</h3><ul class="evidence">${rules.map(({ id, severity: grade, origin }) => html`<li><code>${cut(id, 60)}</code> <span class="muted">${c.t(`rule.${grade}`)}, ${c.t(`rule.origin.${origin}`)}</span></li>`)}</ul>`}</section>`;
}

const pathOf = (device: Device, sensor: Sensor) =>
  `/devices/${device.id}/sensors/${encodeURIComponent(sensorKey(sensor))}`;

/** The message that said it last, for what publishes. */
function messagePart(c: PageContext): Html {
  const device = theDevice(c);
  const { metric, channel } = theSensor(c);
  const message = c.view.telemetry
    .of(device.id)
    .find(({ records }) =>
      records.some((one) => one.record === "sample" && one.metric === metric && one.channel === channel),
    );
  return message ? messageCard(c, device, message) : html.none;
}

async function limitsSection(c: PageContext, device: Device, sensor: Sensor, limits: readonly Limit[]) {
  if (c.csrf === undefined) return html.none;
  const tried = await Promise.all(
    limits.map((limit) => (c.query.side === limit.side ? tryOut(c, device, sensor, limit) : undefined)),
  );
  const shared = sides.some((side) => c.view.settings.isInFile("rule", limitId(device, sensor, side)));
  return html`<section class="card" id="limits"><h2>${c.t("limit.heading")}</h2><p class="muted">${c.t(device.approved ? "limit.text" : "limit.unapproved")}</p>${shared && html`<p>${c.t("limit.infile")}</p>`}<div class="forms two">${limits.map((limit, at) => limitForm(c, device, sensor, limit, tried[at]))}</div></section>`;
}

const isSide = (text: string | undefined): text is Side => sides.some((side) => side === text);

/** The fields of a limit's form as they came. */
function sent(body: Readonly<Record<string, string>>): Record<string, string> {
  const names = ["side", "value", "clear", "for", "severity"];
  return Object.fromEntries(names.map((name) => [name, (body[name] ?? "").slice(0, 40)]));
}

function change(
  c: PageContext,
  body: Readonly<Record<string, string>>,
  run: (limit: Limit) => void,
): Outcome {
  const device = theDevice(c);
  const sensor = theSensor(c);
  const fields = sent(body);
  if (!isSide(fields.side)) return { refused: c.t.plain("limit.noside") };
  try {
    run(limitOf({ ...c, query: fields }, device, sensor, fields.side));
    return { to: `${pathOf(device, sensor)}#limits` };
  } catch (error) {
    if (error instanceof ApplianceError) return { refused: error.message, fields };
    throw error;
  }
}

const by = "page";
const versionOf = (body: Readonly<Record<string, string>>) => Number.parseInt(body.version ?? "0", 10) || 0;

/** One number of one device: how it is, how it was, what said it, and from where on it is too much. */
export const page: Page = {
  name: "sensor",
  path: "/devices/:id/sensors/:sensor",
  access: "local",
  exists: (c) => sensorOf(c) !== undefined,
  parts: { head: headPart, now: nowPart, message: messagePart },
  async page(c, parts) {
    const device = theDevice(c);
    const sensor = theSensor(c);
    const path = pathOf(device, sensor);
    const limits = sides.map((side) => limitOf(c, device, sensor, side));
    const plan = sensorPlan(c, device, sensor, path);
    const drawn = await chart(c, {
      ...plan,
      limits: [...(plan.limits ?? []), ...limitLines(sensor, limits)],
    });
    return {
      title: sentence(c, device, sensor),
      state: shapes[readingOf(c, device, sensor).severity],
      hasCharts: true,
      main: html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/devices">${c.t("nav.devices")}</a> <span aria-hidden="true">›</span> <a href="/devices/${device.id}">${foreign(device.name)}</a> <span aria-hidden="true">›</span> <a href="/devices/${device.id}/sensors">${c.t("tab.sensors")}</a> <span aria-hidden="true">›</span> ${foreign(sensor.description)}</nav>
${parts.head}<div class="bar"><span></span>${rangeLinks(c, path)}</div>
<div class="withnow"><div class="charts wide"><h2 class="hidden">${c.t("chart.title")}</h2>${drawn}</div>${parts.now}</div>
${await limitsSection(c, device, sensor, limits)}${parts.message}`,
    };
  },
  actions: {
    // An address of its own, so that it can be gone back to and shown to others.
    try(c, body) {
      const fields = sent(body);
      const path = pathOf(theDevice(c), theSensor(c));
      if (!isSide(fields.side)) return { refused: c.t.plain("limit.noside") };
      return { to: `${path}?${new URLSearchParams(fields).toString()}#limit-${fields.side}` };
    },
    save: (c, body) =>
      change(c, body, (limit) => {
        const rule = ruleOf(theDevice(c), theSensor(c), limit);
        c.view.settings.save("rule", String(rule.id), rule, { by, version: versionOf(body) });
      }),
    remove: (c, body) =>
      change(c, body, ({ side }) =>
        c.view.settings.remove("rule", limitId(theDevice(c), theSensor(c), side), {
          by,
          version: versionOf(body),
        }),
      ),
  },
};
