import type { IncomingMessage } from "node:http";
import type { NextFunction, Request, Response, Router } from "express";
import express from "express";
import type { View } from "../appliance/model/contracts.ts";
import { ApplianceError } from "../appliance/model/errors.ts";
import { timeWords } from "../appliance/model/words.ts";
import { createSessions, isSameOrigin, securityHeaders } from "./guard.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { clockTime, layout } from "./layout.ts";
import type { LiveOptions } from "./live.ts";
import { createLive, partTag, stateId, tagsOf } from "./live.ts";
import { loadPages } from "./load-pages.ts";
import { createMemo } from "./memo.ts";
import type { Page, PageContent, PageContext, Parts } from "./page.ts";
import { notice } from "./parts/notice.ts";
import { sendAsset, sendHtml } from "./send.ts";
import { loadAssets } from "./static-files.ts";
import { loadTexts } from "./text.ts";

export interface WebOptions {
  /** Whether a request comes from this machine: until an account exists, only such may see more than the status page. */
  readonly isLocal: (request: IncomingMessage) => boolean;
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
  const pages = await loadPages();
  const assets = loadAssets();
  const t = loadTexts(options.language ?? "en");
  const words = timeWords(view.site.timezone);
  const memo = createMemo(view.clock);
  const sessions = createSessions();
  const live = createLive(view, {
    ...options.live,
    checkedAt: () => clockTime({ words }, view.status.verdict().atMs),
  });

  const contextOf = (
    request: Request,
    page: Page,
    params: Record<string, string>,
    query: Record<string, string>,
    response?: Response,
  ): PageContext => {
    const isLocal = options.isLocal(request);
    const wantsForm = isLocal && page.actions !== undefined;
    const csrf = !wantsForm
      ? undefined
      : response
        ? sessions.token(request, response)
        : sessions.known(request);
    return {
      view,
      nowMs: view.clock.nowMs(),
      words,
      t,
      params,
      query,
      isLocal,
      ...(csrf === undefined ? {} : { csrf }),
      memo,
    };
  };

  const send = async (
    request: Request,
    response: Response,
    status: number,
    content: PageContent,
    more: { name: string; live?: string },
  ) => {
    const isLocal = options.isLocal(request);
    const nav = pages
      .filter((page) => page.nav && (isLocal || page.access === "anyone"))
      .sort((a, b) => (a.nav?.order ?? 0) - (b.nav?.order ?? 0))
      .map((page) => ({
        href: page.path,
        text: t.plain(page.nav?.text ?? ""),
        current:
          request.path === page.path || (page.path !== "/" && request.path.startsWith(`${page.path}/`)),
      }));
    const theme = request.query["theme"];
    const shell = {
      ...content,
      ...more,
      nav,
      hasCharts: content.hasCharts ?? false,
      ...(theme === "dark" || theme === "light" ? ({ theme } as const) : {}),
    };
    const context = { t, view, words, nowMs: view.clock.nowMs() };
    await sendHtml(request, response, status, layout(context, assets, shell));
  };

  /** What is wrong in words: as a whole page, or as a fragment where a fragment was asked for. */
  const refuse = async (request: Request, response: Response, status: number, kind: string) => {
    if (response.headersSent) return void response.end();
    if (request.headers["hx-request-type"] === "partial")
      return sendHtml(
        request,
        response,
        status,
        html`<div role="alert" class="alert">${t(`${kind}.text`)}</div>`,
      );
    await send(request, response, status, notice(t, kind, request), { name: "notice" });
  };

  const router = express.Router();
  router.use(securityHeaders());
  router.use((request: Request, response: Response, next: NextFunction) => {
    const host = request.headers.host ?? "";
    if (options.isOwnHost && !options.isOwnHost(host)) return refuse(request, response, 421, "host");
    next();
  });
  router.get("/static/*name", (request: Request, response: Response, next: NextFunction) => {
    const name = request.params["name"] as unknown as string[];
    if (!sendAsset(request, response, assets, name.join("/"))) next();
  });
  router.get("/favicon.ico", (_request: Request, response: Response) =>
    response.redirect(302, assets.url("icon-ok.svg")),
  );

  const mount = (page: Page) => {
    const guard = async (request: Request, response: Response, next: NextFunction) => {
      if (page.access === "local" && !options.isLocal(request))
        return refuse(request, response, 403, "forbidden");
      next();
    };
    const whole = async (request: Request, response: Response) => {
      const c = contextOf(request, page, paramsOf(request.params), flat(request.query), response);
      if (page.exists?.(c) === false) return refuse(request, response, 404, "missing");
      const inner = await renderParts(page, c);
      const content = await page.page(c, wrapParts(page, c, inner));
      const url = new URLSearchParams({
        ...c.query,
        ...c.params,
        page: page.name,
        have: stateId(tagsOf(inner)),
      });
      await send(request, response, 200, content, { name: page.name, live: `/live?${url}` });
    };
    router.get(page.path, guard, whole);
    router.get(
      `/f${page.path === "/" ? "" : page.path}/:part`,
      guard,
      async (request: Request, response: Response) => {
        const { part = "", ...params } = paramsOf(request.params);
        const render = page.parts[part];
        const c = contextOf(request, page, params, flat(request.query));
        if (!render || page.exists?.(c) === false) return refuse(request, response, 404, "missing");
        const inner = await render(c);
        const tag = partTag(inner.text);
        response.setHeader("HX-PTag", tag);
        if (request.headers["hx-ptag"] === tag) return void response.status(304).end();
        await sendHtml(request, response, 200, wrapPart(page, c, part, inner));
      },
    );
    for (const [name, act] of Object.entries(page.actions ?? {}))
      router.post(`${page.path}/${name}`, guard, form, async (request: Request, response: Response) => {
        const body = flat(request.body);
        const why = sessions.refuse(request, body["csrf"] ?? request.headers["x-csrf-token"]);
        if (why) return refuse(request, response, 403, why);
        const c = contextOf(request, page, paramsOf(request.params), flat(request.query), response);
        if (page.exists?.(c) === false) return refuse(request, response, 404, "missing");
        const outcome = await act(c, body);
        if ("to" in outcome) return response.redirect(303, outcome.to);
        await send(request, response, 422, notice(t, "refused", request, outcome.refused), {
          name: "notice",
        });
      });
  };
  const form = express.urlencoded({ extended: false, limit: "64kb", parameterLimit: 50 });
  for (const page of pages) mount(page);

  router.get("/live", async (request: Request, response: Response) => {
    const { page: name, have, ...rest } = flat(request.query);
    const page = pages.find((entry) => entry.name === name);
    if (!page) return refuse(request, response, 404, "missing");
    if (request.headers.origin !== undefined && !isSameOrigin(request))
      return refuse(request, response, 403, "origin");
    if (page.access === "local" && !options.isLocal(request))
      return refuse(request, response, 403, "forbidden");
    const context = () => contextOf(request, page, rest, rest);
    if (page.exists?.(context()) === false) return refuse(request, response, 404, "missing");
    const key = JSON.stringify([name, rest, options.isLocal(request), context().csrf]);
    const lastId = request.headers["last-event-id"];
    const source = { key, render: () => renderParts(page, context()) };
    if (!live.open(response, source, typeof lastId === "string" ? lastId : have)) {
      response.setHeader("Retry-After", "30");
      response.status(503).end();
    }
  });

  router.use((request: Request, response: Response) => refuse(request, response, 404, "missing"));
  router.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const status = statusOf(error);
    if (status === 500)
      view.log.error("A page could not be made", {
        path: request.path,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    return refuse(request, response, status, status === 404 ? "missing" : status === 500 ? "broken" : "bad");
  });
  return { router, close: () => live.close() };
}

function statusOf(error: unknown): number {
  if (error instanceof ApplianceError) return error.code === "NOT_FOUND" ? 404 : 500;
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 500 ? status : 500;
}

/** Query and form fields as flat texts of at most 2,000 characters; of several with one name the last counts. */
function flat(fields: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (typeof last === "string" && /^[\w-]{1,40}$/.test(name) && name !== "__proto__")
      found[name] = last.slice(0, 2_000);
  }
  return found;
}

function paramsOf(params: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return flat(params);
}

async function renderParts(page: Page, c: PageContext): Promise<Record<string, Html>> {
  const made = await Promise.all(
    Object.entries(page.parts).map(async ([name, render]) => [name, await render(c)] as const),
  );
  return Object.fromEntries(made);
}

/** A part in its own element, which renews itself by polling when there is no stream (`asof.js` says when). */
function wrapPart(page: Page, c: PageContext, name: string, inner: Html): Html {
  const path = page.path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(c.params[key] ?? ""));
  const query = new URLSearchParams(c.query).toString();
  const url = `/f${path === "/" ? "" : path}/${name}${query ? `?${query}` : ""}`;
  return html`<div id="${name}" class="part" data-part hx-get="${url}" hx-trigger="poll" hx-swap="innerMorph strip:true" hx-ptag="${partTag(inner.text)}">${inner}</div>`;
}

function wrapParts(page: Page, c: PageContext, inner: Readonly<Record<string, Html>>): Parts {
  return Object.fromEntries(
    Object.entries(inner).map(([name, part]) => [name, wrapPart(page, c, name, part)]),
  );
}
