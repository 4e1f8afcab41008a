import type { Alert } from "../model/alert.ts";
import { gatewayOf, pathDevices } from "../model/path.ts";
import { plural } from "../model/words.ts";
import { type Answers, chainOf, type Devices, hasAnsweredSince, isAlive, isMissing } from "./cause.ts";

/** Key of the one alert that no check raises: the box itself is cut off. */
export const blindKey = "blind/box";

export interface CutOff {
  /** Nothing around has answered since: the box itself may be cut off. */
  readonly isPossible: boolean;
  /** And there is nothing left that could be the reason but the box's own connection. */
  readonly isCertain: boolean;
}

/** So many devices that hang on nothing else do not die at once by themselves. */
const fewest = 3;

/**
 * Whether it is the box that is cut off, rather than the gateway or all the others.
 *
 * @param sinceMs - when the failure began
 * @param link - the box's own network link; undefined when the system does not say
 */
export function cutOffSince(
  sinceMs: number,
  link: boolean | undefined,
  inventory: Devices,
  answers: Answers,
): CutOff {
  const asked = inventory.devices().filter(({ id }) => id !== pathDevices.box && answers(id)?.by.size);
  const isQuiet = asked.every(({ id }) => !hasAnsweredSince(answers(id), sinceMs));
  if (!isQuiet || asked.length === 0) return { isPossible: false, isCertain: false };
  if (link === false) return { isPossible: true, isCertain: true };
  const ids = new Set(asked.map(({ id }) => id));
  const roots = asked.filter(({ id }) => !chainOf(id, inventory).some((ancestor) => ids.has(ancestor)));
  const isPossible = roots.length >= fewest;
  const isCertain =
    isPossible &&
    isMissing(answers(gatewayOf(inventory.devices()))) &&
    roots.every(({ id }) => isMissing(answers(id)));
  return { isPossible, isCertain };
}

/** @param count - how many devices stopped answering at once */
export function blindAlert(startedMs: number, nowMs: number, count: number): Alert {
  return {
    key: blindKey,
    rule: "blind",
    check: "down",
    device: pathDevices.box,
    severity: "critical",
    state: "firing",
    startedMs,
    firedMs: nowMs,
    summary: "The box is cut off from the network.",
    evidence: [`${plural(count, "device")} stopped answering at once, nothing else answers`],
    tell: [],
  };
}

/** Whether anything but the box has answered since. */
export function isAnyAlive(sinceMs: number, inventory: Devices, answers: Answers): boolean {
  return inventory.devices().some(({ id }) => id !== pathDevices.box && isAlive(answers(id), sinceMs));
}
