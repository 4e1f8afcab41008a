import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ConfigText } from "./text.ts";

const name = "config-last-good.yaml";
/** Older ones are kept beside it: `.1` the one before, `.2` before that. */
const generations = 3;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Not there, or no longer readable: then there is none.
  }
}

function writeDurably(path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Keeps the text of a file that passed, for `--last-good`. Nothing is written when it is the same as before. */
export function keepLastGood(dataDir: string, { text, folder }: ConfigText): void {
  const path = join(dataDir, name);
  // Relative paths in it go on starting from the folder of the file itself.
  const kept = `# folder: ${JSON.stringify(folder)}\n${text}`;
  const before = read(path);
  if (before === kept) return;
  if (before !== undefined) {
    for (let at = generations - 2; at > 0; at--) {
      const older = read(`${path}.${at}`);
      if (older !== undefined) writeDurably(`${path}.${at + 1}`, older);
    }
    writeDurably(`${path}.1`, before);
  }
  writeDurably(path, kept);
}

/** The texts of files that passed, newest first. */
export function lastGoodTexts(dataDir: string): ConfigText[] {
  const paths = Array.from({ length: generations }, (_, at) =>
    join(dataDir, at === 0 ? name : `${name}.${at}`),
  );
  return paths.flatMap((file) => {
    const text = read(file);
    const folder = /^# folder: (".*")\n/.exec(text ?? "")?.[1];
    if (text === undefined || folder === undefined) return [];
    return [{ text, file, folder: JSON.parse(folder) as string }];
  });
}
