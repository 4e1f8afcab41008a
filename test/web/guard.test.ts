import t from "tap";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

async function formOf(url: string) {
  const answer = await fetch(`${url}/incidents/214`);
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const csrf = /name="csrf" value="([^"]+)"/.exec(await answer.text())?.[1] ?? "";
  return { cookie, csrf, flags: answer.headers.get("set-cookie") ?? "" };
}

function post(url: string, headers: Record<string, string>, fields: Record<string, string>) {
  return fetch(`${url}/incidents/214/acknowledge`, {
    method: "POST",
    redirect: "manual",
    headers,
    body: new URLSearchParams(fields),
  });
}

t.test("a form of our own page acknowledges and leads back", async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { cookie, csrf, flags } = await formOf(url);
  t.match(flags, /HttpOnly; SameSite=Strict/);
  const answer = await post(url, { cookie, origin: url }, { csrf, by: "Anna", note: "On my way" });
  t.equal(answer.status, 303);
  t.equal(answer.headers.get("location"), "/incidents/214");
  t.match(view.incidents.get(214)?.acknowledged, { by: "Anna", note: "On my way" });
  const text = await (await fetch(`${url}/incidents/214`)).text();
  t.match(text, /Anna<\/bdi> is on it/);
  t.match(text, /On my way/);
});

t.test("no form of another site, and none without its token, changes anything", async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { cookie, csrf } = await formOf(url);
  const own = await formOf(url);
  const cases: [string, Record<string, string>, Record<string, string>][] = [
    ["another origin", { cookie, origin: "http://evil.example" }, { csrf }],
    ["null origin without proof", { cookie, origin: "null" }, { csrf }],
    ["no origin and no proof", { cookie }, { csrf }],
    ["cross-site", { cookie, origin: url, "sec-fetch-site": "cross-site" }, { csrf }],
    ["same-site", { cookie, origin: url, "sec-fetch-site": "same-site" }, { csrf }],
    ["none", { cookie, origin: url, "sec-fetch-site": "none" }, { csrf }],
    ["another port", { cookie, origin: `${url}1` }, { csrf }],
    ["another scheme", { cookie, origin: url.replace("http:", "https:") }, { csrf }],
    ["no token", { cookie, origin: url }, {}],
    ["empty token", { cookie, origin: url }, { csrf: "" }],
    ["wrong token", { cookie, origin: url }, { csrf: `${csrf.slice(0, -2)}xx` }],
    ["token of another session", { cookie: own.cookie, origin: url }, { csrf }],
    ["no cookie", { origin: url }, { csrf }],
    ["cookie of another shape", { cookie: "porchlight=x", origin: url }, { csrf }],
    ["only HX-Request", { cookie, origin: "http://evil.example", "hx-request": "true" }, { csrf }],
  ];
  for (const [name, headers, fields] of cases) {
    const answer = await post(url, headers, fields);
    t.equal(answer.status, 403, name);
  }
  t.notOk(view.incidents.get(214)?.acknowledged);
  const proven = await post(url, { cookie, origin: "null", "sec-fetch-site": "same-origin" }, { csrf });
  t.equal(proven.status, 303, "a browser under no-referrer");
});

t.test("an empty note and a closed incident are refused with the reason", async (t) => {
  const url = await serve(t);
  const { cookie, csrf } = await formOf(url);
  const send = (path: string, fields: Record<string, string>) =>
    fetch(url + path, {
      method: "POST",
      redirect: "manual",
      headers: { cookie, origin: url },
      body: new URLSearchParams({ csrf, ...fields }),
    });
  const empty = await send("/incidents/214/note", { text: "  " });
  t.equal(empty.status, 422);
  t.match(await empty.text(), /note is empty/);
  t.equal((await send("/incidents/210/acknowledge", {})).status, 422);
  t.equal((await send("/incidents/999/acknowledge", {})).status, 404);
  t.equal((await send("/incidents/214/note", { text: "x".repeat(70_000) })).status, 413);
});

t.test("poll now is there only where the box offers it", async (t) => {
  const polled: string[] = [];
  const plain = await serve(t);
  t.notMatch(await (await fetch(`${plain}/devices/switch-1`)).text(), /Poll now/);
  const view = { ...sampleView(), actions: { pollNow: async (id: string) => void polled.push(id) } };
  const url = await serve(t, view);
  const page = await fetch(`${url}/devices/switch-1`);
  const cookie = (page.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
  const answer = await fetch(`${url}/devices/switch-1/poll`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie, origin: url },
    body: new URLSearchParams({ csrf }),
  });
  t.equal(answer.status, 303);
  t.same(polled, ["switch-1"]);
});
