import type { Rule } from "../model/alert.ts";
import type { Check, CheckPlugin, Log } from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import { matcher } from "./where.ts";

/** A rule made ready: its check, its matcher, and the series it is about. */
export interface Prepared {
  readonly rule: Rule;
  readonly plugin: CheckPlugin;
  readonly check: Check;
  readonly matches: ReturnType<typeof matcher>;
  /** Series that match, as far as `seen` in the table. */
  series: Series[];
  seen: number;
  /** Per series: time of the value that was last judged and not broken; NaN asks again. */
  judgedMs: number[];
}

/** Empty when the rule's check is not there. */
export function prepare(
  rule: Rule,
  { checks, log }: { readonly checks: ReadonlyMap<string, CheckPlugin>; readonly log: Log },
): Prepared[] {
  const plugin = checks.get(rule.check);
  if (plugin)
    return [
      {
        rule,
        plugin,
        check: plugin.create(),
        matches: matcher(rule.where),
        series: [],
        seen: 0,
        judgedMs: [],
      },
    ];
  log.warn("A rule asks for a check that is not there", { rule: rule.id, check: rule.check });
  return [];
}
