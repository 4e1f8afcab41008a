import type { Device } from "../../appliance/model/site.ts";
import { scaled } from "../format.ts";
import type { Html } from "../html.ts";
import { html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import type { PortNow } from "../ports.ts";
import { bits, losses, portFront, portLabel, portMark, portNow } from "../ports.ts";

const columns = ["port", "state", "speed", "in", "out", "errors", "discards"] as const;

function row(
  c: PageContext,
  device: Device,
  { port, state, inBps, outBps, errors, discards }: PortNow,
): Html {
  const cell = (name: string, content: Html | string) =>
    html`<td data-label="${c.t.plain(`port.col.${name}`)}"${name !== "state" && html` class="num"`}>${content}</td>`;
  return html`<tr id="row-${port.id}"><th scope="row"><a id="to-${port.id}" href="/devices/${device.id}/ports/${port.id}">${portLabel(port)}</a></th>
${cell("state", portMark(c, state))}${cell("speed", port.speedBps ? scaled(port.speedBps, "bit/s") : "–")}${cell("in", bits(inBps))}${cell("out", bits(outBps))}${cell("errors", losses(errors))}${cell("discards", losses(discards))}</tr>`;
}

function tablePart(c: PageContext): Html {
  const device = theDevice(c);
  const head = columns.map(
    (name) =>
      html`<th scope="col"${name !== "port" && name !== "state" && html` class="num"`}>${c.t(`port.col.${name}`)}</th>`,
  );
  return html`${portFront(c, device)}<table class="list ports"><caption class="hidden">${c.t("tab.ports")}</caption><thead><tr>${head}</tr></thead><tbody>${device.ports.map((port) => row(c, device, portNow(c, device, port)))}</tbody></table>`;
}

/** The ports of a device as its front shows them, and as a table with rates and losses. */
export const page: Page = {
  name: "device-ports",
  path: "/devices/:id/ports",
  access: "local",
  exists: (c) => (deviceOf(c)?.ports.length ?? 0) > 0,
  parts: { head: headPart, table: tablePart },
  page: (c, parts) => ({
    ...deviceTitle(c),
    main: deviceFrame(c, parts, "ports", html`${parts.table}`),
  }),
};
