import type { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import type { View } from "../appliance/model/contracts.ts";
import type { TimeWords } from "../appliance/model/words.ts";
import type { Sessions } from "./guard.ts";
import { html } from "./html.ts";
import { layout } from "./layout.ts";
import type { Memo } from "./memo.ts";
import type { Page, PageContent, PageContext } from "./page.ts";
import { notice } from "./parts/notice.ts";
import { sendHtml } from "./send.ts";
import type { Assets } from "./static-files.ts";
import type { Texts } from "./text.ts";

/** What every route of the pages shares. */
export interface Kit {
  readonly view: View;
  readonly pages: readonly Page[];
  readonly assets: Assets;
  readonly t: Texts;
  readonly words: TimeWords;
  readonly memo: Memo;
  readonly sessions: Sessions;
  readonly isLocal: (request: IncomingMessage) => boolean;
}

export type Fields = Readonly<Record<string, string>>;

/** Query and form fields as flat texts of at most 2,000 characters; of several with one name the last counts. */
export function flat(fields: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields ?? {})) {
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    if (typeof last === "string" && /^[a-z][\w-]{0,39}$/i.test(name)) found[name] = last.slice(0, 2_000);
  }
  return found;
}

/**
 * What a page is drawn from for this request.
 *
 * @param response - where a session cookie may be set; without one only a session that is there already counts
 */
export function contextOf(
  kit: Kit,
  request: Request,
  page: Page,
  fields: { readonly params: Fields; readonly query: Fields },
  response?: Response,
): PageContext {
  const { view, words, t, memo, sessions } = kit;
  const isLocal = kit.isLocal(request);
  const hasForms = isLocal && page.actions !== undefined;
  const known = response ? () => sessions.token(request, response) : () => sessions.known(request);
  const csrf = hasForms ? known() : undefined;
  return {
    view,
    nowMs: view.clock.nowMs(),
    words,
    t,
    ...fields,
    isLocal,
    ...(csrf === undefined ? {} : { csrf }),
    memo,
  };
}

/** Whether this viewer may see the page at all. */
export function mayRead(kit: Kit, page: Page, request: Request): boolean {
  return page.access === "anyone" || kit.isLocal(request);
}

function navigation({ pages, t }: Kit, request: Request, isLocal: boolean) {
  return pages
    .filter((page) => page.nav && (isLocal || page.access === "anyone"))
    .sort((a, b) => (a.nav?.order ?? 0) - (b.nav?.order ?? 0))
    .map((page) => ({
      href: page.path,
      text: t.plain(page.nav?.text ?? ""),
      current: request.path === page.path || (page.path !== "/" && request.path.startsWith(`${page.path}/`)),
    }));
}

/** Sends a whole page in its frame. */
export async function sendPage(
  kit: Kit,
  request: Request,
  response: Response,
  status: number,
  shown: PageContent & { readonly name: string; readonly live?: string },
): Promise<void> {
  const { view, words, t, assets } = kit;
  const theme = request.query.theme;
  const shell = {
    hasCharts: false,
    ...shown,
    nav: navigation(kit, request, kit.isLocal(request)),
    ...(theme === "dark" || theme === "light" ? ({ theme } as const) : {}),
  };
  const context = { t, view, words, nowMs: view.clock.nowMs() };
  await sendHtml(request, response, status, layout(context, assets, shell));
}

/**
 * Says in words what went wrong: as a whole page, or as a fragment where a fragment was asked for.
 *
 * @param kind - which texts: `<kind>.title`, `.text`, `.todo`
 */
export async function refuse(
  kit: Kit,
  request: Request,
  response: Response,
  status: number,
  kind: string,
  detail?: string,
): Promise<void> {
  if (response.headersSent) {
    response.end();
    return;
  }
  const content = notice(kit.t, kind, request, detail);
  if (request.headers["hx-request-type"] === "partial") {
    const text = detail ?? kit.t.plain(`${kind}.text`, { path: request.path });
    await sendHtml(request, response, status, html`<div role="alert" class="alert">${text}</div>`);
    return;
  }
  await sendPage(kit, request, response, status, { ...content, name: "notice" });
}
