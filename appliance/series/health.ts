import type { Log } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";
import type { WriterStatus } from "./messages.ts";

/** What is wrong with the store, for /healthz and the page. */
export interface StoreProblem {
  readonly part: string;
  readonly what: string;
  readonly remedy: string;
  readonly sinceMs: number;
}

type Kind = "full" | "error" | "trouble" | "aside" | "unfollowed";

const remedies: Readonly<Record<Kind, string>> = {
  full: "Make room on the disk; measuring and alarms go on meanwhile, and history goes on by itself afterwards.",
  error: "See the log; a new try follows by itself. When it stays, check the disk.",
  trouble: "See the log; history stays in the log of rounds until packing works again.",
  aside: "The old file is kept beside the new one; delete it when it is not needed. Check the disk or card.",
  unfollowed:
    "The remote store was away longer than the log can keep. Give the store more room, or mend the way.",
};

/** A set-aside file is news for a day. */
const newsMs = 86_400_000;

/** Keeps what is wrong with the store; each change is one line in the log. */
export class StoreHealth {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #problems = new Map<Kind, StoreProblem>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  problems(): readonly StoreProblem[] {
    const aside = this.#problems.get("aside");
    if (aside && this.#clock.nowMs() - aside.sinceMs > newsMs) this.#problems.delete("aside");
    return [...this.#problems.values()];
  }

  written(): void {
    if (this.#problems.delete("full") || this.#problems.delete("error"))
      this.#log.info("The store takes samples again");
    this.#problems.delete("error");
  }

  failed(kind: "full" | "error", what: string): void {
    if (this.#problems.has(kind)) return;
    this.#set(kind, what);
    this.#log.error("The store cannot write", { kind, what });
  }

  trouble(what: string): void {
    if (this.#problems.has("trouble")) return;
    this.#set("trouble", `History cannot be packed: ${what}`);
    this.#log.error("History cannot be packed", { what });
  }

  packed(): void {
    this.#problems.delete("trouble");
  }

  aside(path: string | undefined, what: string): void {
    this.#set(
      "aside",
      `series.db was damaged (${what}); ${path ? `it was set aside as ${path}` : "it was gone"} and a new one begun.`,
    );
    this.#log.error("series.db was damaged and set aside", { path, what });
  }

  status(status: WriterStatus): void {
    if (status.unfollowed > 0)
      this.#set("unfollowed", `${status.unfollowed} samples left the log before a remote store had them.`);
    if (status.spaceLeftBytes > 0) this.#problems.delete("full");
    else this.failed("full", "The disk is nearly full: history stops until there is room.");
  }

  #set(kind: Kind, what: string): void {
    const sinceMs = this.#problems.get(kind)?.sinceMs ?? this.#clock.nowMs();
    this.#problems.set(kind, { part: "store", what, remedy: remedies[kind], sinceMs });
  }
}
