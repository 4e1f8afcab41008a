import type { Health } from "../model/contracts.ts";

export type HealthProblem = ReturnType<Health["check"]>["problems"][number] & {
  /** `sick`: the box cannot do its work, 503. `degraded`: it goes on with less. */
  readonly degree: "sick" | "degraded";
};

/** A part that knows what is wrong with itself; asked at each check, so it must be cheap. */
export type HealthSource = () => readonly HealthProblem[];

/** What every part says, worst first. */
export function createHealth(sources: readonly HealthSource[]): Health {
  return {
    check() {
      const all = sources.flatMap((source) => source());
      const sick = all.filter(({ degree }) => degree === "sick");
      const degraded = all.filter(({ degree }) => degree === "degraded");
      return {
        ok: sick.length === 0,
        problems: [...sick, ...degraded].map(({ degree: _degree, ...problem }) => problem),
      };
    },
  };
}
