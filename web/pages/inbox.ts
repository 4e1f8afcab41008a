import type { Discovered, Discovery, ScanProgress } from "../../appliance/model/discovery.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { type DeviceKind, deviceKinds, parseDeviceId } from "../../appliance/model/site.ts";
import { durationWords } from "../../appliance/model/words.ts";
import { ago, moment, number } from "../format.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";
import { candidateTable, mostRows, newOnes } from "../parts/candidates.ts";

const mostChanges = 50;

function sentence(c: PageContext): string {
  const { stay, pass } = newOnes(c);
  if (stay.length > 0) return c.t.plain("inbox.sentence", { count: stay.length });
  if (pass.length > 0) return c.t.plain("inbox.sentence.pass", { count: pass.length });
  const progress = c.view.discovery?.progress();
  if (isUnderWay(progress)) return c.t.plain("inbox.sentence.looking");
  return c.t.plain(progress ? "inbox.sentence.none" : "inbox.sentence.first");
}

function titlePart(c: PageContext): Html {
  const { stay } = newOnes(c);
  return html`<div class="title" data-state="ok" data-title="${sentence(c)}"><div role="status"><h1>${sentence(c)}</h1></div>${stay.length > 0 && html`<p class="muted">${c.t("inbox.nothingwatched")}</p>`}</div>`;
}

/** What the form before led to: links to what is watched now. */
function done(c: PageContext): Html | false {
  const devices = (c.query.done ?? "").split(".").flatMap((text) => {
    const id = parseDeviceId(text);
    const device = id && c.view.inventory.device(id);
    return device ? [html`<a href="/devices/${device.id}">${foreign(device.name)}</a>`] : [];
  });
  if (devices.length === 0) return false;
  const links = devices.map((link, at) => html`${at > 0 && ", "}${link}`);
  return html`<p class="alert good" role="status">${c.t("inbox.done", { links })}</p>`;
}

function form(c: PageContext, name: string, inner: Html): Html {
  return html`<form method="post" action="/inbox/${name}"><input type="hidden" name="csrf" value="${c.csrf ?? ""}">${inner}</form>`;
}

function running(c: PageContext, progress: ScanProgress, rate: number): Html {
  const { done, total, packets, remainingMs = 0, networks, found } = progress;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const left =
    remainingMs < 60_000
      ? c.t.plain("inbox.seconds", { count: Math.max(1, Math.ceil(remainingMs / 1_000)) })
      : durationWords(remainingMs);
  return html`<p>${c.t("inbox.running", { networks: cut(networks.join(", "), 200), share: number(100 * share, 0), left })}</p>
<progress value="${number(share, 2)}" max="1" aria-label="${c.t.plain("inbox.progress")}">${number(100 * share, 0)} %</progress>
<p class="muted">${c.t("inbox.packets", { packets: number(packets, 0), rate, count: found })} <a href="/inbox">${c.t("inbox.look")}</a></p>`;
}

function ended(c: PageContext, { endedMs = 0, startedMs, packets, found, networks }: ScanProgress): Html {
  const seconds = c.t.plain("inbox.seconds", {
    count: Math.max(1, Math.round((endedMs - startedMs) / 1_000)),
  });
  return html`<p>${c.t("inbox.ended", { when: ago(c, endedMs), networks: cut(networks.join(", "), 200), count: found, packets: number(packets, 0), seconds })}</p>`;
}

function ahead(c: PageContext, discovery: Discovery): Html {
  const { networks, intervalMs, clear } = discovery.plan();
  const isRunning = isUnderWay(discovery.progress());
  return html`${!isRunning && html`<p class="muted">${networks.length === 0 ? c.t("inbox.nonetwork") : intervalMs === undefined ? c.t("inbox.byhand") : c.t("inbox.every", { time: durationWords(intervalMs) })}</p>`}
${accessLine(c)}
${clear.length > 0 && html`<p class="muted">${c.t("inbox.clear", { ids: foreign(clear.join(", ")) })}</p>`}
${
  !isRunning &&
  networks.length > 0 &&
  form(
    c,
    "scan",
    html`<button class="primary">${c.t("inbox.scan")}</button> <span class="muted">${c.t("inbox.willscan", { networks: cut(networks.join(", "), 200) })}</span>`,
  )
}`;
}

/** With what devices can be asked, and the way to more. */
function accessLine(c: PageContext): Html {
  const { settings } = c.view;
  const ids = new Set([
    ...settings.fileIds("snmpCredential"),
    ...settings.documents("snmpCredential").map(({ id }) => id),
  ]);
  if (ids.size === 0)
    return html`<p>${c.t("inbox.access.none")} <a href="/inbox/access">${c.t("inbox.access.enter")}</a></p>`;
  return html`<p class="muted">${c.t("inbox.access", { count: foreign([...ids].join(", ")) })} · <a href="/inbox/access">${c.t("inbox.access.change")}</a></p>`;
}

const isUnderWay = (progress: ScanProgress | undefined) =>
  progress !== undefined && progress.endedMs === undefined;

function scanPart(c: PageContext): Html {
  const { discovery } = c.view;
  if (!discovery) return html.none;
  const progress = discovery.progress();
  const { rate } = discovery.plan();
  const now = progress && (isUnderWay(progress) ? running(c, progress, rate) : ended(c, progress));
  const problems = (progress?.problems ?? []).map((problem) => html`<li>${foreign(problem)}</li>`);
  return html`<section class="card scan"><h2>${c.t("inbox.scan.title")}</h2>${now}${problems.length > 0 && html`<ul class="evidence">${problems}</ul>`}${ahead(c, discovery)}</section>`;
}

function buttons(c: PageContext): Html {
  return html`<p class="actions"><button class="primary" formaction="/inbox/approve">${c.t("inbox.approve")}</button> <button formaction="/inbox/ignore">${c.t("inbox.ignore")}</button></p>`;
}

function foundPart(c: PageContext): Html {
  const { stay, pass } = newOnes(c);
  if (stay.length + pass.length === 0)
    return html`<div class="empty"><h2>${c.t("inbox.empty")}</h2><p>${c.t("inbox.empty.text")}</p></div>`;
  const rest = stay.length - mostRows;
  return html`${stay.length > 0 && form(c, "approve", html`${candidateTable(c, stay, c.t.plain("inbox.caption"))}${rest > 0 && html`<p class="rest">${c.t("inbox.rest", { count: rest })}</p>`}${buttons(c)}`)}
${
  pass.length > 0 &&
  html`<details class="passing"><summary>${c.t("inbox.passers", { count: pass.length })}</summary><p class="muted">${c.t("inbox.passers.text")}</p>${form(
    c,
    "approve",
    html`${candidateTable(c, pass, c.t.plain("inbox.passers", { count: pass.length }))}${buttons(c)}`,
  )}${form(c, "ignorepassing", html`<p class="actions"><button>${c.t("inbox.ignoreall")}</button></p>`)}</details>`
}`;
}

function changeLine(c: PageContext, { kind, atMs, name, text, device }: Discovered): Html {
  const known = device && c.view.inventory.device(device);
  const who = known
    ? html`<a href="/devices/${known.id}">${foreign(known.name)}</a>`
    : html`<b>${foreign(name)}</b>`;
  return html`<li>${moment(c, atMs)}<div>${who} · ${c.t(`changed.${kind}`)}${text !== "" && html` <span class="muted">${foreign(text)}</span>`}</div></li>`;
}

function changedPart(c: PageContext): Html {
  const changes = (c.view.discovery?.changes() ?? []).slice(0, mostChanges);
  if (changes.length === 0) return html.none;
  return html`<section class="card"><h2>${c.t("inbox.changed")}</h2><ol class="timeline">${changes.map((change) => changeLine(c, change))}</ol></section>`;
}

function gonePart(c: PageContext): Html {
  const gone = (c.view.discovery?.gone() ?? []).flatMap(({ device, seenMs }) => {
    const known = c.view.inventory.device(device);
    return known
      ? [
          html`<li><a href="/devices/${known.id}">${foreign(known.name)}</a> <span class="muted">${c.t("inbox.lastseen", { time: ago(c, seenMs) })}</span></li>`,
        ]
      : [];
  });
  if (gone.length === 0) return html.none;
  return html`<section class="card"><h2>${c.t("inbox.gone")}</h2><ul class="evidence">${gone}</ul></section>`;
}

function ignoredPart(c: PageContext): Html {
  const ignored = (c.view.discovery?.candidates() ?? [])
    .filter(({ state }) => state === "ignored")
    .slice(0, mostRows);
  if (ignored.length === 0) return html.none;
  const rows = ignored.map(
    ({ id, name, addresses, ignoredBy }) =>
      html`<li><label class="pick"><input type="checkbox" name="pick-${id}" value="1"><span>${foreign(name)} <span class="muted">${foreign(addresses[0] ?? "")}${ignoredBy !== undefined && html` · ${c.t("timeline.by", { who: foreign(ignoredBy) })}`}</span></span></label></li>`,
  );
  return html`<details class="ignored"><summary>${c.t("inbox.ignored", { count: ignored.length })}</summary>${form(c, "restore", html`<ul class="evidence">${rows}</ul><p class="actions"><button>${c.t("inbox.restore")}</button></p>`)}</details>`;
}

type Body = Readonly<Record<string, string>>;

function picked(body: Body): string[] {
  return Object.keys(body).flatMap((name) => (name.startsWith("pick-") ? [name.slice("pick-".length)] : []));
}

/** Does it to each that is ticked; the first that fails is said, the others are done all the same. */
function each(
  c: PageContext,
  body: Body,
  act: (discovery: Discovery, id: string) => string | undefined,
): Outcome {
  const { discovery } = c.view;
  const ids = picked(body);
  if (!discovery || ids.length === 0) return { refused: c.t.plain("inbox.nopick") };
  const made: string[] = [];
  let refused: string | undefined;
  for (const id of ids)
    try {
      const device = act(discovery, id);
      if (device !== undefined) made.push(device);
    } catch (error) {
      // Somebody else decided about it meanwhile.
      if (!(error instanceof ApplianceError)) throw error;
      if (error.code !== "NOT_FOUND") refused ??= error.message;
    }
  if (refused !== undefined) return { refused };
  return { to: made.length === 0 ? "/inbox" : `/inbox?done=${made.slice(0, mostRows).join(".")}` };
}

function kindOf(text: string | undefined): DeviceKind | undefined {
  return deviceKinds.find((kind) => kind === text);
}

function approve(c: PageContext, body: Body): Outcome {
  const by = c.t.plain("incident.local");
  return each(c, body, (discovery, id) => {
    const name = cut((body[`name-${id}`] ?? "").trim(), 60);
    const kind = kindOf(body[`kind-${id}`]);
    return discovery.approve(id, { by, ...(name ? { name } : {}), ...(kind ? { kind } : {}) });
  });
}

function ignorePassing(c: PageContext): Outcome {
  for (const { id } of newOnes(c).pass) c.view.discovery?.ignore(id, c.t.plain("incident.local"));
  return { to: "/inbox" };
}

function scan(c: PageContext): Outcome {
  if (!isUnderWay(c.view.discovery?.progress())) c.view.discovery?.scan();
  return { to: "/inbox" };
}

/** What was found in the network and is not watched: nothing is, until somebody approves it here. */
export const page: Page = {
  name: "inbox",
  path: "/inbox",
  access: "local",
  nav: { text: "nav.inbox", order: 6 },
  parts: {
    title: titlePart,
    scan: scanPart,
    found: foundPart,
    ignored: ignoredPart,
    changed: changedPart,
    gone: gonePart,
  },
  page: (c, parts) => ({
    title: sentence(c),
    state: "ok",
    main: html`${parts.title}${done(c)}${parts.scan}${parts.found}${parts.ignored}<div class="two">${parts.changed}${parts.gone}</div>`,
  }),
  actions: {
    scan,
    approve,
    ignore: (c, body) =>
      each(c, body, (discovery, id) => void discovery.ignore(id, c.t.plain("incident.local"))),
    ignorepassing: ignorePassing,
    restore: (c, body) => each(c, body, (discovery, id) => void discovery.restore(id)),
  },
};
