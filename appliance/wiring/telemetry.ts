import type { InventoryBook } from "../inventory/inventory.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Telemetry } from "../model/telemetry.ts";
import type { Heard } from "../payload/heard.ts";
import { createTelemetry } from "../payload/telemetry.ts";
import type { Plugins } from "./plugins.ts";

/** What pages are told of messages: previews are made by the dialect that reads free-form JSON. */
export function telemetryOf(heard: Heard, inventory: InventoryBook, { dialects }: Plugins): Telemetry {
  const plugin = dialects.get("generic");
  if (!plugin) throw new ApplianceError("PLUGIN_INVALID", "There is no dialect generic for free-form JSON.");
  const settings = plugin.config.parse(undefined);
  return createTelemetry({
    heard,
    refsOf: (device) => inventory.refsOf(device),
    generic: (mappings) => plugin.create(settings, { mappings: () => mappings }),
  });
}
