import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { ApplianceError } from "../appliance/model/errors.ts";

/** A file as it is sent: read and compressed once, at start. */
export interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
  readonly version: string;
}

export interface Assets {
  get(name: string): Asset | undefined;
  /** `/static/<name>?v=<version>`: may be kept for a year. */
  url(name: string): string;
}

const types: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
};

function read(folder: URL, name: string, type: string): Asset {
  const plain = readFileSync(new URL(name, folder));
  return {
    type,
    plain,
    gzip: gzipSync(plain, { level: 9 }),
    brotli: brotliCompressSync(plain, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
    }),
    version: createHash("sha256").update(plain).digest("base64url").slice(0, 10),
  };
}

/** Reads every file below `folder` whose kind is known. About 150 KB in memory. */
export function loadAssets(folder = new URL("./static/", import.meta.url)): Assets {
  const files = new Map<string, Asset>();
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const name = entry.replaceAll("\\", "/");
    const type = types[name.slice(name.lastIndexOf(".") + 1)];
    if (type) files.set(name, read(folder, name, type));
  }
  return {
    get: (name) => files.get(name),
    url(name) {
      const file = files.get(name);
      if (!file)
        throw new ApplianceError(
          "NOT_FOUND",
          `The page needs ${name}, which is not in ${folder.pathname}; build the project again.`,
        );
      return `/static/${name}?v=${file.version}`;
    },
  };
}
