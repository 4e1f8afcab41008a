import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { RequestHandler } from "express";
import type { Clock } from "../model/time.ts";
import { sendError } from "./errors.ts";

export interface GuardOptions {
  readonly clock: Clock;
  /** Host names of this box, any case. */
  readonly names: readonly string[];
  /** IP addresses of this machine now; asked again at most every 10 s. */
  readonly addresses: () => readonly string[];
}

/** Who may ask what, until accounts exist. One object for API and pages. */
export interface Guard {
  /** Asks from this machine itself, over loopback or the Unix socket, and not through a proxy. */
  isLocal(request: IncomingMessage): boolean;
  /** Whether a Host header names this box (DNS rebinding). */
  isOwnHost(host: string): boolean;
  /** 421 for a foreign Host, 403 for a foreign Origin or a request that a page of another site could have made. */
  readonly sameSite: RequestHandler;
  /** 403 for whoever does not ask from this machine. */
  readonly localOnly: RequestHandler;
}

const namesAsk = 10_000;

/** The host of a Host header or URL authority: lower case, without port, brackets and final dot. */
export function hostOf(authority: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}

/** Loopback by the socket's own address; IPv4 may come mapped into IPv6 (RFC 4291 §2.5.5.2). */
export function isLoopback(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, "");
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

function isLocal(request: IncomingMessage): boolean {
  const { headers, socket } = request;
  // A proxy on this machine speaks for somebody elsewhere.
  if (headers.forwarded ?? headers["x-forwarded-for"] ?? headers["x-real-ip"] ?? headers.via) return false;
  // A Unix socket has no address; its file's permissions say who may connect. A closed TCP socket has none either.
  const { remoteAddress } = socket;
  if (remoteAddress === undefined) return !socket.destroyed && socket.remoteFamily === undefined;
  return isLoopback(remoteAddress);
}

/** Whether a request that changes something can come from one of our pages or from a program, not from another site. */
function isOwnWrite(request: IncomingMessage): boolean {
  const { headers } = request;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  if (headers.origin !== undefined) {
    const origin = URL.canParse(headers.origin) ? new URL(headers.origin).host : undefined;
    return origin !== undefined && origin === headers.host?.toLowerCase();
  }
  // No browser: but an old one could send a form without Origin, so only what no form can send.
  return /^application\/json\b/i.test(headers["content-type"] ?? "");
}

export function createGuard({ clock, names, addresses }: GuardOptions): Guard {
  const own = new Set(["localhost", ...names.map((name) => name.toLowerCase())]);
  let known = new Set<string>();
  let askedMs = Number.NEGATIVE_INFINITY;
  const isOwnAddress = (address: string): boolean => {
    const nowMs = clock.monotonicMs();
    if (nowMs - askedMs > namesAsk) {
      known = new Set(addresses().map((text) => text.toLowerCase()));
      askedMs = nowMs;
    }
    return isLoopback(address) || known.has(address);
  };
  const isOwnHost = (header: string): boolean => {
    const host = hostOf(header);
    if (host === undefined) return false;
    return isIP(host) === 0 ? own.has(host) : isOwnAddress(host);
  };
  return {
    isLocal,
    isOwnHost,
    sameSite(request, response, next) {
      const { host = "", origin } = request.headers;
      if (!isOwnHost(host))
        return sendError(
          response,
          421,
          "FOREIGN_HOST",
          "This box does not go by that name. Use its address, or add the name to web.names.",
        );
      const originHost = origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
      const foreign = originHost !== undefined && !isOwnHost(originHost);
      const unsafe = !["GET", "HEAD", "OPTIONS"].includes(request.method);
      if (foreign || (unsafe && !isOwnWrite(request)))
        return sendError(
          response,
          403,
          "FOREIGN_ORIGIN",
          "Refused: the request comes from another site. Programs send application/json and no Origin.",
        );
      next();
    },
    localOnly(request, response, next) {
      if (isLocal(request)) return next();
      sendError(
        response,
        403,
        "LOCAL_ONLY",
        "Until an account exists this is for the box itself only. Log in to it by SSH and forward the port.",
      );
    },
  };
}
