import { readdir } from "node:fs/promises";
import { ApplianceError } from "../appliance/model/errors.ts";
import type { Page } from "./page.ts";

/** Every file of the folder exports one `page`; a new file is a new page. Ordered by file name. */
export async function loadPages(folder = new URL("./pages/", import.meta.url)): Promise<Page[]> {
  const files = (await readdir(folder)).filter((file) => /^[a-z-]+\.(?:js|ts)$/.test(file)).sort();
  const pages: Page[] = [];
  for (const file of files) {
    const { page } = (await import(new URL(file, folder).href)) as {
      page?: Page;
    };
    if (typeof page?.page !== "function")
      throw new ApplianceError("PLUGIN_INVALID", `web/pages/${file} does not export a page.`);
    pages.push(page);
  }
  return pages;
}
