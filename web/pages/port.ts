import type { Port } from "../../appliance/model/site.ts";
import { chart } from "../charts.ts";
import { portName, scaled } from "../format.ts";
import type { Html } from "../html.ts";
import { foreign, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceOf, theDevice } from "../parts/device-head.ts";
import { lossPlan, trafficPlan } from "../plans.ts";
import { portFacts, thereLong } from "../port-facts.ts";
import type { PortState } from "../ports.ts";
import { bits, losses, portMark, portNow, portSentence } from "../ports.ts";
import { rangeLinks } from "../ranges.ts";

function portOf(c: PageContext): Port | undefined {
  return deviceOf(c)?.ports.find(({ id }) => id === c.params.port);
}

function nowOf(c: PageContext) {
  const port = portOf(c);
  if (!port) throw new TypeError("The page has no port.");
  return portNow(c, theDevice(c), port);
}

const stateOf = (state: PortState) => (state === "ok" || state === "warning" ? state : "unknown");

function headPart(c: PageContext): Html {
  const now = nowOf(c);
  const says = portSentence(c, now);
  return html`<div class="head" data-state="${stateOf(now.state)}" data-title="${says}"><div role="status"><h1>${portMark(c, now.state, true)}<span>${says}</span></h1></div></div>`;
}

function nowPart(c: PageContext): Html {
  const { port, inBps, outBps, errors, discards } = nowOf(c);
  const line = (name: string, text: Html | string | undefined) =>
    text ? html`<div><dt>${c.t(`port.col.${name}`)}</dt><dd>${text}</dd></div>` : html.none;
  const mac = port.mac?.replace(/(..)(?=.)/g, "$1:");
  return html`<section class="card nowbox"><h2>${c.t("device.now")}</h2><dl class="readings">
${line("in", bits(inBps))}${line("out", bits(outBps))}${line("errors", losses(errors))}${line("discards", losses(discards))}
${line("speed", port.speedBps ? scaled(port.speedBps, "bit/s") : undefined)}${line("alias", port.ifAlias && foreign(port.ifAlias))}${line("descr", port.ifDescr && foreign(port.ifDescr))}${line("mac", mac && html`<code>${mac}</code>`)}${line("mtu", port.mtu === undefined ? undefined : `${port.mtu} B`)}
${portFacts(c, theDevice(c), port).map(({ name, text }) => html`<div><dt>${c.t(`port.col.${name}`)}</dt><dd>${text}</dd></div>`)}
</dl></section>${thereLong(c, theDevice(c), port)}`;
}

/** One port: its sentence, its traffic, what it loses. */
export const page: Page = {
  name: "port",
  path: "/devices/:id/ports/:port",
  access: "local",
  exists: (c) => portOf(c) !== undefined,
  parts: { head: headPart, now: nowPart },
  async page(c, parts) {
    const device = theDevice(c);
    const now = nowOf(c);
    const { port } = now;
    const path = `/devices/${device.id}/ports/${port.id}`;
    const charts = await Promise.all(
      [trafficPlan(c, device, port, undefined, path), lossPlan(c, device, port, path)].map((plan) =>
        chart(c, plan),
      ),
    );
    return {
      title: `${portSentence(c, now)} ${device.name}`,
      state: stateOf(now.state),
      hasCharts: true,
      main: html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/devices">${c.t("nav.devices")}</a> <span aria-hidden="true">›</span> <a href="/devices/${device.id}">${foreign(device.name)}</a> <span aria-hidden="true">›</span> <a href="/devices/${device.id}/ports">${c.t("tab.ports")}</a> <span aria-hidden="true">›</span> ${foreign(portName(port))}</nav>
${parts.head}<div class="bar"><span></span>${rangeLinks(c, path)}</div>
<div class="withnow"><div class="charts"><h2 class="hidden">${c.t("chart.title")}</h2>${charts}</div>${parts.now}</div>`,
    };
  },
};
