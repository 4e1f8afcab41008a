// Keeps the page honest: how old it is, whether it still hears from the box, and what to show when it does not.
// It runs before htmx begins, so that it hears the first heartbeat.

/** @typedef {Window & { htmx?: { trigger(element: Element, name: string): void, process(element: Element): void } }} PageWindow */

const staleAfterMs = 45_000;
const pollEveryMs = 30_000;
const mark = document.getElementById("asof");
const banner = document.getElementById("stale");
const icon = /** @type {HTMLLinkElement | null} */ (document.getElementById("icon"));
let live = document.getElementById("live");

let heardMs = performance.now();
let heardAt = new Date();
let isStreaming = false;
let isStale = false;

/** @param {"live" | "polling" | "stale"} how */
function show(how) {
  if (!mark || mark.dataset.now === how) return;
  mark.dataset.now = how;
  const word = mark.querySelector(".mark > span");
  if (word) word.textContent = mark.dataset[how] ?? "";
}

/** Turns every state mark into unknown, and remembers what it was. */
function blank() {
  for (const use of document.querySelectorAll("[data-state] .shape use")) {
    const was = use.getAttribute("href") ?? "";
    if (!/^#s-(ok|warning|down|unreachable|maintenance|idle|off)$/.test(was)) continue;
    use.setAttribute("data-was", was);
    use.setAttribute("href", "#s-unknown");
  }
  for (const word of document.querySelectorAll("[data-state] .word:not([data-was])")) {
    word.setAttribute("data-was", word.textContent ?? "");
    word.textContent = document.body.dataset.unknown ?? "";
  }
}

function restore() {
  for (const mark of document.querySelectorAll("[data-was]")) {
    const was = mark.getAttribute("data-was") ?? "";
    if (mark.matches("use")) mark.setAttribute("href", was);
    else mark.textContent = was;
    mark.removeAttribute("data-was");
  }
}

function goStale() {
  isStale = true;
  document.body.setAttribute("data-stale", "");
  blank();
  const since = document.getElementById("stale-since");
  if (since) since.textContent = mark?.querySelector("time")?.textContent ?? heardAt.toLocaleTimeString();
  if (banner) banner.hidden = false;
  if (icon) icon.href = icon.dataset.iconUnknown ?? icon.href;
  document.title = `? ${document.title.replace(/^\? /, "")}`;
  show("stale");
}

/** The box answered. @param {string} [clock] when it last looked, as text */
function heard(clock) {
  heardMs = performance.now();
  heardAt = new Date();
  const time = mark?.querySelector("time");
  if (clock && time) time.textContent = clock;
  if (isStale) {
    isStale = false;
    document.body.removeAttribute("data-stale");
    restore();
    if (banner) banner.hidden = true;
    renew();
  }
  show(isStreaming ? "live" : "polling");
}

/** Title and icon follow the sentence of the page. */
function renew() {
  const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-title]"));
  if (!said || isStale) return;
  const site = document.title.split(" · ").at(-1);
  document.title = `${said.dataset.title} · ${site}`;
  if (icon) icon.href = icon.href.replace(/icon-[a-z]+\.svg.*$/, `icon-${said.dataset.state}.svg`);
}

/** Asks for every live part once. */
function poll() {
  const { htmx } = /** @type {PageWindow} */ (window);
  for (const part of document.querySelectorAll("[data-part]")) htmx?.trigger(part, "poll");
}

document.addEventListener("heartbeat", (event) => {
  isStreaming = true;
  heard(/** @type {CustomEvent<{ data?: string }>} */ (event).detail?.data);
});
document.addEventListener("htmx:sse:after:message", () => {
  heard();
  renew();
});
document.addEventListener("htmx:sse:close", () => {
  isStreaming = false;
});
document.addEventListener("htmx:sse:error", () => {
  isStreaming = false;
});
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } =
    /** @type {CustomEvent<{ ctx?: { sourceElement?: Element, response?: { status: number } } }>} */ (event)
      .detail;
  const status = ctx?.response?.status ?? 0;
  if (ctx?.sourceElement?.hasAttribute("data-part") && (status < 400 || status === 304)) heard();
});
document.addEventListener("htmx:after:swap", renew);

/** Another stream in place of the one that shows the old filter: that one ends with its element. @param {string} url */
function listenTo(url) {
  if (!live) return;
  const next = document.createElement("div");
  next.id = "live";
  for (const name of ["hx-swap", "hx-trigger"]) next.setAttribute(name, live.getAttribute(name) ?? "");
  next.setAttribute("hx-sse:connect", url);
  live.replaceWith(next);
  live = next;
  /** @type {PageWindow} */ (window).htmx?.process(next);
}

// A filter form keeps its address in the bar, so that it can be shared and reloaded.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = /** @type {CustomEvent<{ ctx: { sourceElement?: Element } }>} */ (event).detail;
  const form = ctx.sourceElement;
  if (!(form instanceof HTMLFormElement) || form.method !== "get") return;
  const fields = [...new FormData(form)]
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams(fields).toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  for (const part of document.querySelectorAll("[data-part]"))
    part.setAttribute("hx-get", `${part.getAttribute("hx-get")?.split("?")[0]}${query ? `?${query}` : ""}`);
  listenTo(`/live?page=${document.body.dataset.page}&${query}`);
});

setInterval(() => {
  if (!isStale && performance.now() - heardMs > staleAfterMs && document.visibilityState === "visible")
    goStale();
}, 1_000);

setInterval(() => {
  if (isStreaming || !live || document.visibilityState !== "visible") return;
  poll();
  /** @type {PageWindow} */ (window).htmx?.trigger(live, "reconnect");
}, pollEveryMs);

document.addEventListener("visibilitychange", () => {
  // In a hidden tab the stream rests: seen again, the page gets the same time to hear from the box.
  if (document.visibilityState === "visible")
    heardMs = Math.max(heardMs, performance.now() - staleAfterMs + 5_000);
});
