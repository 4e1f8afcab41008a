import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ApplianceError } from "./model/errors.ts";

/** What every plugin has: the word for it in the configuration. */
interface Named {
  readonly type: string;
}

/** The plugin files of a folder: compiled or source, no maps, no type declarations. */
async function pluginFiles(folder: URL): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw invalid(`The plugin folder ${fileURLToPath(folder)} cannot be read. Build again.`, cause);
  }
  return names.filter((name) => /\.(js|ts)$/.test(name) && !name.endsWith(".d.ts")).sort();
}

function invalid(message: string, cause?: unknown): ApplianceError {
  return new ApplianceError("PLUGIN_INVALID", message, cause === undefined ? undefined : { cause });
}

async function loadFile(folder: URL, file: string, exportName: string): Promise<Named> {
  let module: Record<string, unknown>;
  try {
    module = await import(new URL(file, folder).href);
  } catch (cause) {
    throw invalid(`The plugin file ${file} cannot be loaded: ${String(cause)}`, cause);
  }
  const plugin = module[exportName];
  if (typeof plugin !== "object" || plugin === null)
    throw invalid(`The plugin file ${file} has to export a constant named "${exportName}".`);
  const type = (plugin as Partial<Named>).type;
  if (typeof type !== "string" || type === "")
    throw invalid(`The constant "${exportName}" of the plugin file ${file} has to have a \`type\`.`);
  return plugin as Named;
}

/**
 * Loads each file of a plugin folder.
 *
 * @param folder - URL of the folder, with a slash at its end
 * @param exportName - the constant each file exports: the folder's name in the singular
 * @returns the plugins by their `type`, in the order of the file names
 * @throws ApplianceError PLUGIN_INVALID for a file without that constant, or a type that two files claim
 */
export async function loadPlugins<P extends Named>(folder: URL, exportName: string): Promise<Map<string, P>> {
  const plugins = new Map<string, P>();
  const origin = new Map<string, string>();
  for (const file of await pluginFiles(folder)) {
    // The caller names the kind by folder and export name; the suite of that kind checks each plugin's shape.
    const plugin = (await loadFile(folder, file, exportName)) as P;
    const earlier = origin.get(plugin.type);
    if (earlier !== undefined)
      throw invalid(`The plugin files ${earlier} and ${file} both claim the type "${plugin.type}".`);
    origin.set(plugin.type, file);
    plugins.set(plugin.type, plugin);
  }
  return plugins;
}
