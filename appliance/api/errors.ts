import type { ErrorRequestHandler, Response } from "express";
import type { Log } from "../model/contracts.ts";
import { ApplianceError, type ErrorCode, NotifyError } from "../model/errors.ts";

/** Codes of the API besides those of `model/errors.ts`. */
export type ApiErrorCode =
  | ErrorCode
  | "BAD_REQUEST"
  | "TOO_LARGE"
  | "FOREIGN_HOST"
  | "FOREIGN_ORIGIN"
  | "LOCAL_ONLY"
  | "METHOD_NOT_ALLOWED"
  | "CHANNEL_FAILED"
  | "INTERNAL";

/** The one shape of errors: `{error: {code, message}}`. */
export function sendError(response: Response, status: number, code: ApiErrorCode, message: string): void {
  response.status(status).json({ error: { code, message } });
}

/** The request itself is wrong; becomes 400 with this text. */
export class BadRequest extends Error {}

const statuses: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  CONFLICT: 409,
  CONFIG_INVALID: 422,
  STORE_UNAVAILABLE: 503,
};

/** What body-parser and express throw for bad input: an error with a `status` below 500. */
function clientStatus(error: unknown): number | undefined {
  const status: unknown = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}

/** Answers whatever a handler threw; logs only what is our mistake. */
export function errorHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof BadRequest) return sendError(response, 400, "BAD_REQUEST", error.message);
    const status = error instanceof ApplianceError ? statuses[error.code] : undefined;
    if (error instanceof ApplianceError && status !== undefined)
      return sendError(response, status, error.code, error.message);
    if (error instanceof NotifyError) return sendError(response, 502, "CHANNEL_FAILED", error.message);
    const client = clientStatus(error);
    if (client === 413) return sendError(response, 413, "TOO_LARGE", "The body is larger than 64 KB.");
    if (client !== undefined)
      return sendError(response, client, "BAD_REQUEST", "The request cannot be read.");
    log.error("request failed", { method: request.method, path: request.path, error });
    sendError(response, 500, "INTERNAL", "The request failed; the log says why.");
  };
}
