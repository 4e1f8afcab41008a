import type { Device, DeviceId, Port } from "../appliance/model/site.ts";
import { seriesId } from "../appliance/model/site.ts";
import type { LinkEnd, TopologyLink } from "../appliance/model/topology.ts";
import { number, portName, scaled } from "./format.ts";
import type { Html } from "./html.ts";
import { cut, foreign, html } from "./html.ts";
import type { PageContext } from "./page.ts";

/** A device's id, or the key of a neighbour that is none of ours. */
export const nodeOf = (end: LinkEnd): string => end.device ?? end.neighbour ?? "";

/** The other end of a link, seen from one of its nodes. */
export function otherEnd({ from, to }: TopologyLink, node: string): { own: LinkEnd; other: LinkEnd } {
  return nodeOf(from) === node ? { own: from, other: to } : { own: to, other: from };
}

export function portOf(c: PageContext, { device, port }: LinkEnd): Port | undefined {
  return device && c.view.inventory.device(device)?.ports.find(({ id }) => id === port);
}

/** What a port is called at an end; undefined where nobody knows. */
export function portText(c: PageContext, end: LinkEnd): string | undefined {
  const port = portOf(c, end);
  return port ? portName(port) : end.portName === undefined ? undefined : cut(end.portName, 40);
}

/** Bits a second that a link can carry: the slower end counts. */
export function speedOf(c: PageContext, { from, to }: TopologyLink): number | undefined {
  const speeds = [from, to].flatMap((end) => portOf(c, end)?.speedBps ?? []).filter((speed) => speed > 0);
  return speeds.length === 0 ? undefined : Math.min(...speeds);
}

/** How much of a link is used, in percent of the busier direction; undefined where no end counts. */
function useOf(c: PageContext, link: TopologyLink): number | undefined {
  const speedBps = speedOf(c, link);
  const rate = ({ device, port }: LinkEnd, metric: string) =>
    device && port ? c.view.latest.value(seriesId(device, metric, port))?.value : undefined;
  const rates = [link.from, link.to]
    .flatMap((end) => [rate(end, "if_in_octets"), rate(end, "if_out_octets")])
    .filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  return speedBps && rates.length > 0 ? Math.min(100, (Math.max(...rates) * 800) / speedBps) : undefined;
}

/** "gi24 – gi28 · 10 Gbit/s · 12 % used"; the port of the node that is `below` comes last. */
export function linkLabel(
  c: PageContext,
  link: TopologyLink,
  isLive: boolean,
  below = nodeOf(link.to),
): string {
  const { own, other } = otherEnd(link, below);
  const ports = [portText(c, other), portText(c, own)].filter(Boolean).join(" – ");
  const speed = speedOf(c, link);
  const use = isLive ? useOf(c, link) : undefined;
  return [
    ports,
    speed && scaled(speed, "bit/s"),
    use !== undefined && c.t.plain("map.used", { percent: number(use, use < 10 ? 1 : 0) }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** "announced (LLDP)", "learned addresses". */
export function evidenceText(c: PageContext, { evidence, confidence }: TopologyLink): string {
  const told = confidence === "sure" ? evidence.filter((one) => one !== "forwarding") : evidence;
  const words = told.map((one) => c.t.plain(`evidence.${one}`)).join(", ");
  return confidence === "unsure" ? `${words}, ${c.t.plain("evidence.unsure")}` : words;
}

export function deviceAt(c: PageContext, id: DeviceId | undefined): Device | undefined {
  return id && c.view.inventory.device(id);
}

/** The name of what is at an end, with a link where it is a device. */
export function endName(c: PageContext, end: LinkEnd, link: TopologyLink): Html {
  const device = deviceAt(c, end.device);
  if (device) return html`<a href="/devices/${device.id}">${foreign(device.name)}</a>`;
  return foreign(neighbourName(c, link));
}

/** What a neighbour that is no device calls itself. */
export function neighbourName(c: PageContext, { neighbour }: TopologyLink): string {
  const mac = neighbour?.mac?.replace(/(..)(?=.)/g, "$1:");
  return cut(neighbour?.name ?? mac ?? neighbour?.addresses[0] ?? c.t.plain("map.nameless"), 60);
}
