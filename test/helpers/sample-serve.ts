import type { Test } from "tap";
import type { WebOptions } from "../../web/router.ts";
import { servePages } from "./sample-server.ts";
import type { SampleView } from "./sample-view.ts";
import { sampleView } from "./sample-view.ts";

/** The pages of a view for one test; closed with it. */
export async function serve(t: Test, view: SampleView = sampleView(), options: Partial<WebOptions> = {}) {
  const server = await servePages(view, options);
  t.teardown(() => server.close());
  return server.url;
}
