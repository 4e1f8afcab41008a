import t from "tap";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { browserFor, drawn } from "../helpers/chromium.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { serve } from "../helpers/sample-serve.ts";
import { servePages } from "../helpers/sample-server.ts";
import { sampleView } from "../helpers/sample-view.ts";
import { without } from "../helpers/servers.ts";

const skip = without("chromium");
const { open, newPage } = browserFor(t);

t.test("without JavaScript one reads, follows, acknowledges and notes", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { page } = await open(`${url}/`, { javaScriptEnabled: false });
  t.match(await page.textContent("h1"), "6 devices on Switch 2 cannot be reached");
  await page.click("text=Switch 2 does not answer.");
  t.equal(page.url(), `${url}/incidents/214`);
  await page.fill("#form-acknowledge [name=by]", "Anna");
  await page.click("text=Acknowledge");
  t.match(await page.textContent(".who"), "Anna is on it");
  await page.fill("#form-note [name=text]", "Power supply replaced");
  await page.click("text=Save note");
  t.match(await page.textContent("#timeline"), "Power supply replaced");
  await page.goto(`${url}/devices`);
  await page.fill("[name=q]", "printer");
  await page.click("text=Show");
  t.match(page.url(), "q=printer");
  t.equal(await page.locator("tbody tr").count(), 3);
  await page.goto(`${url}/devices/switch-1`);
  t.ok(await page.locator(".drawing path").count(), "the charts are drawn by the server");
  await page.click("text=Show as table >> nth=0");
  await page.click("text=Open the figures >> nth=0");
  t.ok((await page.locator(".figures tbody tr").count()) > 50, "and their figures are a table");
});

t.test("with JavaScript acknowledging keeps the page, and the timeline follows", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { page, complaints } = await open(`${url}/incidents/214`);
  await drawn(page);
  await page.evaluate(`document.body.setAttribute("data-same", "")`);
  await page.fill("#form-note [name=text]", "half a sen");
  await page.fill("#form-acknowledge [name=by]", "Anna");
  await page.click("text=Acknowledge");
  await page.waitForSelector("text=Anna is on it");
  t.equal(await page.locator("body[data-same]").count(), 1, "no reload");
  t.equal(await page.locator("[data-chart] canvas").count(), 1, "the chart stays");
  t.equal(await page.inputValue("#form-note [name=text]"), "half a sen", "what is being written stays");
  t.same(complaints, []);
});

t.test("a new state shows without a reload, and open things stay open", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view, { live: { heartbeatMs: 200, gapMs: 50 } });
  const { page, complaints } = await open(`${url}/`);
  await page.waitForSelector("#asof[data-now=live]");
  await page.click("text=What now?");
  await page.focus("#to-213");
  view.set("nas-1", "down");
  view.incidents.acknowledge(214, "Anna");
  // The fake clock stands still: moving it sends what waits.
  await (view.clock as FakeClock).advance(2_000);
  await page.waitForSelector("text=Anna is on it");
  await page.waitForSelector(".tile.is-down:has-text('Storage')");
  t.ok(await page.locator("#now[open]").count(), "the help is still open");
  t.equal(await page.evaluate("document.activeElement?.id"), "to-213", "the focus stayed");
  t.same(complaints, []);
});

t.test(
  "a page whose server is gone goes stale without any green, and comes back by itself",
  { skip },
  async (t) => {
    const view = sampleView({ story: "good" });
    let server = await servePages(view, { live: { heartbeatMs: 1_000 } });
    const port = Number(new URL(server.url).port);
    t.teardown(() => server.close());
    const page = await newPage();
    await page.clock.install();
    await page.goto(`${server.url}/`);
    await page.waitForSelector("#asof[data-now=live]");
    t.equal(await page.textContent(".headline .word, .tile .word"), "OK");
    await server.close();
    await page.clock.runFor(60_000);
    await page.waitForSelector("body[data-stale]");
    t.match(await page.textContent("#stale"), /has not heard from the box since 11:00:2\d/);
    t.ok(await page.isVisible("#stale"));
    const seen = (await page.evaluate(`(() => {
    const green = getComputedStyle(document.documentElement).getPropertyValue("--ok").trim();
    const parts = [1, 3, 5].map((at) => Number.parseInt(green.slice(at, at + 2), 16));
    const forbidden = "rgb(" + parts.join(", ") + ")";
    const greens = [...document.querySelectorAll("main *")].filter((element) => {
      const { color, fill, backgroundColor, stroke } = getComputedStyle(element);
      return [color, fill, backgroundColor, stroke].includes(forbidden);
    });
    return {
      green: forbidden,
      greens: greens.length,
      words: [...document.querySelectorAll("main [data-state] .word")].map((word) => word.textContent),
      icon: document.querySelector("#icon").href,
      shapes: [...document.querySelectorAll("main .shape use")].map((use) => use.getAttribute("href")),
    };
  })()`)) as { green: string; greens: number; words: string[]; icon: string; shapes: string[] };
    t.equal(seen.green, "rgb(10, 110, 74)", "the green that is looked for");
    t.equal(seen.greens, 0, "no green is left");
    t.notOk(seen.words.includes("OK"));
    t.notOk(seen.shapes.includes("#s-ok"), "no shape of a known state is left");
    t.match(seen.icon, "icon-unknown");
    server = await servePages(view, { live: { heartbeatMs: 1_000 } }, port);
    await page.clock.runFor(70_000);
    await page.waitForSelector("#asof[data-now=live]");
    t.equal(await page.locator("body[data-stale]").count(), 0);
    t.equal(await page.textContent(".tile .word"), "OK");
    t.notMatch(await page.title(), /^\?/);
    await page.close();
  },
);

t.test("when there are too many streams the page polls instead", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view, { live: { maxStreams: 0 } });
  const page = await newPage();
  await page.clock.install();
  await page.goto(`${url}/`);
  await page.waitForSelector("[data-htmx-powered]", { state: "attached" });
  view.set("nas-1", "down");
  await page.clock.runFor(31_000);
  await page.waitForSelector(".tile.is-down:has-text('Storage')");
  t.equal(await page.getAttribute("#asof", "data-now"), "polling");
  t.equal(await page.locator("body[data-stale]").count(), 0);
  await page.close();
});

t.test("a chart is read with the keyboard, and as a table", { skip }, async (t) => {
  const url = await serve(t);
  const { page } = await open(`${url}/devices/switch-1`);
  await drawn(page);
  await page.focus("#chart-ping .plot");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  t.match(await page.textContent("#chart-ping .readout"), /\d+ Mar \d\d:\d\dMedian [\d.]+\u00A0ms/);
  await page.click("#chart-ping summary");
  await page.waitForSelector("#chart-ping .figures tbody tr");
  const rows = await page.locator("#chart-ping .figures tbody tr").count();
  t.ok(rows > 50 && rows <= 200);
  t.match(
    await page.getAttribute("#chart-ping .plot", "aria-label"),
    /^Reply time of Switch 1: Usually 1\.\d\sms/,
  );
});

t.test("the search narrows the list as one types and keeps the address", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { page } = await open(`${url}/devices`);
  await page.waitForSelector("[data-htmx-powered]", { state: "attached" });
  await page.type("[name=q]", "printer");
  await page.waitForSelector("tbody:not(:has(tr:nth-child(4))):has(tr:nth-child(3))");
  t.match(page.url(), /\?q=printer$/);
  view.set("printer-1", "down");
  await (view.clock as FakeClock).advance(2_000);
  await page.waitForSelector("#row-printer-1 .is-down");
  t.equal(await page.locator("tbody tr").count(), 3, "what changes later keeps to the filter");
  t.equal(await page.inputValue("[name=q]"), "printer");
});

t.test("without JavaScript a limit is tried, set, changed and removed", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { page } = await open(`${url}/telemetry`, { javaScriptEnabled: false });
  await page.click("#row-climate-3 a.reading >> nth=0");
  t.match(await page.textContent("h1"), /Temperature of .*-1/);
  const form = "#limit-over";
  await page.fill(`${form} [name=value]`, "-15");
  await page.click(`${form} >> text=Try`);
  t.match(await page.textContent(`${form} .tried`), /would have fired 2 times since/);
  t.same(view.settings.documents("rule"), [], "trying keeps nothing");
  t.equal(await page.inputValue(`${form} [name=value]`), "-15", "the form is as it was");
  await page.click(`${form} >> text=Set this limit`);
  const [rule] = view.settings.documents("rule");
  t.match(rule?.body, {
    check: "threshold",
    metric: "temperature",
    where: { device: "climate-3" },
    over: -15,
    for: "5m",
  });
  await page.fill(`${form} [name=value]`, "-12");
  await page.click(`${form} >> text=Change this limit`);
  t.match(view.settings.documents("rule"), [{ version: 2, body: { over: -12 } }]);
  await page.click(`${form} >> text=Remove`);
  t.same(view.settings.documents("rule"), []);
});

t.test("a form that is refused comes back filled in, with the reason", { skip }, async (t) => {
  const view = sampleView();
  const refusing = {
    ...view,
    settings: {
      ...view.settings,
      save: () => {
        throw new ApplianceError("CONFIG_INVALID", "clear: expected clear on the good side of the limit");
      },
    },
  };
  const url = await serve(t, refusing);
  const { page } = await open(`${url}/devices/climate-3/sensors/temperature`);
  await page.fill("#limit-over [name=value]", "5");
  await page.fill("#limit-over [name=clear]", "9");
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.click("#limit-over >> text=Set this limit"),
  ]);
  t.equal(answer.status(), 422);
  t.match(await page.textContent("#limit-over [role=alert]"), "on the good side");
  t.equal(await page.inputValue("#limit-over [name=clear]"), "9");
});

t.test(
  "a field is tried on the last message and saved; the device is named and approved",
  { skip },
  async (t) => {
    const view = sampleView();
    const url = await serve(t, view);
    const { page } = await open(`${url}/devices/climate-1/messages`, { javaScriptEnabled: false });
    t.match(await page.textContent("pre"), '"temperature": 22.9');
    await page.selectOption("[name=path]", "probe.value");
    await page.fill("[name=metric]", "co2");
    await page.fill("[name=unit]", "ppm");
    await page.click('#map button:has-text("Try")');
    t.match(await page.textContent(".tried"), /612\sppm/);
    await page.click("#map >> text=Save");
    t.match(view.settings.documents("mapping"), [
      { body: { topic: "site/climate-1/climate", path: "probe.value", metric: "co2", unit: "ppm" } },
    ]);
    t.match(await page.textContent("main"), "Saved fields");
    await page.click("text=Remove");
    t.same(view.settings.documents("mapping"), []);
    await page.click("nav >> text=Settings");
    await page.fill("[name=room]", "Cellar");
    await page.click("main >> text=Save");
    t.match(view.settings.documents("device"), [
      { id: "climate-1", body: { room: "Cellar", kind: "sensor" } },
    ]);
  },
);

t.test("SNMP access is typed once: a community, a user; the keys are on no page", { skip }, async (t) => {
  const view = sampleView();
  const url = await serve(t, view);
  const { page } = await open(`${url}/inbox/access`, { javaScriptEnabled: false });
  t.match(await page.textContent("h1"), "no SNMP access");
  await page.fill("#access-community [name=community]", "s3cret-community");
  await page.click("#access-community >> text=Keep it");
  t.equal(page.url(), `${url}/inbox`);
  await page.goto(`${url}/inbox/access`);
  await page.fill("[name=user]", "Monitor");
  await page.fill("[name=authkey]", "s3cret-auth");
  await page.fill("[name=privkey]", "s3cret-priv");
  await page.selectOption("[name=priv]", "aes256b");
  await page.click("#access-user >> text=Keep it");
  t.match(view.settings.documents("snmpCredential"), [
    { id: "community", body: { community: "s3cret-community" } },
    {
      id: "monitor",
      body: {
        user: "Monitor",
        auth: { protocol: "sha256", key: "s3cret-auth" },
        priv: { protocol: "aes256b", key: "s3cret-priv" },
      },
    },
  ]);
  await page.goto(`${url}/inbox/access`);
  t.match(await page.textContent("h1"), "2 ways");
  t.notMatch(await page.content(), "s3cret");
  await page.click("tr:has-text('community (versions') summary");
  await page.click("tr:has-text('community (versions') button");
  t.match(view.settings.documents("snmpCredential"), [{ id: "monitor" }]);
});
