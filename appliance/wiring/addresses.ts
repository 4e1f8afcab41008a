import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { ListenAt } from "../api/server.ts";
import { parseListen } from "../config/listen.ts";
import type { Config } from "../config/schema.ts";
import { ApplianceError } from "../model/errors.ts";

/** The IP addresses of this machine now, without zones. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address.replace(/%.*$/, ""));
}

/** Domains that the system adds to short names. */
function searchDomains(): string[] {
  try {
    const lines = readFileSync("/etc/resolv.conf", "utf8").split("\n");
    return lines.flatMap((line) => /^(?:search|domain)\s+(.*)$/.exec(line)?.[1]?.trim().split(/\s+/) ?? []);
  } catch {
    return []; // No such file: then there are none.
  }
}

/** Host names under which this box may be opened. */
export function ownNames({ site, web }: Pick<Config, "site" | "web">): string[] {
  const short = hostname().split(".")[0] ?? hostname();
  return [
    hostname(),
    short,
    `${short}.local`,
    ...searchDomains().map((domain) => `${short}.${domain}`),
    ...(site.url === undefined ? [] : [new URL(site.url).hostname]),
    ...web.names,
  ];
}

/** Where to listen: `--http` wins over `web.listen`. Throws USAGE. */
export function listenAddresses(config: Pick<Config, "web">, http: string | undefined): ListenAt[] {
  return (http === undefined ? config.web.listen : [http]).map((text) => {
    const at = parseListen(text);
    if (at) return at;
    throw new ApplianceError(
      "USAGE",
      `--http takes HOST:PORT, :PORT or unix:/path/to/socket, not "${text}". --help lists what there is.`,
    );
  });
}

const urlOf = (host: string, port: number) =>
  `http://${host.includes(":") ? `[${host}]` : host}${port === 80 ? "" : `:${port}`}/`;

/** Where a person can open the page: one line for each address. */
export function pageAddresses(at: readonly ListenAt[]): string[] {
  return at.flatMap((one) => {
    if (one.kind === "unix") return [`the Unix socket ${one.path}`];
    if (one.host !== undefined && one.host !== "0.0.0.0" && one.host !== "::")
      return [urlOf(one.host, one.port)];
    // Link-local addresses need a zone, which browsers do not take.
    return ["localhost", ...ownAddresses().filter((text) => !/^(?:127\.|::1$|fe80:)/i.test(text))].map(
      (host) => urlOf(host, one.port),
    );
  });
}
