import { isIP } from "node:net";
import { z } from "zod";
import { isHost } from "./fields.ts";

/** A listening address `HOST:PORT`, `[::1]:8080` or `:8080` for all addresses; or `unix:/path/to/socket`. */
export function listenAddress() {
  const message = `expected HOST:PORT, ":PORT" for all addresses, or unix:/path/to/socket`;
  return z
    .string({ error: message })
    .refine((text) => parseListen(text) !== undefined, { error: message })
    .meta({ field: "listen" });
}

export type Listen =
  | { readonly kind: "tcp"; readonly host?: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Takes a listening address apart; port 0 lets the system choose. Undefined when it is none. */
export function parseListen(text: string): Listen | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path.startsWith("/") ? { kind: "unix", path } : undefined;
  }
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const portNumber = Number(match[3]);
  const hostText = match[1] ?? match[2] ?? "";
  if (portNumber > 65_535) return undefined;
  if (match[1] !== undefined && isIP(match[1]) !== 6) return undefined;
  if (hostText === "" || hostText === "*") return { kind: "tcp", port: portNumber };
  return isHost(hostText) ? { kind: "tcp", host: hostText, port: portNumber } : undefined;
}
