import { findingsText } from "../config/layers.ts";
import { parseRule } from "../config/rules.ts";
import { rehearse } from "../engine/rehearse.ts";
import type { Inventory, SeriesTable, Store, View } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Plugins } from "./plugins.ts";

export interface RehearsalDeps {
  readonly plugins: Plugins;
  readonly inventory: Inventory;
  readonly series: SeriesTable;
  readonly store: Pick<Store, "query">;
}

/** Tries a rule, as a page would save it, on what is stored of one series. */
export function rehearsalOf({ plugins, inventory, series, store }: RehearsalDeps): View["rehearse"] {
  return async (body, id, range) => {
    const parsed = parseRule(body, plugins.checks, "page", []);
    if (!parsed.ok) throw new ApplianceError("CONFIG_INVALID", findingsText(parsed.findings));
    const one = series.find(id);
    const device = one && inventory.device(one.device);
    if (!one || !device) throw new ApplianceError("NOT_FOUND", `Nothing is stored of ${id}.`);
    if (parsed.value.kind === "off") return { firings: [], values: 0 };
    const { rule } = parsed.value;
    const plugin = plugins.checks.get(rule.check);
    if (plugin?.about !== "series" || plugin.windowMs > 0)
      throw new ApplianceError("CONFIG_INVALID", `check: ${rule.check} cannot be tried on stored values`);
    return rehearse({ rule, plugin, device, series: one, columns: await store.query(id, range, "raw") });
  };
}
