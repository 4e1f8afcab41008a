import { readdirSync, readFileSync } from "node:fs";
import t from "tap";
import { cut, foreign, html } from "../../web/html.ts";

t.test("text and quoted attributes are escaped", async (t) => {
  const evil = `"><script>alert('1')</script>\`&`;
  t.equal(
    html`<a title="${evil}">${evil}</a>`.text,
    '<a title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#96;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#96;&amp;</a>',
  );
});

t.test("markup made here stays markup, also in lists", async (t) => {
  const items = ["a", "<b>"].map((text) => html`<li>${text}</li>`);
  t.equal(html`<ul>${items}</ul>`.text, "<ul><li>a</li><li>&lt;b&gt;</li></ul>");
});

t.test("nothing is left by false, null and undefined; zero stays", async (t) => {
  t.equal(html`[${false}${null}${undefined}${0}${""}]`.text, "[0]");
});

t.test("an object that only looks like markup is not taken for it", async (t) => {
  const forged = JSON.parse('{"text":"<script>"}');
  t.not(html`${forged}`.text.includes("<script>"), true);
});

t.test("a text of a device is cut at 200 characters, not within one", async (t) => {
  const long = "😀".repeat(5_000);
  t.equal(Array.from(cut(long)).length, 200);
  t.ok(cut(long).endsWith("…"));
  t.equal(cut("short"), "short");
});

t.test("control characters and half pairs do not reach the page", async (t) => {
  t.equal(cut("a\u0000b\r\nc\u001b[31m"), "a b c [31m");
  t.equal(cut("a\uD800b"), "a\uFFFDb");
});

t.test("a foreign name is kept from turning the text around it", async (t) => {
  t.equal(foreign("\u202Eevil").text, "<bdi>\u202Eevil</bdi>");
});

t.test("nothing but the template makes markup", async (t) => {
  const web = new URL("../../../web/", import.meta.url);
  const files = readdirSync(web, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.(ts|js)$/.test(file),
  );
  const makers = files.filter((file) =>
    /new Html\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write/.test(
      readFileSync(new URL(file, web), "utf8"),
    ),
  );
  t.ok(files.length > 20, "the sources were found");
  t.same(makers, ["html.ts"]);
});
