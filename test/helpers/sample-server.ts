import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import type { Step, View } from "../../appliance/model/contracts.ts";
import type { SeriesId } from "../../appliance/model/site.ts";
import type { WebOptions } from "../../web/router.ts";
import { createWeb } from "../../web/router.ts";

export interface PageServer {
  readonly url: string;
  /** Ends the streams and every connection. */
  close(): Promise<void>;
}

/** `columns` of one series as the API gives them. */
async function columnsOf(view: View, id: string, fromMs: number, toMs: number, step: Step) {
  const { timesMs, min, avg, max } = await view.store.query(id as SeriesId, { fromMs, toMs }, step);
  const list = (column: Float64Array) =>
    Array.from(column, (value) => (Number.isFinite(value) ? value : null));
  return {
    id,
    unit: view.series.find(id as SeriesId)?.unit ?? "",
    columns: [Array.from(timesMs, (ms) => ms / 1_000), list(min), list(avg), list(max)],
  };
}

/** The pages of a view on a free loopback port, with a small stand-in for the API that the charts ask. */
export async function servePages(
  view: View,
  options: Partial<WebOptions> = {},
  port = 0,
): Promise<PageServer> {
  const web = await createWeb(view, { isLocal: () => true, ...options });
  const app = express();
  app.disable("x-powered-by");
  app.get("/api/v1/series", async (request, response) => {
    const ids = [request.query.s ?? []].flat().map(String);
    const [from, to] = [String(request.query.from), String(request.query.to)].map((text) => Date.parse(text));
    const step = /^\d+m$/.test(String(request.query.step))
      ? Number.parseInt(String(request.query.step), 10) * 60_000
      : "auto";
    response.json({
      series: await Promise.all(ids.map((id) => columnsOf(view, id, from ?? 0, to ?? 0, step))),
    });
  });
  app.use(web.router);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        web.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
