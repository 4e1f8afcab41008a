import type { View } from "../appliance/model/contracts.ts";
import type { State } from "../appliance/model/site.ts";
import type { Html } from "./html.ts";
import { cut, foreign, html } from "./html.ts";
import type { PageContext } from "./page.ts";
import { healthDetails } from "./parts/health.ts";
import { shape, sprite } from "./shapes.ts";
import type { Assets } from "./static-files.ts";

export interface NavEntry {
  readonly href: string;
  readonly text: string;
  readonly current: boolean;
}

export interface Shell {
  readonly title: string;
  readonly state: State;
  readonly main: Html;
  readonly nav: readonly NavEntry[];
  /** Where the changes of this page come from; absent: the page stays as it is. */
  readonly live?: string;
  readonly hasCharts: boolean;
  /** `light` or `dark` when asked for by `?theme=`; else the system's. */
  readonly theme?: "light" | "dark";
  readonly name: string;
}

/**
 * htmx: no back-button handling of its own (each page is whole), no style element, and what people opened stays open
 * when a part is renewed.
 */
const htmxConfig =
  '{"history":false,"includeIndicatorCSS":false,"morphIgnore":["data-htmx-powered","open"],"defaultTimeout":20000,"noSwap":[204,304],"sse":{"reconnectMaxDelay":10000}}';

/**
 * Not deferred, at the end of the page: htmx then waits for the end of parsing, and so for its extensions and for
 * `asof.js`; deferred, it would begin at once and miss what comes after it.
 */
const htmxFiles = ["vendor/htmx.min.js", "vendor/hx-sse.min.js", "vendor/hx-ptag.min.js"];

/** The frame around every page. */
export function layout(
  c: Pick<PageContext, "t" | "view" | "words" | "nowMs">,
  assets: Assets,
  shell: Shell,
): Html {
  const { t, view } = c;
  const site = cut(view.site.name);
  return html`<!doctype html>
<html lang="${t.language}"${shell.theme && html` data-theme="${shell.theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${cut(shell.title)} · ${site}</title>
<meta name="color-scheme" content="${shell.theme ?? "light dark"}">
<meta name="htmx-config" content="${htmxConfig}">
<link rel="icon" type="image/svg+xml" id="icon" href="${assets.url(`icon-${shell.state}.svg`)}"${icons(assets)}>
${shell.hasCharts && html`<link rel="stylesheet" href="${assets.url("vendor/uplot.min.css")}">`}
<link rel="stylesheet" href="${assets.url("app.css")}">
${shell.live && script(assets, "asof.js")}
${shell.hasCharts && ["vendor/uplot.min.js", "charts.js"].map((file) => script(assets, file))}
</head>
<body data-page="${shell.name}" data-unknown="${t.plain("state.unknown")}">
<a class="skip" href="#main">${t("page.skip")}</a>
${sprite}
<header class="top">
<a class="site" href="/">${shape("lamp")}<span>${foreign(view.site.name)}</span></a>
${shell.nav.length > 1 && html`<nav aria-label="${t.plain("page.nav")}"><ul>${shell.nav.map(navEntry)}</ul></nav>`}
${shell.live && asOf(c, view)}
</header>
${shell.live && html`<p id="stale" class="stale" role="alert" hidden>${shape("unknown")}<span>${t("stale.text", { time: html`<b id="stale-since"></b>` })}</span></p>`}
<main id="main" tabindex="-1">
${isForTechnicians(shell) && healthDetails(c, view.health.check().problems)}
${shell.main}
</main>
<footer class="bottom"><p>Porchlight ${view.version}</p><p>${t("page.zone", { zone: c.words.timezone })}</p></footer>
${
  shell.live &&
  html`<div id="live" hx-sse:connect="${shell.live}" hx-swap="none" hx-trigger="load, reconnect"></div>
${htmxFiles.map((file) => html`<script src="${assets.url(file)}"></script>\n`)}`
}
</body>
</html>
`;
}

/** Live pages but the one for everybody, which has words of its own for that; pages that refuse have nothing live. */
function isForTechnicians({ live, name }: Shell): boolean {
  return live !== undefined && name !== "status";
}

function icons(assets: Assets): Html {
  return html` data-icon-unknown="${assets.url("icon-unknown.svg")}"`;
}

function script(assets: Assets, file: string): Html {
  const kind = file.startsWith("vendor/") ? html`defer` : html`type="module"`;
  return html`<script ${kind} src="${assets.url(file)}"></script>\n`;
}

function navEntry({ href, text, current }: NavEntry): Html {
  return html`<li><a href="${href}"${current && html` aria-current="page"`}>${text}</a></li>`;
}

/** When the box last looked, and whether this page still hears from it. `asof.js` keeps it true. */
function asOf(c: Pick<PageContext, "t" | "words" | "nowMs">, view: View): Html {
  const { atMs } = view.status.verdict();
  const { t } = c;
  return html`<p id="asof" class="asof" data-live="${t.plain("asof.live")}" data-polling="${t.plain("asof.polling")}" data-stale="${t.plain("asof.stale")}"><span>${t("asof.checked", { verb: html`<span class="verb">${t("asof.verb")}</span>`, time: html`<time datetime="${new Date(atMs).toISOString()}">${clockTime(c, atMs)}</time>` })}</span> <span class="mark"><svg aria-hidden="true" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4"/></svg><span></span></span></p>`;
}

/** "10:42:31" in the site's zone. */
export function clockTime(c: Pick<PageContext, "words">, atMs: number): string {
  return /\d\d:\d\d:\d\d/.exec(c.words.exact(atMs))?.[0] ?? "";
}
