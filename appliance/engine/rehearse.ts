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
  const firings: { fromMs: number; toMs?: number }[] = [];
  let previous: Judgement | undefined;
  let brokenMs: number | undefined;
  let isFiring = false;
  let values = 0;
  let sinceMs: number | undefined;
  for (const [at, timeMs] of columns.timesMs.entries()) {
    const value = columns.avg[at] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    values++;
    sinceMs ??= timeMs;
    const input = { device, series, columns: { timesMs: [timeMs], values: [value] }, answers };
    const judgement = check.judge(input, rule.settings, { nowMs: timeMs, ...(previous ? { previous } : {}) });
    previous = judgement;
    if (!judgement.broken) {
      const open = firings.at(-1);
      if (isFiring && open) open.toMs = timeMs;
      brokenMs = undefined;
      isFiring = false;
      continue;
    }
    brokenMs ??= timeMs;
    if (!isFiring && timeMs - brokenMs >= rule.forMs) {
      firings.push({ fromMs: timeMs });
      isFiring = true;
    }
  }
  return { firings, values, ...(sinceMs === undefined ? {} : { sinceMs }) };
}
