import type { State } from "./site.ts";
import type { Cause, Verdict } from "./verdict.ts";
import { agoWords, cleanText, durationWords, plural, type TimeWords } from "./words.ts";

/** Longest `text`, in characters. */
export const headlineLength = 140;

/** The one sentence that says how things are; the same on page, mail and wall. Plain text, not escaped. */
export interface Headline {
  readonly text: string;
  /** One more line; empty when there is nothing to add. */
  readonly detail: string;
  readonly tone: State;
}

export interface HeadlineOptions {
  readonly words: TimeWords;
  /** `hidden` (the default) keeps addresses out of the detail, for the page that anybody may see. */
  readonly addresses?: "shown" | "hidden";
}

type Said = readonly [text: string, detail: string];
type Row<K extends Cause["kind"]> = (
  cause: Extract<Cause, { kind: K }>,
  verdict: Verdict,
  options: HeadlineOptions,
) => Said;

const rows: { readonly [K in Cause["kind"]]: Row<K> } = {
  good: (_cause, verdict) => ["Everything works.", checkedAndLast(verdict)],
  starting: ({ checked }, { devices }) => [
    `Just started: ${checked} of ${plural(devices, "device")} checked so far.`,
    "",
  ],
  "box-sick": ({ what }, verdict, { words }) => [
    fit(what, (text) => `The monitor itself has a problem: ${text}.`),
    verdict.sinceMs === undefined ? "" : `Numbers stopped ${at(verdict.sinceMs, verdict, words)}.`,
  ],
  blind: (_cause, verdict, { words }) => [
    `We cannot tell: the box is cut off from the network${since(verdict, words)}.`,
    "Its own cable or switch port.",
  ],
  "router-down": ({ affected }, verdict, { words }) => [
    `The internet connection is down${since(verdict, words)}. Your router does not answer.`,
    affected > 0
      ? `Check that it has power. ${plural(affected, "device")} cannot be reached because of this.`
      : "Check that it has power.",
  ],
  "provider-down": (_cause, verdict, { words }) => [
    `The internet connection is down${since(verdict, words)}. It is your provider, not your equipment.`,
    "Your router answers; nothing beyond it does. Calls and e-mail will not work.",
  ],
  "provider-slow": (cause, verdict, { words }) => [
    `The internet is slow${since(verdict, words)}. It is outside your office.`,
    slowness(cause),
  ],
  "names-fail": ({ resolver }, verdict, { words, addresses }) => [
    `Websites do not open${since(verdict, words)}; the line itself works.`,
    addresses === "shown" && resolver
      ? `Name lookups fail at ${cleanText(resolver, 80)}.`
      : "Name lookups fail.",
  ],
  "service-down": ({ name }, verdict, { words }) => [
    fit(
      name,
      (text) =>
        `${isAlone(verdict) ? "Everything here works. " : ""}"${text}" does not answer${since(verdict, words)}.`,
    ),
    "Other websites do.",
  ],
  power: ({ runtimeMinutes }, verdict, { words }) => [
    `Power failed${verdict.sinceMs === undefined ? "" : ` ${at(verdict.sinceMs, verdict, words)}`}.${
      runtimeMinutes === undefined
        ? ""
        : ` The UPS has about ${plural(Math.max(0, Math.round(runtimeMinutes)), "minute")} left.`
    }`,
    "",
  ],
  "device-down": ({ name }, verdict, { words }) => [
    fit(
      name,
      (text) =>
        `${text} is down${since(verdict, words)}.${isAlone(verdict) ? " Everything else works." : ""}`,
    ),
    others(verdict),
  ],
  "part-down": ({ name, affected }, verdict, { words }) => [
    fit(
      name,
      (text) => `${plural(affected, "device")} on ${text} cannot be reached${since(verdict, words)}.`,
    ),
    `Probably ${cleanText(name, 80)} or its cable: it does not answer either.`,
  ],
  several: ({ count, worst }) => [
    fit(
      worst.replace(/[.\s]+$/, ""),
      (text) => `${plural(count, "separate problem")}.${text ? ` The worst: ${text}.` : ""}`,
    ),
    "",
  ],
  warnings: ({ count, first }) => [
    `Everything works; ${plural(count, "thing")} to look at.`,
    cleanText(first, 200),
  ],
};

/** Says a verdict in words. Pure; the time of the sentence is the verdict's own. */
export function headline(verdict: Verdict, options: HeadlineOptions): Headline {
  const row = rows[verdict.cause.kind] as (cause: Cause, verdict: Verdict, options: HeadlineOptions) => Said;
  const [text, detail] = row(verdict.cause, verdict, options);
  return { text: cleanText(text, headlineLength), detail, tone: verdict.state };
}

/** Who is on it: "Nobody has picked this up yet."; empty when nothing is wrong. */
export function whoLine(verdict: Verdict, words: TimeWords): string {
  if (verdict.problems.length === 0) return "";
  const { acknowledged } = verdict;
  return acknowledged
    ? `${cleanText(acknowledged.by, 60)} is on it ${words.since(acknowledged.atMs, verdict.atMs)}.`
    : "Nobody has picked this up yet.";
}

function since(verdict: Verdict, words: TimeWords): string {
  return verdict.sinceMs === undefined ? "" : ` ${words.since(verdict.sinceMs, verdict.atMs)}`;
}

/** "at 10:42", "yesterday 17:03", "on Mon 2 Mar 10:42". */
function at(atMs: number, verdict: Verdict, words: TimeWords): string {
  const moment = words.moment(atMs, verdict.atMs);
  if (/^\d/.test(moment)) return `at ${moment}`;
  return moment.startsWith("yesterday") ? moment : `on ${moment}`;
}

function checkedAndLast({ devices, lastProblem, atMs }: Verdict): string {
  const checked = `${plural(devices, "device")} checked.`;
  if (!lastProblem) return checked;
  return `${checked} Last problem: ${agoWords(lastProblem.endedMs, atMs)}, ${durationWords(lastProblem.durationMs)}.`;
}

function slowness({ rttMs, usualMs, lossPercent }: Extract<Cause, { kind: "provider-slow" }>): string {
  const loss = Math.round(lossPercent);
  const isSlow = Number.isFinite(rttMs) && rttMs > usualMs;
  const replies = isSlow
    ? Number.isFinite(usualMs)
      ? `Replies take ${Math.round(rttMs)} ms instead of ${Math.round(usualMs)}`
      : `Replies take ${Math.round(rttMs)} ms`
    : "";
  const lost = loss > 0 ? `${loss} % ${replies ? "" : "of the requests "}get lost` : "";
  const said = [replies, lost].filter((part) => part !== "").join("; ");
  return said ? `${said}.` : "";
}

/** Whether the first problem is the only thing that is not as it should be. */
function isAlone(verdict: Verdict): boolean {
  return (
    verdict.problems.length <= 1 && verdict.groups.reduce((sum, { total, ok }) => sum + total - ok, 0) <= 1
  );
}

function others({ problems }: Verdict): string {
  const more = problems.length - 1;
  return more > 0 ? `${plural(more, "more thing")} to look at.` : "";
}

/** Cuts `name` so that the sentence built with it stays within `headlineLength`. */
function fit(name: string, build: (name: string) => string): string {
  const clean = cleanText(name);
  const whole = build(clean);
  const tooMany = Array.from(whole).length - headlineLength;
  if (tooMany <= 0) return whole;
  return build(cleanText(clean, Array.from(clean).length - tooMany));
}
