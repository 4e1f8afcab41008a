import { isIP } from "node:net";
import type { DeviceAnswers, Inventory } from "../model/contracts.ts";
import { gatewayOf, pathDevices } from "../model/path.ts";
import type { Device, DeviceId } from "../model/site.ts";

export type Devices = Pick<Inventory, "device" | "devices">;
export type Answers = (device: DeviceId) => DeviceAnswers | undefined;

/** Deeper chains are a mistake in the configuration. */
const longestChain = 32;

/**
 * What the device hangs on, nearest first, without the box. The internet is behind the gateway, names and outside
 * services are behind the internet. A loop ends where it closes.
 */
export function chainOf(id: DeviceId, inventory: Devices): DeviceId[] {
  const chain: DeviceId[] = [];
  let next = parentOf(inventory.device(id), inventory);
  while (next && next !== id && chain.length < longestChain) {
    if (chain.includes(next)) break;
    chain.push(next);
    next = parentOf(inventory.device(next), inventory);
  }
  return chain;
}

function parentOf(device: Device | undefined, inventory: Devices): DeviceId | undefined {
  if (!device) return undefined;
  if (device.behind) return device.behind;
  if (device.id === pathDevices.internet) return gatewayOf(inventory.devices());
  if (device.id === pathDevices.names) return pathDevices.internet;
  const isOutside = device.kind === "service" && !isPrivateAddress(device.address ?? "");
  return isOutside ? pathDevices.internet : undefined;
}

/** Loopback, private (RFC 1918, RFC 4193), shared (RFC 6598) and link-local addresses. A name is none. */
function isPrivateAddress(address: string): boolean {
  if (isIP(address) === 6) return /^(::1$|f[cd]|fe[89ab])/i.test(address);
  return (
    isIP(address) === 4 &&
    /^(10|127|192\.168|169\.254|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
      address,
    )
  );
}

/** All devices behind `root`; behind the box is everything else. */
export function devicesBehind(root: DeviceId, inventory: Devices): Device[] {
  return inventory
    .devices()
    .filter(({ id }) => id !== root && (root === pathDevices.box || chainOf(id, inventory).includes(root)));
}

/** Whether the device gave a sign of life at the moment or after it: those of one round have one time. */
export function hasAnsweredSince(answers: DeviceAnswers | undefined, momentMs: number): boolean {
  if (!answers) return false;
  if ((answers.lastSeenMs ?? 0) >= momentMs) return true;
  for (const result of answers.by.values()) if (result.online && result.atMs >= momentMs) return true;
  return false;
}

/** Whether any collector asks the device and its newest question had no answer. */
export function isMissing(answers: DeviceAnswers | undefined): boolean {
  if (!answers || answers.by.size === 0) return false;
  let isAnyOnline = false;
  for (const { online, misses } of answers.by.values()) if (online && misses === 0) isAnyOnline = true;
  return !isAnyOnline;
}

/**
 * Whether one of `ancestors` may be the reason that something behind it stopped answering at `sinceMs`: it misses
 * answers itself, or has not shown since then that it lives. One that nobody asks is never suspect.
 */
export function isAnySuspect(ancestors: readonly DeviceId[], sinceMs: number, answers: Answers): boolean {
  return ancestors.some((ancestor) => {
    const its = answers(ancestor);
    if (!its || its.by.size === 0) return false;
    return isMissing(its) || !hasAnsweredSince(its, sinceMs);
  });
}

/** Whether the device answers now and did so after the moment. */
export function isAlive(answers: DeviceAnswers | undefined, momentMs: number): boolean {
  return answers !== undefined && !isMissing(answers) && hasAnsweredSince(answers, momentMs);
}

/** Devices behind what broke that have shown no life since: they are missed too, or will be. */
export function presumedLost(
  cause: { readonly device: DeviceId; readonly startedMs: number },
  inventory: Devices,
  answers: Answers,
  isHeld: (device: DeviceId) => boolean,
): DeviceId[] {
  return devicesBehind(cause.device, inventory)
    .filter(({ id, approved }) => {
      if (isHeld(id)) return true;
      const its = answers(id);
      return approved && its?.lastSeenMs !== undefined && !hasAnsweredSince(its, cause.startedMs);
    })
    .map(({ id }) => id);
}
