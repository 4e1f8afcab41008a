import express, { type RequestHandler, type Router } from "express";
import helmet from "helmet";
import type { View } from "../model/contracts.ts";
import { candidateOperations } from "./candidates.ts";
import { credentialOperations } from "./credentials.ts";
import { deviceOperations } from "./devices.ts";
import { errorHandler, sendError } from "./errors.ts";
import type { Guard } from "./guard.ts";
import { incidentOperations } from "./incidents.ts";
import { linkOperations } from "./links.ts";
import { metricsText } from "./metrics.ts";
import { notifyOperations } from "./notify.ts";
import { openapi } from "./openapi.ts";
import { iso, mount } from "./operation.ts";
import { ruleOperations } from "./rules.ts";
import { seriesOperations } from "./series.ts";
import { telemetryOperations } from "./telemetry.ts";

const bodyLimit = "64kb";

/** Answers are data: nothing in them may be run, framed or guessed at. No HSTS: the box speaks plain HTTP too. */
function dataHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { "default-src": ["'none'"], "frame-ancestors": ["'none'"] },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
  });
}

const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "no-store");
  next();
};

/** 200 or 503; what is wrong and its remedy only for who asks from this machine. */
function healthz(view: View, guard: Guard): RequestHandler {
  return (request, response) => {
    const { ok, problems } = view.health.check();
    response.status(ok ? 200 : 503);
    if (!guard.isLocal(request)) return void response.json({ ok });
    response.json({
      ok,
      version: view.version,
      uptimeSeconds: Math.round((view.clock.nowMs() - view.startedMs) / 1_000),
      problems: problems.map(({ part, what, remedy, sinceMs }) => ({
        part,
        what,
        remedy,
        since: iso(sinceMs),
      })),
    });
  };
}

/**
 * The JSON API, `/metrics` and `/healthz`, to be mounted at `/` before the pages. Until an account exists all but
 * `/healthz` is for requests from this machine.
 */
export function createApi(view: View, guard: Guard): Router {
  const operations = [
    ...deviceOperations(view),
    ...linkOperations(view),
    ...incidentOperations(view),
    ...seriesOperations(view),
    ...notifyOperations(view),
    ...candidateOperations(view),
    ...credentialOperations(view),
    ...ruleOperations(view),
    ...telemetryOperations(view),
  ];
  const document = openapi(operations, view.version);

  const v1 = express.Router();
  v1.use(guard.localOnly, express.json({ limit: bodyLimit, strict: true }));
  for (const operation of operations) mount(v1, operation);
  v1.get("/openapi.json", (_request, response) => void response.json(document));

  const router = express.Router();
  const own = [dataHeaders(), noStore, guard.sameSite];
  router.use("/api/v1", ...own, v1);
  router.use("/api", ...own, guard.localOnly, (request, response) =>
    sendError(response, 404, "NOT_FOUND", `There is no ${request.method} ${request.baseUrl}${request.path}.`),
  );
  router.get("/healthz", ...own, healthz(view, guard));
  router.get("/metrics", ...own, guard.localOnly, (_request, response) => {
    response.type("text/plain; version=0.0.4; charset=utf-8").send(metricsText(view));
  });
  router.use(["/api", "/healthz", "/metrics"], errorHandler(view.log));
  return router;
}
