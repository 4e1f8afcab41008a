import { hostname } from "node:os";
import type { Machine } from "./sections.ts";

/** The process environment: the one place that reads it. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** What this machine says of itself. */
export function machine(): Machine {
  return {
    hostname: hostname(),
    timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
