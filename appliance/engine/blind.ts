import type { Alert } from "../model/alert.ts";
import { pathDevices } from "../model/path.ts";
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
  const no = { isPossible: false, isCertain: false };
  if (link === true) return no;
  const asked = inventory.devices().filter(({ id }) => id !== pathDevices.box && answers(id)?.by.size);
  const isQuiet = asked.every(({ id }) => !hasAnsweredSince(answers(id), sinceMs));
  if (!isQuiet || asked.length === 0) return no;
  if (link === false) return { isPossible: true, isCertain: true };
  // Without word of the link: the gateway and two more that do not hang on it must fail together.
  const onOwn = asked.filter(
    ({ id }) => id !== pathDevices.gateway && !chainOf(id, inventory).includes(pathDevices.gateway),
  );
  const missing = onOwn.filter(({ id }) => isMissing(answers(id))).length;
  return {
    isPossible: onOwn.length >= 2,
    isCertain: isMissing(answers(pathDevices.gateway)) && missing >= 2 && missing === onOwn.length,
  };
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
