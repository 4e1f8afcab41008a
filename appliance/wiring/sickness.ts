import type { DeviceAnswers, Inventory, Latest } from "../model/contracts.ts";
import { pathDevices } from "../model/path.ts";
import { type DeviceId, seriesId } from "../model/site.ts";
import type { ProfileShelf } from "../snmp/profile-shelf.ts";
import type { HealthProblem, HealthSource } from "./health.ts";
import type { Measuring } from "./measuring.ts";

export interface SicknessDeps {
  readonly measuring: Pick<Measuring, "ingest" | "schedule" | "answers">;
  readonly inventory: Pick<Inventory, "devices">;
  readonly latest: Latest;
  readonly profiles: Pick<ProfileShelf, "problems">;
}

/** A tool that is not there or not allowed shows at every device alike: the first one speaks for all. */
function blocked(inventory: SicknessDeps["inventory"], of: (id: DeviceId) => DeviceAnswers): HealthProblem[] {
  const found = new Map<string, HealthProblem>();
  for (const { id } of inventory.devices())
    for (const [via, answer] of of(id).by) {
      const type = via.split(":")[0] ?? via;
      if ((answer.reason !== "tool" && answer.reason !== "permission") || found.has(type)) continue;
      found.set(type, {
        degree: "sick",
        part: type,
        what: answer.reason === "tool" ? `${type} lacks a program of the system` : `${type} is not permitted`,
        remedy: answer.detail ?? "See the log.",
        sinceMs: answer.sinceMs,
      });
    }
  return [...found.values()];
}

/** Files of a person's own profiles with mistakes: the first stands for all. */
function misread(problems: readonly string[]): HealthProblem[] {
  const [first] = problems;
  if (first === undefined) return [];
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
  return [
    {
      degree: "degraded",
      part: "profiles",
      what: `a device profile is left out: ${first}${more}`,
      remedy: "Correct the file; it is read again within seconds.",
    },
  ];
}

/** What is wrong with measuring itself: samples that nobody takes, collectors that throw, missing tools, a wrong clock. */
export function createSickness({ measuring, inventory, latest, profiles }: SicknessDeps): HealthSource {
  const { ingest, schedule, answers } = measuring;
  return () => {
    const trouble = ingest.trouble();
    const clock = latest.value(seriesId(pathDevices.box, "clock_synchronised"));
    return [
      ...(trouble
        ? [
            {
              degree: "sick" as const,
              part: "history",
              what: `samples cannot be stored: ${trouble.what}`,
              remedy: "They wait in memory. Check that the disk is not full or read-only.",
              sinceMs: trouble.sinceMs,
            },
          ]
        : []),
      ...schedule.culprits().map(({ part, what, sinceMs }) => ({
        degree: "degraded" as const,
        part,
        what,
        remedy: "A mistake of Porchlight; it is tried again. Restart it, and report the log lines.",
        sinceMs,
      })),
      ...blocked(inventory, (id) => answers.of(id)),
      ...misread(profiles.problems),
      ...(clock?.value === 0
        ? [
            {
              degree: "degraded" as const,
              part: "clock",
              what: "the clock follows no time server",
              remedy: "Switch on time synchronisation: timedatectl set-ntp true.",
            },
          ]
        : []),
    ];
  };
}
