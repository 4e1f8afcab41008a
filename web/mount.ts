import type { NextFunction, Request, Response, Router } from "express";
import express from "express";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import type { Kit } from "./kit.ts";
import { contextOf, flat, mayRead, refuse, sendPage } from "./kit.ts";
import { partTag, stateId, tagsOf } from "./live.ts";
import type { Page, PageContext, Parts } from "./page.ts";
import { sendHtml } from "./send.ts";

/** All live parts of a page as they are now. */
export async function renderParts(page: Page, c: PageContext): Promise<Record<string, Html>> {
  const made = Object.entries(page.parts).map(async ([name, render]) => [name, await render(c)] as const);
  return Object.fromEntries(await Promise.all(made));
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

async function sendWhole(kit: Kit, page: Page, request: Request, response: Response): Promise<void> {
  const fields = { params: flat(request.params), query: flat(request.query) };
  const c = contextOf(kit, request, page, fields, response);
  if (page.exists?.(c) === false) return refuse(kit, request, response, 404, "missing");
  await sendDrawn(kit, page, c, request, response, 200);
}

async function sendDrawn(
  kit: Kit,
  page: Page,
  c: PageContext,
  request: Request,
  response: Response,
  status: number,
): Promise<void> {
  const inner = await renderParts(page, c);
  const content = await page.page(c, wrapParts(page, c, inner));
  const have = stateId(tagsOf(inner));
  const live = new URLSearchParams({ ...c.query, ...c.params, page: page.name, have });
  await sendPage(kit, request, response, status, {
    ...content,
    name: page.name,
    live: `/live?${live.toString()}`,
  });
}

/** One part; 304 when the page has it as it is (`HX-PTag`). */
async function sendPart(kit: Kit, page: Page, request: Request, response: Response): Promise<void> {
  const { part = "", ...params } = flat(request.params);
  const render = Object.hasOwn(page.parts, part) ? page.parts[part] : undefined;
  const c = contextOf(kit, request, page, { params, query: flat(request.query) });
  if (!render || page.exists?.(c) === false) return refuse(kit, request, response, 404, "missing");
  const inner = await render(c);
  const tag = partTag(inner.text);
  response.setHeader("HX-PTag", tag);
  if (request.headers["hx-ptag"] === tag) {
    response.status(304).end();
    return;
  }
  await sendHtml(request, response, 200, wrapPart(page, c, part, inner));
}

type Action = NonNullable<Page["actions"]>[string];

async function act(
  kit: Kit,
  page: Page,
  action: Action,
  request: Request,
  response: Response,
): Promise<void> {
  const body = flat(request.body);
  const why = kit.sessions.refuse(request, body.csrf);
  if (why) return refuse(kit, request, response, 403, why);
  const fields = { params: flat(request.params), query: flat(request.query) };
  const c = contextOf(kit, request, page, fields, response);
  if (page.exists?.(c) === false) return refuse(kit, request, response, 404, "missing");
  const outcome = await action(c, body);
  if ("to" in outcome) response.redirect(303, outcome.to);
  else if ("made" in outcome)
    await sendDrawn(kit, page, { ...c, made: outcome.made }, request, response, 200);
  else if (outcome.fields) {
    const again = { ...c, query: { ...c.query, ...outcome.fields }, refused: outcome.refused };
    await sendDrawn(kit, page, again, request, response, 422);
  } else await refuse(kit, request, response, 422, "refused", outcome.refused);
}

/** Gives a page its routes: itself, its parts under `/f`, its forms. */
export function mountPage(router: Router, kit: Kit, page: Page): void {
  const guard = async (request: Request, response: Response, next: NextFunction) => {
    if (mayRead(kit, page, request)) next();
    else await refuse(kit, request, response, 403, "forbidden");
  };
  const form = express.urlencoded({ extended: false, limit: "64kb", parameterLimit: 400 });
  const base = page.path === "/" ? "" : page.path;
  router.get(page.path, guard, (request: Request, response: Response) =>
    sendWhole(kit, page, request, response),
  );
  router.get(`/f${base}/:part`, guard, (request: Request, response: Response) =>
    sendPart(kit, page, request, response),
  );
  for (const [name, action] of Object.entries(page.actions ?? {}))
    router.post(`${base}/${name}`, guard, form, (request: Request, response: Response) =>
      act(kit, page, action, request, response),
    );
}
