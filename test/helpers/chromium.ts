import { existsSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";
import type { Test } from "tap";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where this machine has its browser; undefined when it has none. */
function chromiumPath(): string | undefined {
  return places.find((place) => existsSync(place));
}

/** A browser that asks nobody but the pages under test. Close it in a teardown. */
async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error("chromium is not installed (Debian: apt-get install chromium)");
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

/** A page and what the browser complained about: its policy, scripts, addresses beyond the server. */
interface OpenPage {
  readonly page: Page;
  readonly complaints: string[];
}

/** Opens a page and keeps what the browser complained about: policy, scripts, addresses beyond the server. */
async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser["newPage"]>[0] = {},
): Promise<OpenPage> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  const origin = new URL(url).origin;
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4|5)\d\d/.test(message.text()))
      complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) complaints.push(request.url());
  });
  await page.goto(url);
  return { page, complaints };
}

/** Every chart of the page has its canvas. */
export const drawn = (page: Page) =>
  page.waitForSelector("main:not(:has([data-chart]:not(:has(canvas))))", { state: "attached" });

type PageOptions = Parameters<Browser["newPage"]>[0];

/** One browser for all tests of a file, begun before the first and ended after the last; none where there is no chromium. */
export function browserFor(t: Test) {
  let browser: Browser | undefined;
  const it = () => {
    if (!browser) throw new Error("The browser has not been started.");
    return browser;
  };
  t.before(async () => {
    if (chromiumPath()) browser = await startChromium();
  });
  t.teardown(() => browser?.close());
  return {
    newPage: (options?: PageOptions) => it().newPage(options),
    open: (url: string, options?: PageOptions) => openPage(it(), url, options),
  };
}
