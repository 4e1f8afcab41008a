import type { Counters } from "../model/contracts.ts";
import type { Secret } from "../model/secret.ts";
import type { Exchange } from "./exchange.ts";
import { communityReader, literalAddress, type Reader } from "./reader.ts";
import { type authProtocols, type privProtocols, userReader } from "./session.ts";

/** How a device is asked: by community (v1, v2c) or by user (v3). */
export interface Access {
  readonly version: "1" | "2c" | "3";
  readonly port: number;
  readonly community?: Secret | undefined;
  readonly user?: string | undefined;
  readonly auth?: { readonly protocol: (typeof authProtocols)[number]; readonly key: Secret } | undefined;
  readonly priv?: { readonly protocol: (typeof privProtocols)[number]; readonly key: Secret } | undefined;
  readonly context?: string | undefined;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly tries: number;
}

export interface ConnectDeps {
  readonly exchange: Exchange;
  readonly counters: Counters;
}

/** A reader for the device; its name is looked up first. Rejects with SnmpFailure `names`. */
export async function connect(
  host: string,
  access: Access,
  patience: Patience,
  { exchange, counters }: ConnectDeps,
  signal?: AbortSignal,
): Promise<Reader> {
  const peer = { address: await literalAddress(host), port: access.port, ...patience };
  if (access.version === "3")
    return userReader({ ...peer, ...access, user: access.user ?? "" }, { counters });
  const community = Buffer.from(access.community?.reveal() ?? "public", "utf8");
  return communityReader(exchange, { ...peer, version: access.version, community }, signal);
}
