import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
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

/** Makes the data directory and tries to write there. Returns its whole path. Throws DATA_UNWRITABLE with the remedy. */
export function prepareDataDir(path: string): string {
  const folder = resolve(path);
  const trial = join(folder, ".write-test");
  try {
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
