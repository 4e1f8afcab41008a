import { fileURLToPath } from "node:url";
import type { PluginSections } from "../config/schema.ts";
import type {
  CheckPlugin,
  CollectorPlugin,
  DialectPlugin,
  FinderPlugin,
  NotifierPlugin,
  StorePlugin,
} from "../model/contracts.ts";
import { loadPlugins } from "../plugins.ts";

/** Every plugin of the appliance, by kind and type. */
export interface Plugins extends PluginSections {
  readonly collectors: ReadonlyMap<string, CollectorPlugin>;
  readonly stores: ReadonlyMap<string, StorePlugin>;
  readonly dialects: ReadonlyMap<string, DialectPlugin>;
  readonly checks: ReadonlyMap<string, CheckPlugin>;
  readonly notifiers: ReadonlyMap<string, NotifierPlugin>;
  readonly finders: ReadonlyMap<string, FinderPlugin>;
}

const folder = (name: string) => new URL(`../${name}/`, import.meta.url);

/** Reads the plugin folders. Throws PLUGIN_INVALID. */
export async function loadAllPlugins(): Promise<Plugins> {
  const [collectors, stores, dialects, checks, notifiers, finders] = await Promise.all([
    loadPlugins<CollectorPlugin>(folder("collectors"), "collector"),
    loadPlugins<StorePlugin>(folder("stores"), "store"),
    loadPlugins<DialectPlugin>(folder("dialects"), "dialect"),
    loadPlugins<CheckPlugin>(folder("checks"), "check"),
    loadPlugins<NotifierPlugin>(folder("notifiers"), "notifier"),
    loadPlugins<FinderPlugin>(folder("finders"), "finder"),
  ]);
  // It forgets everything: for tests only.
  stores.delete("memory");
  return { collectors, stores, dialects, checks, notifiers, finders };
}

/** Folders of device profiles: shipped first, the user's after it. */
export function profileDirs(dataDir: string): readonly string[] {
  return [programPath("mibs/profiles"), `${dataDir}/profiles`];
}

/** Path of a file that belongs to the program: `deploy/rules.default.yaml`, `mibs/profiles`. */
export function programPath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}
