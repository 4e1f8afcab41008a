import { appendFileSync, statSync } from "node:fs";
import type { Log } from "../model/contracts.ts";
import type { Quarantine } from "../model/rounds.ts";
import type { Clock } from "../model/time.ts";

const mostBytes = 10_000_000;

/** A file of refused samples, one JSON line each, at most 10 MB: what comes after that is only counted by the follower. */
export function fileQuarantine(path: string, clock: Clock, log: Log): Quarantine {
  let isFull = false;
  return {
    add(samples) {
      if (isFull || samples.length === 0) return;
      const time = new Date(clock.nowMs()).toISOString();
      const text = samples.map((sample) => `${JSON.stringify({ time, ...sample })}\n`).join("");
      try {
        const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        isFull = size + Buffer.byteLength(text) > mostBytes;
        if (isFull) log.warn("The file of refused samples is full; more are only counted", { path });
        else appendFileSync(path, text);
      } catch (error) {
        log.warn("Refused samples could not be written down", { path, what: (error as Error).message });
      }
    },
  };
}
