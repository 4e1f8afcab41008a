import { request as httpRequest } from "node:http";
import express from "express";
import type { Test } from "tap";
import { createGuard } from "../../appliance/api/guard.ts";
import { createApi } from "../../appliance/api/router.ts";
import { serve } from "../../appliance/api/server.ts";
import type { View } from "../../appliance/model/contracts.ts";
import { sampleView } from "./sample-view.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field.
  readonly json: any;
}

/** Serves the API over a made-up office on a loopback port of its own. */
export async function startApi(t: Test, change: Partial<View> = {}) {
  const view: View = { ...sampleView({ story: "switch" }), ...change };
  const guard = createGuard({ clock: view.clock, names: ["porch.lan"], addresses: () => ["192.0.2.7"] });
  const app = express().disable("x-powered-by");
  app.use(createApi(view, guard));
  const server = await serve(app, [{ kind: "tcp", host: "127.0.0.1", port: 0 }], {
    counters: view.counters,
  });
  t.teardown(() => server.close(0));
  const [at] = server.at;
  const port = at?.kind === "tcp" ? at.port : 0;
  const ask = (
    path: string,
    { method = "GET", headers = {}, body = "" }: { method?: string; headers?: object; body?: string } = {},
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const request = httpRequest(
        { port, host: "127.0.0.1", path, method, headers: { ...headers }, agent: false },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: text.startsWith("{") ? JSON.parse(text) : undefined,
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });
  const post = (path: string, body: unknown, headers: object = {}) =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { ask, post, view };
}
