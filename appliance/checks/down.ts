import { z } from "zod";
import type { CheckPlugin, DeviceAnswers, Judgement } from "../model/contracts.ts";

const config = z.strictObject({
  misses: z
    .int({ error: "expected a whole number" })
    .min(1)
    .max(20)
    .prefault(3)
    .describe("Rounds in a row that must stay without an answer."),
});
type Settings = z.infer<typeof config>;
type Answer = DeviceAnswers["by"] extends ReadonlyMap<string, infer A> ? A : never;

/** An answer from before the first miss of another collector counts this long: then it had its chance to answer again. */
const staleMs = 60_000;
/** A name that does not resolve is the name server's fault at first, and the device's after this. */
const namesMs = 600_000;

/** Failures that say nothing about the device: a missing program, a missing right, our own stop. */
function isOurs({ online, reason, sinceMs }: Answer, nowMs: number): boolean {
  if (online) return false;
  if (reason === "names") return nowMs - sinceMs < namesMs;
  return reason === "tool" || reason === "permission" || reason === "cancelled";
}

function notPolled({ said, lastSeenMs }: DeviceAnswers): Judgement {
  return {
    broken: said === "offline",
    unknown: said === undefined,
    summary: "{name} is offline.",
    evidence: said ? [`it said: ${said}`] : [],
    ...(said === "offline" && lastSeenMs !== undefined ? { sinceMs: lastSeenMs } : {}),
  };
}

/** When it began: the first miss after which nothing was heard any more. */
function beginning(offline: readonly (readonly [string, Answer])[], lastSeenMs: number): number {
  const all = offline.map(([, { sinceMs }]) => sinceMs);
  const after = all.filter((sinceMs) => sinceMs >= lastSeenMs);
  return Math.min(...(after.length > 0 ? after : all));
}

export const check = {
  type: "down",
  summary: "A device answers none of its collectors.",
  config,
  about: "device",
  windowMs: 0,
  create: () => ({
    judge({ answers }, { misses }, { nowMs }): Judgement {
      if (answers.by.size === 0) return notPolled(answers);
      const told = [...answers.by].filter(([, answer]) => !isOurs(answer, nowMs));
      // Whoever refuses a user has answered; `service` tells of it.
      const offline = told.filter(([, { online, reason }]) => !online && reason !== "auth");
      const evidence = offline.map(
        ([via, { reason, detail, misses: count }]) =>
          `${via}: ${detail ?? reason ?? "no answer"} (${count} in a row)`,
      );
      const summary = "{name} does not answer.";
      if (told.length === 0) return { broken: false, unknown: true, summary, evidence };
      const lastSeenMs = answers.lastSeenMs ?? Number.NEGATIVE_INFINITY;
      const sinceMs = beginning(offline, lastSeenMs);
      const isAlive = told.some(
        ([, { online, reason, atMs }]) =>
          (online || reason === "auth") && (atMs >= sinceMs || nowMs - sinceMs < staleMs),
      );
      if (offline.length === 0 || isAlive) return { broken: false, summary, evidence };
      // A collector that was silent before the others is no witness of this.
      const witnesses = offline.filter(([, answer]) => answer.sinceMs >= lastSeenMs);
      // It was heard after the last of them went silent: it publishes, though it does not answer.
      if (witnesses.length === 0) return { broken: false, summary, evidence };
      const most = Math.max(...witnesses.map(([, answer]) => answer.misses));
      return {
        broken: most >= misses,
        unknown: most < misses,
        sinceMs,
        summary,
        evidence,
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
