import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import t from "tap";
import { browserFor, drawn } from "../helpers/chromium.ts";
import { naughtyView } from "../helpers/naughty-view.ts";
import { serve } from "../helpers/sample-serve.ts";
import { without } from "../helpers/servers.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const paths = [
  "/",
  "/devices",
  "/devices?q=nothing-like-that",
  "/devices/switch-1",
  "/devices/switch-1/ports",
  "/devices/printer-2/sensors",
  "/devices/switch-1/events",
  "/devices/switch-1/ports/gi7",
  "/inbox/access",
  "/telemetry",
  "/telemetry?view=tiles",
  "/telemetry?room=nowhere",
  "/devices/climate-1/sensors/temperature",
  "/devices/climate-1/sensors/temperature?side=over&value=27&for=10m&clear=26&severity=critical",
  "/devices/climate-1/messages?topic=site/climate-1/climate&path=probe.value&metric=co2&unit=ppm",
  "/devices/climate-1/settings",
  "/incidents",
  "/incidents/214",
  "/incidents/210",
  "/inbox",
  "/nothing",
];
const skip = without("chromium");
const { open } = browserFor(t);

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** What axe finds, a line each. It goes in by the debugger, so the page's policy stays as it is. */
async function audit(page: Page): Promise<string[]> {
  await page.evaluate(`${axe}; undefined`);
  const findings = (await page.evaluate("axe.run().then(({ violations }) => violations)")) as Finding[];
  return findings.map(
    ({ id, impact, nodes }) =>
      `${impact} ${id}: ${nodes
        .slice(0, 3)
        .map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`)
        .join(" | ")}`,
  );
}

for (const colorScheme of ["light", "dark"] as const)
  t.test(`no page has a finding of axe or breaks the policy (${colorScheme})`, { skip }, async (t) => {
    const url = await serve(t);
    for (const path of paths) {
      const { page, complaints } = await open(url + path, { colorScheme });
      await drawn(page);
      const findings = await audit(page);
      t.same(findings, [], `findings on ${path}`);
      t.same(complaints, [], `complaints on ${path}`);
      await page.close();
    }
  });

t.test("no page scrolls sideways at 320 and 360 pixels", { skip }, async (t) => {
  const url = await serve(t);
  for (const path of paths) {
    const { page } = await open(url + path, { viewport: { width: 320, height: 700 } });
    await drawn(page);
    for (const width of [320, 360]) {
      await page.setViewportSize({ width, height: 700 });
      const beyond = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
      t.equal(beyond, 0, `${path} at ${width}`);
    }
    await page.close();
  }
});

t.test("hostile names run nothing and ask for nothing", { skip }, async (t) => {
  const view = naughtyView();
  const url = await serve(t, view);
  const ids = view.inventory.devices().map(({ id }) => id);
  for (const path of ["/", "/devices", ...ids.map((id) => `/devices/${id}`)]) {
    const { page, complaints } = await open(url + path);
    page.on("dialog", (dialog) => complaints.push(dialog.message()));
    await page.waitForSelector("#asof[data-now=live]");
    t.same(complaints, [], path);
    await page.close();
  }
});
