import type { StoredDocument } from "../../appliance/model/documents.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { slug } from "../../appliance/model/site.ts";
import { authProtocols, privProtocols } from "../../appliance/model/snmp.ts";
import type { Html } from "../html.ts";
import { cut, foreign, html } from "../html.ts";
import type { Outcome, Page, PageContext } from "../page.ts";

type Body = Readonly<Record<string, string>>;

const kind = "snmpCredential";
const path = "/inbox/access";

function sentence(c: PageContext): string {
  const { settings } = c.view;
  const count = new Set([...settings.fileIds(kind), ...settings.documents(kind).map(({ id }) => id)]).size;
  return count === 0 ? c.t.plain("access.sentence.none") : c.t.plain("access.sentence", { count });
}

function fileRow(c: PageContext, id: string): Html {
  return html`<tr><th scope="row"><bdi>${cut(id, 64)}</bdi></th><td data-label="${c.t.plain("access.kind")}">–</td><td data-label="${c.t.plain("access.remove")}"><span class="muted">${c.t("access.infile")}</span></td></tr>`;
}

function pageRow(c: PageContext, { id, version, body, by, atMs }: StoredDocument): Html {
  const { user } = body;
  const words =
    typeof user === "string" ? c.t("access.user", { user: foreign(user) }) : c.t("access.community");
  return html`<tr><th scope="row"><bdi>${cut(id, 64)}</bdi><br><span class="muted">${c.t("limit.by", { who: cut(by, 40), when: c.words.moment(atMs, c.nowMs) })}</span></th><td data-label="${c.t.plain("access.kind")}">${words}</td><td data-label="${c.t.plain("access.remove")}"><details><summary>${c.t("access.remove")}</summary><form method="post" action="${path}/remove"><input type="hidden" name="csrf" value="${c.csrf ?? ""}"><input type="hidden" name="id" value="${id}"><input type="hidden" name="version" value="${version}"><p>${c.t("access.remove.what")}</p><button>${c.t("access.remove.now")}</button></form></details></td></tr>`;
}

function list(c: PageContext): Html {
  const { settings } = c.view;
  const inFile = settings.fileIds(kind);
  const ofPages = settings.documents(kind).filter(({ id }) => !inFile.includes(id));
  if (inFile.length + ofPages.length === 0) return html.none;
  const head = ["name", "kind", "remove"].map((name) => html`<th scope="col">${c.t(`access.${name}`)}</th>`);
  return html`<table class="list"><caption class="hidden">${c.t("access.title")}</caption><thead><tr>${head}</tr></thead><tbody>${inFile.map((id) => fileRow(c, id))}${ofPages.map((one) => pageRow(c, one))}</tbody></table>`;
}

interface Field {
  readonly name: string;
  readonly isSecret?: true;
  readonly isNeeded?: true;
}

/** What was entered comes back, secrets excepted. */
function input(c: PageContext, { name, isSecret, isNeeded }: Field): Html {
  const value = isSecret ? "" : (c.query[name] ?? "");
  return html`<label>${c.t(`access.field.${name}`)}<input name="${name}"${isSecret && html` type="password" autocomplete="new-password"`} value="${value}" maxlength="200" spellcheck="false"${isNeeded && html` required`}></label>`;
}

function choice(c: PageContext, name: string, protocols: readonly string[], usual: string): Html {
  const chosen = c.query[name] ?? usual;
  return html`<label>${c.t(`access.field.${name}`)}<select name="${name}"><option value="">${c.t("access.none")}</option>${protocols.map((one) => html`<option value="${one}"${one === chosen && html` selected`}>${one.toUpperCase()}</option>`)}</select></label>`;
}

function form(c: PageContext, action: "community" | "user", fields: Html): Html {
  const why = c.query.form === action ? c.refused : undefined;
  return html`<form method="post" action="${path}/${action}" autocomplete="off" id="access-${action}"><h2>${c.t(`access.${action}.title`)}</h2><p class="muted">${c.t(`access.${action}.text`)}</p>${why !== undefined && html`<div role="alert" class="alert">${cut(why, 300)}</div>`}<input type="hidden" name="csrf" value="${c.csrf ?? ""}">${fields}<button class="primary">${c.t("access.save")}</button></form>`;
}

function forms(c: PageContext): Html {
  return html`<div class="forms two">${form(c, "user", html`${input(c, { name: "user", isNeeded: true })}${choice(c, "auth", authProtocols, "sha256")}${input(c, { name: "authkey", isSecret: true })}${choice(c, "priv", privProtocols, "aes")}${input(c, { name: "privkey", isSecret: true })}`)}${form(c, "community", input(c, { name: "community", isSecret: true, isNeeded: true }))}</div>`;
}

/** A name that no other credential has: what it is, with a number where needed. */
function freeId(c: PageContext, wish: string): string {
  const { settings } = c.view;
  const taken = new Set([...settings.fileIds(kind), ...settings.documents(kind).map(({ id }) => id)]);
  const base = slug(wish, 40) || "access";
  for (let count = 1; ; count++) {
    const id = count === 1 ? base : `${base}-${count}`;
    if (!taken.has(id)) return id;
  }
}

/** The file's form of a version 3 user. */
function userBody({
  user = "",
  auth = "",
  authkey = "",
  priv = "",
  privkey = "",
}: Body): Record<string, unknown> {
  return {
    user,
    ...(auth === "" ? {} : { auth: { protocol: auth, key: authkey } }),
    ...(priv === "" || auth === "" ? {} : { priv: { protocol: priv, key: privkey } }),
  };
}

function save(c: PageContext, action: "community" | "user", body: Body): Outcome {
  const wish = action === "user" ? (body.user ?? "") : "community";
  const settings = action === "user" ? userBody(body) : { community: body.community ?? "" };
  try {
    c.view.settings.save(kind, freeId(c, wish), settings, { by: c.t.plain("incident.local"), version: 0 });
    return { to: "/inbox" };
  } catch (error) {
    if (!(error instanceof ApplianceError)) throw error;
    const { user = "", auth = "", priv = "" } = body;
    return { refused: error.message, fields: { form: action, user, auth, priv } };
  }
}

/** SNMP access: a community or a version 3 user, typed once and never shown again. */
export const page: Page = {
  name: "snmp-access",
  path,
  access: "local",
  parts: {},
  page: (c) => ({
    title: sentence(c),
    state: "ok",
    main: html`<nav class="crumbs" aria-label="${c.t.plain("page.where")}"><a href="/inbox">${c.t("nav.inbox")}</a> <span aria-hidden="true">›</span> ${c.t("access.title")}</nav><div class="title"><h1>${sentence(c)}</h1><p class="muted">${c.t("access.text")}</p></div>${list(c)}${forms(c)}`,
  }),
  actions: {
    community: (c, body) => save(c, "community", body),
    user: (c, body) => save(c, "user", body),
    remove(c, body) {
      try {
        const version = Number.parseInt(body.version ?? "0", 10) || 0;
        c.view.settings.remove(kind, (body.id ?? "").slice(0, 64), {
          by: c.t.plain("incident.local"),
          version,
        });
        return { to: path };
      } catch (error) {
        if (error instanceof ApplianceError) return { refused: error.message };
        throw error;
      }
    },
  },
};
