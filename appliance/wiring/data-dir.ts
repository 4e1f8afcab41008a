import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ApplianceError } from "../model/errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  EROFS: "its file system is read-only",
  ENOSPC: "its disk is full",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "it is a file",
  ENOENT: "its parent folder does not exist",
};

/** The folder itself, or the first one above it that is there: making the rest there tells less of why it fails. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

/** Makes the data directory and tries to write there. Returns its whole path. Throws DATA_UNWRITABLE with the remedy. */
export function prepareDataDir(path: string): string {
  const folder = resolve(path);
  const trial = join(folder, ".write-test");
  try {
    const above = nearest(folder);
    if (statSync(above).isDirectory()) accessSync(above, constants.W_OK | constants.X_OK);
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    writeFileSync(trial, "x");
    rmSync(trial);
    return folder;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new ApplianceError(
      "DATA_UNWRITABLE",
      `The data directory ${folder} cannot be used: ${reasons[code] ?? (code || String(error))}. Choose another with --data DIR, or give this user the right to write there.`,
      { cause: error },
    );
  }
}
