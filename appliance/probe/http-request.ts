import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { TLSSocket } from "node:tls";
import type { Clock } from "../model/time.ts";

/** Of a body only this much is read; the rest is not waited for. */
export const longestBody = 1_000_000;

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Where the answer sends us, absolute; only for redirects. */
  readonly location?: URL;
  readonly certificate?: {
    /** Unix milliseconds. */
    readonly endsMs: number;
    /** Why it cannot be trusted; absent when it can. */
    readonly fault?: string;
  };
}

export interface HttpOptions {
  readonly method: "GET" | "HEAD";
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

function certificateOf(message: IncomingMessage): HttpAnswer["certificate"] {
  if (!(message.socket instanceof TLSSocket)) return undefined;
  const { valid_to: validTo } = message.socket.getPeerCertificate();
  const endsMs = Date.parse(validTo ?? "");
  if (!Number.isFinite(endsMs)) return undefined;
  const { authorized, authorizationError } = message.socket;
  const fault = authorized ? undefined : String(authorizationError ?? "not trusted");
  return fault === undefined ? { endsMs } : { endsMs, fault };
}

function locationOf(message: IncomingMessage, from: URL): URL | undefined {
  const { statusCode = 0, headers } = message;
  if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location) return undefined;
  return URL.canParse(headers.location, from.href) ? new URL(headers.location, from) : undefined;
}

function readBody(message: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const end = () => resolve(Buffer.concat(parts).subarray(0, longestBody).toString("utf8"));
    message.on("data", (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size < longestBody) return;
      end();
      message.destroy();
    });
    message.once("end", end);
    message.once("error", reject);
    message.once("close", end);
  });
}

/**
 * One request without redirects. The certificate is read whatever it is worth; whether it is trusted stands in the answer.
 *
 * @throws the error of the socket; code ETIMEDOUT when the whole answer takes longer than `timeoutMs`
 */
export function fetchOnce(url: URL, { method, timeoutMs, signal, clock }: HttpOptions): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? tlsRequest : plainRequest;
    const sent = request(url, {
      method,
      signal,
      agent: false,
      maxHeaderSize: 32_768,
      rejectUnauthorized: false,
      headers: { "user-agent": "porchlight", accept: "*/*", connection: "close" },
    });
    const timer = clock.timer(
      () => sent.destroy(Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: "ETIMEDOUT" })),
      timeoutMs,
    );
    sent.once("error", reject);
    sent.once("close", () => timer.cancel());
    sent.once("response", (message) => {
      const certificate = certificateOf(message);
      const location = locationOf(message, url);
      readBody(message).then(
        (body) =>
          resolve({
            status: message.statusCode ?? 0,
            body,
            ...(location ? { location } : {}),
            ...(certificate ? { certificate } : {}),
          }),
        reject,
      );
    });
    sent.end();
  });
}
