import type { Request } from "express";
import { cut, html } from "../html.ts";
import type { PageContent } from "../page.ts";
import { shape } from "../shapes.ts";
import type { Texts } from "../text.ts";

/** A page that says what went wrong and what to do about it. `kind` picks its texts: `<kind>.title`, `.text`, `.todo`. */
export function notice(t: Texts, kind: string, request: Request, detail?: string): PageContent {
  const host = /^[\w.-]{1,80}$/.test(request.hostname ?? "") ? request.hostname : "this-box";
  // A form is sent to an address below the page that it stands on.
  const back = kind === "refused" ? request.path.replace(/\/[^/]*$/, "") || undefined : undefined;
  const command = `ssh -L 8080:localhost:${request.socket.localPort ?? 8080} user@${host}`;
  return {
    title: t.plain(`${kind}.title`),
    state: "unknown",
    main: html`<div class="notice">
<h1>${shape("unknown")}<span>${t(`${kind}.title`)}</span></h1>
<p>${detail === undefined ? t(`${kind}.text`, { path: html`<code>${cut(request.path, 80)}</code>` }) : cut(detail, 300)}</p>
<p class="muted">${t(`${kind}.todo`, { command: html`<code>${command}</code>`, path: html`<code>${cut(request.path, 80)}</code>` })}</p>
<p>${back !== undefined && html`<a class="button" href="${back}">${t("notice.back")}</a> `}<a class="button" href="/">${t("notice.home")}</a></p>
</div>`,
  };
}
