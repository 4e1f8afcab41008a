import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Request, Response } from "express";
import type { Html } from "./html.ts";
import type { Assets } from "./static-files.ts";

const zip = promisify(gzip);
const brotli = promisify(brotliCompress);
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Sends markup, compressed as the browser takes it. */
export async function sendHtml(
  request: Request,
  response: Response,
  status: number,
  markup: Html,
): Promise<void> {
  response.status(status);
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  response.vary("Accept-Encoding");
  const encoding = request.acceptsEncodings("br", "gzip");
  if (encoding === "br" || encoding === "gzip") {
    response.setHeader("Content-Encoding", encoding);
    const body = encoding === "br" ? await brotli(markup.text, quick) : await zip(markup.text);
    response.end(body);
  } else {
    response.end(markup.text);
  }
}

/** Sends a file of the page; true when there was one. With its version in the address it is kept for a year. */
export function sendAsset(request: Request, response: Response, assets: Assets, name: string): boolean {
  const asset = assets.get(name);
  if (!asset) return false;
  const isPinned = request.query.v === asset.version;
  response.setHeader("Content-Type", asset.type);
  response.setHeader("ETag", `"${asset.version}"`);
  response.setHeader("Cache-Control", isPinned ? "public, max-age=31536000, immutable" : "no-cache");
  response.vary("Accept-Encoding");
  if (request.headers["if-none-match"] === `"${asset.version}"`) {
    response.status(304).end();
    return true;
  }
  const encoding = request.acceptsEncodings("br", "gzip");
  if (encoding === "br") {
    response.setHeader("Content-Encoding", "br");
    response.end(asset.brotli);
  } else if (encoding === "gzip") {
    response.setHeader("Content-Encoding", "gzip");
    response.end(asset.gzip);
  } else {
    response.end(asset.plain);
  }
  return true;
}
