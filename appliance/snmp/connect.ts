import type { Secret } from "../model/secret.ts";
import type { Exchange } from "./exchange.ts";
import { communityReader, literalAddress, type Patience, type Reader } from "./reader.ts";
import { UserSession } from "./session.ts";
import type { KnownEngine } from "./usm-engine.ts";
import type { UserSettings } from "./usm-keys.ts";

/** How a device is asked: by community (v1, v2c) or by user (v3). */
export interface Access extends Omit<UserSettings, "user"> {
  readonly user?: string | undefined;
  readonly version: "1" | "2c" | "3";
  readonly port: number;
  readonly community?: Secret | undefined;
}

/** A device whose address is known. Nothing has been sent yet. */
export interface Connection {
  /** Reads with this patience, until the signal aborts. */
  reader(patience: Patience, signal?: AbortSignal): Reader;
  /** Of a device that has given a user a signed answer by SNMPv3: its engine, with the time that it has now. */
  readonly engine?: KnownEngine | undefined;
}

/** Looks the device's name up. Rejects with SnmpFailure `names`. */
export async function connect(host: string, access: Access, exchange: Exchange): Promise<Connection> {
  const peer = { address: await literalAddress(host), port: access.port };
  if (access.version === "3")
    return new UserSession(exchange, { ...access, ...peer, user: access.user ?? "" });
  const { version } = access;
  const community = Buffer.from(access.community?.reveal() ?? "public", "utf8");
  return {
    reader: (patience, signal) =>
      communityReader(exchange, { ...peer, ...patience, version, community }, signal),
  };
}
