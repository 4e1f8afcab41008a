import type { Rule } from "../model/alert.ts";
import type { CheckPlugin, Judgement } from "../model/contracts.ts";
import type { Rehearsal } from "../model/rehearsal.ts";
import type { Columns, Series } from "../model/series.ts";
import type { Device } from "../model/site.ts";

export interface RehearsalInput {
  readonly rule: Rule;
  readonly plugin: CheckPlugin;
  readonly device: Device;
  readonly series: Series;
  /** Raw values, oldest first. */
  readonly columns: Columns;
}

/** A check about the newest value alone is asked about each value in turn, as it would have been. */
export function rehearse({ rule, plugin, device, series, columns }: RehearsalInput): Rehearsal {
  const check = plugin.create();
  const answers = { by: new Map() };
  const told = createFirings(rule.forMs);
  let previous: Judgement | undefined;
  let values = 0;
  let sinceMs: number | undefined;
  for (const [at, timeMs] of columns.timesMs.entries()) {
    const value = columns.avg[at] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    values++;
    sinceMs ??= timeMs;
    const input = { device, series, columns: { timesMs: [timeMs], values: [value] }, answers };
    previous = check.judge(input, rule.settings, { nowMs: timeMs, ...(previous ? { previous } : {}) });
    told.take(timeMs, previous.broken);
  }
  return { firings: told.firings, values, ...(sinceMs === undefined ? {} : { sinceMs }) };
}

/** Broken for `forMs` is a firing; it ends with the first value that is not. */
function createFirings(forMs: number) {
  const firings: { fromMs: number; toMs?: number }[] = [];
  let brokenMs: number | undefined;
  let open: { fromMs: number; toMs?: number } | undefined;
  return {
    firings,
    take(timeMs: number, isBroken: boolean): void {
      if (!isBroken) {
        if (open) open.toMs = timeMs;
        open = undefined;
        brokenMs = undefined;
        return;
      }
      brokenMs ??= timeMs;
      if (open || timeMs - brokenMs < forMs) return;
      open = { fromMs: timeMs };
      firings.push(open);
    },
  };
}
