import { type Incident, sentenceSinceMs } from "../model/alert.ts";
import type { DeviceAnswers } from "../model/contracts.ts";
import { pathDevices } from "../model/path.ts";
import type { Device, State } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { isMissing } from "./cause.ts";

/** A device that misses answers but is not confirmed down keeps its state for this long. */
const doubtMs = 90_000;
/** What reports when it wants: silent for this long without a known rhythm means that we do not know. */
const silentMs = 26 * 3_600_000;
const shortestRhythmMs = 30 * 60_000;

export interface StateInput {
  readonly device: Device;
  readonly answers: DeviceAnswers;
  /** The device's own open incident. */
  readonly own?: Incident | undefined;
  /** What keeps it from being reached, with its name. */
  readonly cause?: Incident | undefined;
  readonly causeName?: string | undefined;
  readonly nowMs: number;
  /** How old the newest result of a polled device may be. */
  readonly staleAfterMs: number;
}

export interface DeviceState {
  readonly state: State;
  readonly sentence: string;
  /** When it began to be so, as far as is known now. */
  readonly atMs: number;
}

/** The newest result or sign of life, Unix milliseconds; undefined when there was none. */
export function newestMs(answers: DeviceAnswers): number | undefined {
  const times = [...answers.by.values()].map(({ atMs }) => atMs);
  if (answers.lastSeenMs !== undefined) times.push(answers.lastSeenMs);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** Says how a device is. Pure. Never `ok` without a fresh answer. */
export function stateOf(input: StateInput): DeviceState {
  const { device, answers, own, cause, nowMs } = input;
  const name = cleanText(device.name);
  const seenMs = newestMs(answers);
  if (own?.deviceState === "down")
    return { state: "down", sentence: own.summary, atMs: sentenceSinceMs(own) };
  if (cause)
    return {
      state: "unreachable",
      sentence: behindSentence(name, cause, input.causeName ?? cause.device),
      atMs: Math.max(sentenceSinceMs(cause), answers.lastSeenMs ?? 0),
    };
  if (seenMs === undefined)
    return { state: "unknown", sentence: `${name} has not been checked yet.`, atMs: nowMs };
  const silenceMs = nowMs - seenMs;
  if (silenceMs > staleAfter(input) || isDoubtful(answers, nowMs))
    return {
      state: "unknown",
      sentence: `There is no fresh answer from ${name}.`,
      atMs: answers.lastSeenMs ?? seenMs,
    };
  if (own) return { state: "warning", sentence: own.summary, atMs: sentenceSinceMs(own) };
  return { state: "ok", sentence: `${name} works.`, atMs: nowMs };
}

function behindSentence(name: string, cause: Incident, causeName: string): string {
  return cause.device === pathDevices.box
    ? `${name} cannot be reached: the box is cut off from the network.`
    : `${name} cannot be reached (behind ${cleanText(causeName, 80)}).`;
}

function staleAfter({ answers, staleAfterMs }: StateInput): number {
  if (answers.by.size > 0) return staleAfterMs;
  return answers.rhythm ? Math.max(shortestRhythmMs, 3 * answers.rhythm.p99Ms) : silentMs;
}

/** No collector has an answer any more, yet no rule calls it down. */
function isDoubtful(answers: DeviceAnswers, nowMs: number): boolean {
  if (answers.by.size === 0) return answers.said === "offline";
  if (!isMissing(answers)) return false;
  const results = [...answers.by.values()];
  const sinceMs = Math.max(...results.map((result) => result.sinceMs));
  return nowMs - Math.max(sinceMs, answers.lastSeenMs ?? 0) > doubtMs;
}
