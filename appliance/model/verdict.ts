import type { DeviceId, State } from "./site.ts";

/** One station of the way from this box to a web page, in order; `label` is what the page draws. */
export interface PathLink {
  readonly id: "box" | "router" | "provider" | "internet" | "names" | "services";
  readonly label: string;
  readonly state: State;
  /** "12 ms", "no answer to 3 requests". */
  readonly detail?: string;
  readonly device?: DeviceId;
  readonly sinceMs?: number;
}

/** What is wrong in general; picks the headline. */
export type Cause =
  | { readonly kind: "good" }
  | { readonly kind: "starting"; readonly checked: number }
  | { readonly kind: "box-sick"; readonly what: string }
  | { readonly kind: "blind" }
  | { readonly kind: "router-down"; readonly affected: number }
  | { readonly kind: "provider-down" }
  | {
      readonly kind: "provider-slow";
      readonly rttMs: number;
      readonly usualMs: number;
      readonly lossPercent: number;
    }
  | { readonly kind: "names-fail"; readonly resolver: string }
  | { readonly kind: "service-down"; readonly name: string }
  | {
      readonly kind: "power";
      readonly name: string;
      readonly runtimeMinutes?: number;
    }
  | { readonly kind: "device-down"; readonly name: string }
  | {
      readonly kind: "part-down";
      readonly name: string;
      readonly affected: number;
    }
  | { readonly kind: "several"; readonly count: number; readonly worst: string }
  | {
      readonly kind: "warnings";
      readonly count: number;
      readonly first: string;
    };

export interface Problem {
  readonly incident: number;
  readonly device: DeviceId;
  readonly state: Extract<State, "down" | "warning">;
  readonly summary: string;
  readonly sinceMs: number;
  readonly affected: number;
  readonly acknowledgedBy?: string;
}

export interface GroupState {
  readonly group: string;
  readonly state: State;
  readonly total: number;
  readonly ok: number;
}

/** The site's state with its cause. */
export interface Verdict {
  readonly atMs: number;
  readonly state: State;
  readonly cause: Cause;
  readonly sinceMs?: number;
  readonly devices: number;
  readonly path: readonly PathLink[];
  /** Open incidents, worst first. */
  readonly problems: readonly Problem[];
  readonly groups: readonly GroupState[];
  readonly acknowledged?: { readonly by: string; readonly atMs: number };
  readonly lastProblem?: {
    readonly endedMs: number;
    readonly durationMs: number;
  };
  /** Notes written for the office page. */
  readonly notes: readonly string[];
}
