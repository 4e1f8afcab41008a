import type { Device, Port } from "../appliance/model/site.ts";
import { seriesId } from "../appliance/model/site.ts";
import { measured, number, portName, scaled } from "./format.ts";
import type { Html } from "./html.ts";
import { cut, foreign, html } from "./html.ts";
import type { PageContext } from "./page.ts";
import type { ShapeName } from "./shapes.ts";
import { shape } from "./shapes.ts";

/** How a port is shown: `idle` has no link, `off` is switched off by people. */
export type PortState = "ok" | "warning" | "idle" | "off" | "unknown";

/** What a port does now; rates a second, undefined without a value. */
export interface PortNow {
  readonly port: Port;
  readonly state: PortState;
  readonly inBps: number | undefined;
  readonly outBps: number | undefined;
  readonly errors: number | undefined;
  readonly discards: number | undefined;
}

/** Lost packets a second from which a port is worth a look. */
const tooMany = 0.1;
const linkWords = ["", "up", "down", "testing", "unknown", "dormant", "notPresent", "lowerLayerDown"];
/** IANAifType: Ethernet in its old and new numbers. */
const socketTypes = new Set([6, 26, 62, 69, 117]);

/** Whether the port is a socket that one can see on the device. */
export function isSocket({ ifType }: Port): boolean {
  return ifType !== undefined && socketTypes.has(ifType);
}

function sum(...values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value));
  return known.length > 0 ? known.reduce<number>((total, value) => total + (value ?? 0), 0) : undefined;
}

export function portNow(c: PageContext, device: Device, port: Port): PortNow {
  const rate = (metric: string) => {
    const value = c.view.latest.value(seriesId(device.id, metric, port.id))?.value;
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  };
  const errors = sum(rate("if_in_errors"), rate("if_out_errors"));
  const discards = sum(rate("if_in_discards"), rate("if_out_discards"));
  const inBps = rate("if_in_octets");
  const outBps = rate("if_out_octets");
  const status = linkWords[rate("if_oper_status") ?? -1] ?? port.operStatus;
  const losing = (errors ?? 0) > tooMany || (discards ?? 0) > tooMany;
  return {
    port,
    state: stateOf(c, device, port, status, losing),
    inBps: inBps === undefined ? undefined : inBps * 8,
    outBps: outBps === undefined ? undefined : outBps * 8,
    errors,
    discards,
  };
}

function stateOf(
  c: PageContext,
  device: Device,
  port: Port,
  status: string | undefined,
  losing: boolean,
): PortState {
  const { state } = c.view.status.device(device.id);
  if (state === "down" || state === "unreachable" || state === "unknown") return "unknown";
  if (port.adminStatus === "down") return "off";
  if (status === "up" || status === "dormant") return losing ? "warning" : "ok";
  if (status === "down" || status === "lowerLayerDown" || status === "notPresent") return "idle";
  return "unknown";
}

const classes: Readonly<Record<PortState, string>> = {
  ok: "is-ok",
  warning: "is-warning",
  idle: "is-idle",
  off: "is-idle",
  unknown: "is-unknown",
};

/** Shape and word of a port. */
export function portMark(c: PageContext, state: PortState, isWordHidden = false): Html {
  return html`<span class="state ${classes[state]}" data-state="${state}">${shape(state as ShapeName)}<span class="word${isWordHidden && " hidden"}">${c.t(`port.${state}`)}</span></span>`;
}

/** "Port gi7 works at 1 Gbit/s but loses 2.4 packets a second." */
export function portSentence(c: PageContext, { port, state, errors = 0, discards = 0 }: PortNow): string {
  const speed = port.speedBps ? scaled(port.speedBps, "bit/s") : "";
  return c.t.plain(speed && state !== "idle" ? `port.says.${state}.speed` : `port.says.${state}`, {
    port: portName(port),
    speed,
    lost: number(errors + discards, 1),
  });
}

/** The front of the device as one sees it: blocks of sockets in two rows, odd numbers above. */
export function portFront(c: PageContext, device: Device): Html {
  const sockets = device.ports.filter(isSocket);
  if (sockets.length === 0) return html.none;
  const blocks: Port[][] = [];
  for (const [index, port] of sockets.entries()) {
    const last = blocks.at(-1);
    if (last && index % 12 !== 0) last.push(port);
    else blocks.push([port]);
  }
  const socket = (port: Port, index: number) => {
    const now = portNow(c, device, port);
    const says = portSentence(c, now);
    return html`<li><a class="socket ${classes[now.state]}" href="/devices/${device.id}/ports/${port.id}" title="${says}${port.ifAlias && ` (${cut(port.ifAlias, 60)})`}" data-state="${now.state}">${shape(now.state as ShapeName)}<span class="no" aria-hidden="true">${index + 1}</span><span class="hidden">${says}</span></a></li>`;
  };
  let seen = 0;
  return html`<div class="front" role="group" aria-label="${c.t.plain("port.front")}">${blocks.map(
    (block) =>
      html`<ul class="block${sockets.length <= 8 && " one"}">${block.map((port) => socket(port, seen++))}</ul>`,
  )}</div>
<p class="legend">${(["ok", "warning", "idle", "off", "unknown"] as const).map((state) => portMark(c, state))}</p>`;
}

/** Bits a second in words; a dash without a value. */
export function bits(value: number | undefined): string {
  return value === undefined ? "–" : scaled(value, "bit/s");
}

/** Losses a second in words. */
export function losses(value: number | undefined): string {
  return value === undefined ? "–" : value === 0 ? "0" : measured("if_in_errors", value, "");
}

/** A port's name with what people wrote on it. */
export function portLabel(port: Port): Html {
  return html`${foreign(portName(port))}${port.ifAlias && html` <span class="sub">${foreign(port.ifAlias)}</span>`}`;
}
