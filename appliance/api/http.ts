import express, { type Express, type Router } from "express";

/** The whole of what is served: the API first, then the pages, which answer everything that is left. */
export function createHttp(api: Router, pages: Router): Express {
  const app = express();
  app.disable("x-powered-by");
  // Nobody in front of us is believed: who asks is who connects.
  app.set("trust proxy", false);
  app.set("query parser", "simple");
  app.use(api);
  app.use(pages);
  return app;
}
