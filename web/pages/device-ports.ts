import type { Device } from "../../appliance/model/site.ts";
import { scaled } from "../format.ts";
import type { Html, Part } from "../html.ts";
import { html } from "../html.ts";
import type { Page, PageContext } from "../page.ts";
import { deviceFrame, deviceOf, deviceTitle, headPart, theDevice } from "../parts/device-head.ts";
import { poeShort, thereShort } from "../port-facts.ts";
import type { PortNow } from "../ports.ts";
import { bits, losses, portFront, portLabel, portMark, portNow } from "../ports.ts";

/** Columns; those in the middle only where any port has something to say there. */
const columns = [
  "port",
  "state",
  "there",
  "speed",
  "in",
  "out",
  "errors",
  "discards",
  "vlan",
  "poe",
] as const;
type Column = (typeof columns)[number];
const plain: ReadonlySet<Column> = new Set(["port", "state", "there", "poe"]);

function columnsOf(c: PageContext, { id, ports }: Device): Column[] {
  const hides: Partial<Record<Column, boolean>> = {
    there: !c.view.topology || c.view.topology.linksOf(id).length === 0,
    vlan: ports.every(({ vlan }) => vlan === undefined),
    poe: ports.every(({ poe }) => poe === undefined),
  };
  return columns.filter((name) => !hides[name]);
}

function row(
  c: PageContext,
  device: Device,
  shown: readonly Column[],
  { port, state, inBps, outBps, errors, discards }: PortNow,
): Html {
  const cells: Record<Exclude<Column, "port">, Part> = {
    state: portMark(c, state),
    there: thereShort(c, device, port),
    speed: port.speedBps ? scaled(port.speedBps, "bit/s") : "–",
    in: bits(inBps),
    out: bits(outBps),
    errors: losses(errors),
    discards: losses(discards),
    vlan: port.vlan ?? "–",
    poe: poeShort(c, port),
  };
  const cell = (name: Exclude<Column, "port">) =>
    html`<td data-label="${c.t.plain(`port.col.${name}`)}"${!plain.has(name) && html` class="num"`}>${cells[name]}</td>`;
  const rest = shown.filter((name) => name !== "port");
  return html`<tr id="row-${port.id}"><th scope="row"><a id="to-${port.id}" href="/devices/${device.id}/ports/${port.id}">${portLabel(port)}</a></th>
${rest.map(cell)}</tr>`;
}

function tablePart(c: PageContext): Html {
  const device = theDevice(c);
  const shown = columnsOf(c, device);
  const head = shown.map(
    (name) => html`<th scope="col"${!plain.has(name) && html` class="num"`}>${c.t(`port.col.${name}`)}</th>`,
  );
  return html`${portFront(c, device)}<table class="list ports"><caption class="hidden">${c.t("tab.ports")}</caption><thead><tr>${head}</tr></thead><tbody>${device.ports.map((port) => row(c, device, shown, portNow(c, device, port)))}</tbody></table>`;
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
