// Keeps the page honest: how old it is, whether it still hears from the box, and what to show when it does not.

/** @typedef {Window & { htmx?: { trigger(element: Element, name: string): void } }} PageWindow */

const staleAfterMs = Number(document.body.dataset.staleMs ?? 45_000);
const pollEveryMs = 30_000;
const mark = document.getElementById("asof");
const banner = document.getElementById("stale");
const icon = /** @type {HTMLLinkElement | null} */ (document.getElementById("icon"));
const live = document.getElementById("live");

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

/** Turns every state mark below `root` into unknown, and remembers what it was. @param {ParentNode} root */
function blank(root) {
  for (const element of root.querySelectorAll("[data-state]")) {
    const use = element.querySelector(".shape use");
    const word = element.querySelector(".word");
    if (use && !element.hasAttribute("data-was-shape")) {
      element.setAttribute("data-was-shape", use.getAttribute("href") ?? "");
      use.setAttribute("href", "#s-unknown");
    }
    if (word && !element.hasAttribute("data-was-word")) {
      element.setAttribute("data-was-word", word.textContent ?? "");
      word.textContent = document.body.dataset.unknown ?? "";
    }
  }
}

function restore() {
  for (const element of document.querySelectorAll("[data-was-shape], [data-was-word]")) {
    const shape = element.getAttribute("data-was-shape");
    const word = element.getAttribute("data-was-word");
    if (shape !== null) element.querySelector(".shape use")?.setAttribute("href", shape);
    const place = element.querySelector(".word");
    if (word !== null && place) place.textContent = word;
    element.removeAttribute("data-was-shape");
    element.removeAttribute("data-was-word");
  }
}

function goStale() {
  isStale = true;
  document.body.setAttribute("data-stale", "");
  blank(document);
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

live?.addEventListener("heartbeat", (event) => {
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
  live?.setAttribute("hx-sse:connect", `/live?page=${document.body.dataset.page}&${query}`);
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
