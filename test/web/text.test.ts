import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { html } from "../../web/html.ts";
import { loadTexts } from "../../web/text.ts";

const web = new URL("../../../web/", import.meta.url);
const entries = JSON.parse(readFileSync(new URL("locales/en.json", web), "utf8")) as Record<string, unknown>;
const texts = loadTexts("en");

t.test("a text takes its values, escaped unless they are markup", async (t) => {
  const text = texts("problem.taken", { who: html`<bdi>Anna</bdi>` });
  t.equal(html`${text}`.text, "<bdi>Anna</bdi> is on it");
  t.equal(html`${texts("problem.taken", { who: "<b>" })}`.text, "&lt;b&gt; is on it");
  t.equal(texts.plain("problem.taken", { who: "<b>" }), "<b> is on it");
});

t.test("the plural form follows the count", async (t) => {
  t.equal(texts.plain("devices.caption", { count: 1 }), "1 device");
  t.equal(texts.plain("devices.caption", { count: 9 }), "9 devices");
});

t.test("every key that a page names has a text", async (t) => {
  const files = readdirSync(web, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  t.ok(files.length > 20, "the sources were found");
  const source = files.map((file) => readFileSync(new URL(file, web), "utf8")).join("\n");
  const named = [...source.matchAll(/\bt(?:\.plain)?\(\s*"([a-z][\w.-]+)"/g)].map((match) => match[1] ?? "");
  t.ok(named.length > 60, "the keys were found");
  t.same(
    named.filter((key) => !(key in entries)),
    [],
  );
});
