import { z } from "zod";
import type { CheckPlugin, DeviceAnswers, Judgement } from "../model/contracts.ts";
import type { AvailabilityReason } from "../model/observation.ts";

const config = z.strictObject({
  via: z
    .string({ error: "expected the type of a collector" })
    .min(1)
    .describe("The collector whose answer counts, for instance http."),
  misses: z
    .int({ error: "expected a whole number" })
    .min(1)
    .max(20)
    .prefault(3)
    .describe("Polls in a row that must fail."),
});
type Settings = z.infer<typeof config>;

const things: Readonly<Record<string, string>> = {
  http: "The web page",
  tcp: "The service",
  dns: "The name service",
  snmp: "The management (SNMP)",
};
const faults: Readonly<Partial<Record<AvailabilityReason, string>>> = {
  auth: "refuses our sign-in",
  status: "answers with an error",
  text: "does not show the expected text",
  tls: "has a certificate that cannot be trusted",
  refused: "refuses connections",
};

type Answer = DeviceAnswers["by"] extends ReadonlyMap<string, infer A> ? A : never;

/** Several targets of one collector are told apart after a colon; the one that fails longest counts. */
function worstOf({ by }: DeviceAnswers, via: string): Answer | undefined {
  return [...by]
    .filter(([key]) => key === via || key.startsWith(`${via}:`))
    .map(([, answer]) => answer)
    .sort((a, b) => b.misses - a.misses)[0];
}

/** The device itself answers, one of its services does not. When the whole device is silent, that is for `down`. */
export const check = {
  type: "service",
  summary: "One service of a device fails while the device answers.",
  config,
  about: "device",
  windowMs: 0,
  create: () => ({
    judge({ answers }, { via, misses }): Judgement {
      const answer = worstOf(answers, via);
      const fault = faults[answer?.reason as AvailabilityReason] ?? "does not answer";
      const isRefused = answer?.reason === "auth";
      const summary =
        via === "snmp" && isRefused
          ? "{name} refuses the SNMP user."
          : `${things[via] ?? `The check ${via}`} of {name} ${fault}.`;
      const evidence = answer
        ? [`${via}: ${answer.detail ?? answer.reason ?? "no answer"} (${answer.misses} in a row)`]
        : [];
      if (!answer) return { broken: false, unknown: true, summary, evidence };
      if (answer.online) return { broken: false, summary, evidence };
      const { sinceMs } = answer;
      // Whoever refuses has answered.
      const answersElsewhere =
        isRefused ||
        [...answers.by].some(([type, other]) => type !== via && other.online && other.atMs > sinceMs);
      return {
        broken: answersElsewhere && answer.misses >= misses,
        unknown: !answersElsewhere || answer.misses < misses,
        sinceMs,
        summary,
        evidence,
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
