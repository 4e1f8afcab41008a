import type { NextFunction, Request, Response, Router } from "express";
import express from "express";
import type { View } from "../appliance/model/contracts.ts";
import { ApplianceError } from "../appliance/model/errors.ts";
import { timeWords } from "../appliance/model/words.ts";
import { createSessions, isSameOrigin, securityHeaders } from "./guard.ts";
import type { Kit } from "./kit.ts";
import { contextOf, flat, mayRead, refuse } from "./kit.ts";
import { clockTime } from "./layout.ts";
import type { Live, LiveOptions } from "./live.ts";
import { createLive } from "./live.ts";
import { loadPages } from "./load-pages.ts";
import { createMemo } from "./memo.ts";
import { mountPage, renderParts } from "./mount.ts";
import { sendAsset } from "./send.ts";
import { loadAssets } from "./static-files.ts";
import { loadTexts } from "./text.ts";

export interface WebOptions {
  /** Whether a request comes from this machine: until an account exists, only such may see more than the status page. */
  readonly isLocal: Kit["isLocal"];
  /** Whether a Host header names this box; others are refused with 421 (DNS rebinding). Absent: all are taken. */
  readonly isOwnHost?: (host: string) => boolean;
  readonly language?: string;
  readonly live?: Omit<LiveOptions, "checkedAt">;
}

export interface Web {
  /** To be mounted at `/`, after `/api`, `/metrics` and `/healthz`: it answers everything that is left. */
  readonly router: Router;
  /** Ends the open streams; call it before the server closes. */
  close(): void;
}

/** Builds the pages. Reads its files at once; rejects with PLUGIN_INVALID or NOT_FOUND when the build is incomplete. */
export async function createWeb(view: View, options: WebOptions): Promise<Web> {
  const words = timeWords(view.site.timezone);
  const kit: Kit = {
    view,
    pages: await loadPages(),
    assets: loadAssets(),
    t: loadTexts(options.language ?? "en"),
    words,
    memo: createMemo(view.clock),
    sessions: createSessions(),
    isLocal: options.isLocal,
  };
  const live = createLive(view, {
    ...options.live,
    checkedAt: () => clockTime({ words }, view.status.verdict().atMs),
  });
  const router = express.Router();
  router.use(securityHeaders());
  router.use(async (request: Request, response: Response, next: NextFunction) => {
    if (options.isOwnHost?.(request.headers.host ?? "") === false)
      await refuse(kit, request, response, 421, "host");
    else next();
  });
  mountFiles(router, kit);
  for (const page of kit.pages) mountPage(router, kit, page);
  router.get("/live", (request: Request, response: Response) => stream(kit, live, request, response));
  mountErrors(router, kit);
  return { router, close: () => live.close() };
}

function mountFiles(router: Router, { assets }: Kit): void {
  router.get("/static/*name", (request: Request, response: Response, next: NextFunction) => {
    const name: unknown = request.params.name;
    if (!Array.isArray(name) || !sendAsset(request, response, assets, name.join("/"))) next();
  });
  router.get("/favicon.ico", (_request: Request, response: Response) =>
    response.redirect(302, assets.url("icon-ok.svg")),
  );
}

/** `/live?page=<name>&<its params and query>`: the page's parts as they change. */
async function stream(kit: Kit, live: Live, request: Request, response: Response): Promise<void> {
  const { page: name, have, ...rest } = flat(request.query);
  const page = kit.pages.find((entry) => entry.name === name);
  if (!page) return refuse(kit, request, response, 404, "missing");
  if (request.headers.origin !== undefined && !isSameOrigin(request))
    return refuse(kit, request, response, 403, "origin");
  if (!mayRead(kit, page, request)) return refuse(kit, request, response, 403, "forbidden");
  // Params and query of the page come together in one query; no page uses one name for both.
  const context = () => contextOf(kit, request, page, { params: rest, query: queryOf(page.path, rest) });
  const first = context();
  if (page.exists?.(first) === false) return refuse(kit, request, response, 404, "missing");
  const key = JSON.stringify([name, rest, first.isLocal, first.csrf]);
  const lastId = request.headers["last-event-id"];
  const source = { key, render: () => renderParts(page, context()) };
  if (live.open(response, source, typeof lastId === "string" ? lastId : have)) return;
  response.setHeader("Retry-After", "30");
  response.status(503).end();
}

function queryOf(path: string, fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !path.split("/").includes(`:${name}`)));
}

function mountErrors(router: Router, kit: Kit): void {
  router.use((request: Request, response: Response) => refuse(kit, request, response, 404, "missing"));
  router.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(error);
    if (status === 500) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      kit.view.log.error("A page could not be made", { path: request.path, error: what });
    }
    return refuse(
      kit,
      request,
      response,
      status,
      status === 404 ? "missing" : status === 500 ? "broken" : "bad",
    );
  });
}

function statusOf(error: unknown): number {
  if (error instanceof ApplianceError) return error.code === "NOT_FOUND" ? 404 : 500;
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 500 ? status : 500;
}
