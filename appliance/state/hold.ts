import { join } from "node:path";
import Database from "better-sqlite3";
import { ApplianceError } from "../model/errors.ts";

/**
 * Takes the data directory for this process until `release`, or its end however it comes: two of us in one would spoil
 * each other's history. The lock is SQLite's own on an empty file, so the system lifts it.
 *
 * Throws DATA_UNWRITABLE when another process has it.
 */
export function holdDataDir(folder: string): { release(): void } {
  let file: Database.Database | undefined;
  try {
    file = new Database(join(folder, "in-use.lock"), { timeout: 0 });
    file.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    file?.close();
    const isTaken = (error as { code?: unknown }).code === "SQLITE_BUSY";
    throw new ApplianceError(
      "DATA_UNWRITABLE",
      isTaken
        ? `Another Porchlight is running with the data directory ${folder}. Stop it, or choose another directory with --data DIR.`
        : `The data directory ${folder} cannot be locked: ${error instanceof Error ? error.message : String(error)}. Choose another with --data DIR.`,
      { cause: error },
    );
  }
  const held = file;
  return { release: () => void held.close() };
}
