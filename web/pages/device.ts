import type { Device } from "../../appliance/model/site.ts";
import type { ChartPlan } from "../charts.ts";
import { chart } from "../charts.ts";
import { portName } from "../format.ts";
import { cut, html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, pollAction, theDevice } from "../parts/device-head.ts";
import { pingPlan, sensorPlan, trafficPlan } from "../plans.ts";
import { portFront, portNow } from "../ports.ts";
import { rangeLinks } from "../ranges.ts";
import { nowList } from "../readings.ts";
import { channelsOf, sensorsOf, storedOf } from "../sensors.ts";

const mostCharts = 6;
/** Numbers worth a chart without being asked for, in this order. */
const telling = [
  "http_time",
  "tcp_time",
  "dns_time",
  "temperature",
  "cpu_used",
  "memory_used",
  "battery",
  "load",
  "humidity",
  "disk_used",
  "power",
  "count",
  "co2",
];

function busiest(c: PageContext, device: Device) {
  return device.ports
    .map((port) => portNow(c, device, port))
    .filter(({ inBps, outBps }) => inBps !== undefined || outBps !== undefined)
    .sort((a, b) => (b.inBps ?? 0) + (b.outBps ?? 0) - (a.inBps ?? 0) - (a.outBps ?? 0))[0]?.port;
}

async function plansOf(c: PageContext, device: Device): Promise<ChartPlan[]> {
  const stored = await storedOf(c, device);
  const channels = channelsOf(stored, "ping_loss").slice(0, 3);
  const plans = channels.map((channel) => pingPlan(c, device, { channel }));
  const port = busiest(c, device);
  if (port) {
    const title = c.t.plain("chart.busiest", { port: cut(port.ifAlias ?? portName(port), 40) });
    plans.push(trafficPlan(c, device, port, title));
  }
  const sensors = sensorsOf(c, device);
  const worth = telling.flatMap((metric) => sensors.filter((sensor) => sensor.metric === metric));
  return [...plans, ...worth.map((sensor) => sensorPlan(c, device, sensor))].slice(0, mostCharts);
}

/** One device: how it is, what it says now, and its charts. */
export const page: Page = {
  name: "device",
  path: "/devices/:id",
  access: "local",
  exists: (c) => deviceOf(c) !== undefined,
  parts: {
    head: headPart,
    now: (c) =>
      html`<section class="card nowbox"><h2>${c.t("device.now")}</h2>${nowList(c, theDevice(c))}</section>`,
    front: (c) => {
      const device = theDevice(c);
      return device.ports.length > 1
        ? html`<section class="card"><h2>${c.t("tab.ports")}</h2>${portFront(c, device)}</section>`
        : html.none;
    },
  },
  async page(c, parts) {
    const device = theDevice(c);
    const charts = await Promise.all((await plansOf(c, device)).map((plan) => chart(c, plan)));
    const content = html`<div class="withnow"><div class="charts"><h2 class="hidden">${c.t("chart.title")}</h2>${charts.length > 0 ? charts : html`<p class="calm">${c.t("chart.none")}</p>`}</div>${parts.now}</div>${parts.front}`;
    return {
      ...deviceTitle(c),
      hasCharts: true,
      main: deviceFrame(c, parts, "overview", content, rangeLinks(c, `/devices/${device.id}`)),
    };
  },
  actions: { poll: pollAction },
};
