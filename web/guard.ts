import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import helmet from "helmet";

/** What the browser may load and do on our pages: nothing that is not ours, nothing inline. */
const policy = {
  "default-src": ["'none'"],
  "script-src": ["'self'"],
  "style-src": ["'self'"],
  "img-src": ["'self'", "data:"],
  "connect-src": ["'self'"],
  "font-src": ["'self'"],
  "manifest-src": ["'self'"],
  "worker-src": ["'self'"],
  "form-action": ["'self'"],
  "base-uri": ["'none'"],
  "frame-ancestors": ["'none'"],
};

/** Headers of every page. No HSTS and no upgrade: the box also speaks plain HTTP on the office network. */
export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives: policy },
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
    crossOriginOpenerPolicy: { policy: "same-origin" },
    crossOriginResourcePolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  });
}

/** Knows the browsers that may send forms, by a cookie, and gives each its token. */
export interface Sessions {
  /** The token for the forms of this browser; sets the cookie where there is none. */
  token(request: Request, response: Response): string;
  /** The token of the cookie that came along, without setting one. */
  known(request: Request): string | undefined;
  /** Why a request that changes something is refused; undefined when it may pass. */
  refuse(request: Request, token: unknown): "origin" | "token" | undefined;
}

const cookiePattern = /(?:^|;\s*)(?:__Host-)?porchlight=([A-Za-z0-9_-]{22})(?:;|$)/;

/** Tokens end with the process: a form older than that is asked for again. */
export function createSessions(key = randomBytes(32)): Sessions {
  const tokenOf = (id: string) => createHmac("sha256", key).update(id).digest("base64url");
  const idOf = (request: Request) => cookiePattern.exec(request.headers.cookie ?? "")?.[1];
  return {
    token(request, response) {
      const found = idOf(request);
      if (found) return tokenOf(found);
      const id = randomBytes(16).toString("base64url");
      const name = request.secure ? "__Host-porchlight" : "porchlight";
      response.append(
        "Set-Cookie",
        `${name}=${id}; Path=/; HttpOnly; SameSite=Strict${request.secure ? "; Secure" : ""}`,
      );
      return tokenOf(id);
    },
    known(request) {
      const id = idOf(request);
      return id === undefined ? undefined : tokenOf(id);
    },
    refuse(request, token) {
      if (!isSameOrigin(request)) return "origin";
      const id = idOf(request);
      if (id === undefined || typeof token !== "string") return "token";
      const wanted = Buffer.from(tokenOf(id));
      const given = Buffer.from(token);
      return wanted.length === given.length && timingSafeEqual(wanted, given) ? undefined : "token";
    },
  };
}

/**
 * Whether our own page sent this. Under `Referrer-Policy: no-referrer` a browser sends `Origin: null` with a form
 * (Fetch standard, "append a request Origin header"), so then `Sec-Fetch-Site` must vouch for it.
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  const { origin } = request.headers;
  if (origin === undefined || origin === "null") return site === "same-origin";
  const { host } = request.headers;
  return origin === `${request.protocol}://${host}`;
}
