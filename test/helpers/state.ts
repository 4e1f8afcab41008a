import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Log } from "../../appliance/model/contracts.ts";
import type { Clock } from "../../appliance/model/time.ts";
import { openState } from "../../appliance/state/database.ts";
import { createIncidentKeeper } from "../../appliance/state/incidents.ts";
import { createMarks } from "../../appliance/state/marks.ts";
import { createOutboxKeeper } from "../../appliance/state/outbox.ts";
import { createSpanKeeper } from "../../appliance/state/spans.ts";

/** What a test needs of tap to clean up. */
interface Cleanup {
  teardown(run: () => void): void;
}

/** A log that keeps its lines. */
export function keptLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const line = (level: string) => (msg: string) => void lines.push(`${level}: ${msg}`);
  const log = {
    lines,
    error: line("error"),
    warn: line("warn"),
    info: line("info"),
    debug: line("debug"),
    part: () => log,
  };
  return log;
}

/** An empty directory, removed at the end of the test. */
export function emptyDir(t: Cleanup): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "porchlight-"));
  t.teardown(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The keepers over a state.db in `dir`, as the appliance has them. */
export function openKeepers(dir: string, clock: Clock, log: Log = keptLog()) {
  const state = openState({ dir, clock, log });
  return {
    state,
    incidents: createIncidentKeeper(state, () => clock.nowMs()),
    outbox: createOutboxKeeper(state),
    spans: createSpanKeeper(state),
    marks: createMarks(state),
    close: () => state.close(),
  };
}
