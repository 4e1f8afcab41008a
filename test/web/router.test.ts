import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import t from "tap";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

const elsewhere = { isLocal: () => false };
const pages = [
  "/",
  "/devices",
  "/devices?q=printer&state=ok&kind=printer&group=Printers&sort=name",
  "/devices?q=nothing-like-that",
  "/devices/switch-1",
  "/devices/switch-1?range=1h&table=chart-ping",
  "/devices/switch-1/ports",
  "/devices/switch-1/sensors?show=temperature:chassis",
  "/devices/switch-1/events",
  "/devices/switch-1/ports/gi7",
  "/devices/climate-1",
  "/devices/service-2",
  "/incidents",
  "/incidents/214",
  "/incidents/210",
  "/inbox",
];

t.test("every page is there, with its sentence as heading and title", async (t) => {
  const url = await serve(t);
  for (const path of pages) {
    const answer = await fetch(url + path);
    const text = await answer.text();
    t.equal(answer.status, 200, path);
    t.equal(text.match(/<h1>/g)?.length, 1, `one h1 on ${path}`);
    t.match(text, /<title>[^<]{5,} · Office Berlin<\/title>/, path);
  }
});

t.test("every page has the strict policy and nothing that it forbids", async (t) => {
  const url = await serve(t);
  for (const path of [...pages, "/nothing"]) {
    const answer = await fetch(url + path);
    const text = await answer.text();
    const policy = answer.headers.get("content-security-policy") ?? "";
    t.match(policy, /default-src 'none';.*script-src 'self';.*frame-ancestors 'none'/, path);
    t.notMatch(policy, /unsafe|nonce|https:|\*/, path);
    t.equal(answer.headers.get("x-content-type-options"), "nosniff");
    t.equal(answer.headers.get("referrer-policy"), "no-referrer");
    t.equal(answer.headers.get("cross-origin-opener-policy"), "same-origin");
    t.notOk(answer.headers.has("strict-transport-security"));
    t.notMatch(
      text,
      /<style|\sstyle=|<script(?![^>]*\ssrc="\/static\/)|\son\w+=|hx-on|javascript:|js:/i,
      path,
    );
  }
});

t.test("from elsewhere only the status page is shown, without addresses, models and serials", async (t) => {
  const url = await serve(t, sampleView(), elsewhere);
  const answer = await fetch(`${url}/`);
  const text = await answer.text();
  t.equal(answer.status, 200);
  t.notMatch(text, /\d+\.\d+\.\d+\.\d+|Cisco|Kyocera|2\.5\.9|DNI2217/);
  t.notMatch(text, /href="\/(devices|incidents)/, "no links to what is refused");
  t.notOk(answer.headers.has("set-cookie"), "no cookie without a form");
  for (const path of pages.slice(1)) {
    const refused = await fetch(url + path);
    const says = await refused.text();
    t.equal(refused.status, 403, path);
    t.match(says, /for the box itself/, path);
    t.match(says, /ssh -L/, "says what to do");
  }
});

t.test("from elsewhere neither parts, streams nor forms of other pages are given", async (t) => {
  const url = await serve(t, sampleView(), elsewhere);
  for (const path of [
    "/f/devices/list",
    "/f/devices/switch-1/head",
    "/f/incidents/214/timeline",
    "/live?page=devices",
  ])
    t.equal((await fetch(url + path)).status, 403, path);
  const post = await fetch(`${url}/incidents/214/acknowledge`, {
    method: "POST",
    body: new URLSearchParams({ by: "x" }),
  });
  t.equal(post.status, 403);
});

t.test("what does not exist is said in words", async (t) => {
  const url = await serve(t);
  for (const path of [
    "/nothing",
    "/devices/nobody",
    "/devices/..%2f",
    "/incidents/999",
    "/incidents/x",
    "/devices/switch-1/ports/none",
    "/static/none.js",
    "/f/nothing",
    "/f/constructor",
    "/live?page=none",
  ]) {
    const answer = await fetch(url + path);
    t.equal(answer.status, 404, path);
    t.match(await answer.text(), /There is no such page/, path);
  }
});

t.test("a part that fails is a readable fragment for those who asked for one", async (t) => {
  const url = await serve(t);
  const answer = await fetch(`${url}/f/incidents/999/timeline`, {
    headers: { "HX-Request-Type": "partial" },
  });
  const text = await answer.text();
  t.equal(answer.status, 404);
  t.match(text, /^<div role="alert"/);
});

t.test("a page that cannot be made says so, and the log says why", async (t) => {
  const errors: unknown[] = [];
  const base = sampleView();
  const view = { ...base, log: { ...base.log, error: (...args: unknown[]) => errors.push(args) } };
  view.status = {
    ...base.status,
    spans: () => {
      throw new Error("broken on purpose");
    },
  };
  const url = await serve(t, view);
  const answer = await fetch(`${url}/devices`);
  t.equal(answer.status, 500);
  const text = await answer.text();
  t.match(text, /could not be made/);
  t.notMatch(text, /on purpose/, "no inner text on the page");
  t.match(JSON.stringify(errors), /on purpose/);
});

t.test("a foreign Host is refused", async (t) => {
  const url = await serve(t, sampleView(), { isOwnHost: (host) => host.startsWith("localhost") });
  const answer = await fetch(`${url}/`);
  t.equal(answer.status, 421);
  t.match(await answer.text(), /does not go by this name/);
});

t.test("a part is not sent again while it is the same", async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const first = await fetch(`${url}/f/problems`);
  const tag = first.headers.get("hx-ptag") ?? "";
  t.match(await first.text(), /^<div id="problems"/);
  t.equal((await fetch(`${url}/f/problems`, { headers: { "HX-PTag": tag } })).status, 304);
  view.incidents.acknowledge(214, "Anna");
  const changed = await fetch(`${url}/f/problems`, { headers: { "HX-PTag": tag } });
  t.equal(changed.status, 200);
  t.match(await changed.text(), /Anna<\/bdi> is on it/);
});

t.test("files are kept for a year under their version, compressed", async (t) => {
  const url = await serve(t);
  const text = await (await fetch(`${url}/`)).text();
  const files = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1] ?? "");
  t.ok(files.length >= 6);
  for (const file of files) {
    const answer = await fetch(url + file, { headers: { "Accept-Encoding": "br" } });
    t.equal(answer.status, 200, file);
    t.match(answer.headers.get("cache-control"), /immutable/);
    t.equal(answer.headers.get("content-encoding"), "br");
    const again = await fetch(url + file, { headers: { "If-None-Match": answer.headers.get("etag") ?? "" } });
    t.equal(again.status, 304);
  }
  t.equal((await fetch(`${url}/static/app.css`)).headers.get("cache-control"), "no-cache");
  for (const path of ["/static/../router.js", "/static/%2e%2e/router.js", "/static/..%2frouter.js"])
    t.equal((await fetch(url + path)).status, 404, path);
});

/** Bytes that a browser fetches for a page, compressed, files included. */
async function weight(url: string, path: string): Promise<number> {
  const text = await (await fetch(url + path)).text();
  const files = new Set(
    [...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1] ?? ""),
  );
  if (text.includes("charts.js"))
    for (const file of ["chart-paint.js", "chart-words.js"]) files.add(`/static/${file}`);
  const { BROTLI_PARAM_QUALITY } = (await import("node:zlib")).constants;
  let bytes = brotliCompressSync(text, { params: { [BROTLI_PARAM_QUALITY]: 4 } }).length;
  for (const file of files) {
    const plain = Buffer.from(await (await fetch(url + file)).arrayBuffer());
    bytes += brotliCompressSync(plain).length;
  }
  return bytes;
}

t.test("pages are small: 45 KB for the status page, 120 KB for any other, 10 KB of style", async (t) => {
  const url = await serve(t);
  for (const path of pages) {
    const bytes = await weight(url, path);
    t.comment(`${path}: ${(bytes / 1_024).toFixed(1)} KB compressed`);
    t.ok(bytes <= (path === "/" ? 45 : 120) * 1_024, path);
  }
  const style = readFileSync(new URL("../../web/static/app.css", import.meta.url));
  t.ok(brotliCompressSync(style).length <= 10 * 1_024);
});

t.test("the theme of the address is drawn by the server", async (t) => {
  const url = await serve(t);
  t.match(await (await fetch(`${url}/?theme=dark`)).text(), /<html lang="en" data-theme="dark">/);
  t.notMatch(await (await fetch(`${url}/?theme=%22x`)).text(), /data-theme/);
});
