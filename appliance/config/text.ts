import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ApplianceError } from "../model/errors.ts";

export interface ConfigText {
  readonly text: string;
  /** As messages name it. */
  readonly file: string;
  /** Folder that relative paths in it start from. */
  readonly folder: string;
}

/** Reads the file as text. Throws CONFIG_UNREADABLE. */
export function readConfigText(path: string): ConfigText {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT"
        ? "does not exist"
        : code === "EACCES"
          ? "may not be read by this user"
          : code === "EISDIR"
            ? "is a folder"
            : `cannot be read (${code ?? "unknown error"})`;
    throw new ApplianceError(
      "CONFIG_UNREADABLE",
      `The configuration file ${path} ${why}. Check the path given with --config.`,
      { cause: error },
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, file: path, folder: dirname(resolve(path)) };
  } catch (error) {
    throw new ApplianceError(
      "CONFIG_UNREADABLE",
      `The configuration file ${path} is not UTF-8 text. Save it as UTF-8, or restore it from a copy.`,
      { cause: error },
    );
  }
}
