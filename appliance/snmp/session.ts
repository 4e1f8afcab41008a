import { isIPv6 } from "node:net";
import snmp from "net-snmp";
import type { Counters } from "../model/contracts.ts";
import type { Secret } from "../model/secret.ts";
import { tag } from "./ber.ts";
import { isException, type Varbind, type VarbindValue } from "./codec.ts";
import { decryptDes, encryptDes } from "./des.ts";
import { errorStatus, type Peer, type Reader, SnmpFailure, statusFailure } from "./reader.ts";
import { type SecurityLevel, screenedDgram } from "./screen.ts";

export const authProtocols = ["md5", "sha", "sha224", "sha256", "sha384", "sha512"] as const;
/** The two ways of stretching a key for AES-256: by Blumenthal (draft), and by Reeder (Cisco). */
export const privProtocols = ["des", "aes", "aes256b", "aes256r"] as const;

export interface UserPeer extends Peer {
  readonly user: string;
  readonly auth?: { readonly protocol: (typeof authProtocols)[number]; readonly key: Secret } | undefined;
  readonly priv?: { readonly protocol: (typeof privProtocols)[number]; readonly key: Secret } | undefined;
  readonly context?: string | undefined;
}

/** The answer to a request as net-snmp gives it: octets and Counter64 as bytes. */
interface LibraryVarbind {
  readonly oid: string;
  readonly type: number;
  readonly value: unknown;
}
type LibraryCallback = (
  error: Error | null,
  varbinds?: readonly (LibraryVarbind | readonly LibraryVarbind[])[],
) => void;

/**
 * Reads by SNMPv3 with one session kept open. Every datagram passes the screen first; a request ends by our own
 * time-out even when the library loses it.
 */
export function userReader(peer: UserPeer, deps: { readonly counters: Counters }): Reader {
  const level = levelOf(peer);
  if (peer.priv?.protocol === "des") provideDes();
  let requests = 0;
  const dgramModule = screenedDgram({
    address: peer.address,
    port: peer.port,
    level,
    refused: (reason) => deps.counters.add(`snmp_refused_${reason}`),
  });
  const session = snmp.createV3Session(peer.address, libraryUser(peer, level), {
    port: peer.port,
    timeout: peer.timeoutMs,
    retries: peer.tries - 1,
    backwardsGetNexts: false,
    transport: isIPv6(peer.address) ? "udp6" : "udp4",
    dgramModule,
    ...(peer.context ? { context: peer.context } : {}),
  } as Parameters<typeof snmp.createV3Session>[2]);
  // Without it any junk datagram would end the process.
  session.on("error", () => deps.counters.add("snmp_refused_malformed"));
  // Discovery of the engine and of its time can each take the whole time-out before the request itself does.
  const limitMs = peer.timeoutMs * peer.tries * 3 + 500;
  const ask = (run: (callback: LibraryCallback) => void): Promise<Varbind[]> => {
    requests++;
    deps.counters.add("snmp_requests");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(ofTimeout()), limitMs);
      run((error, varbinds) => {
        clearTimeout(timer);
        if (error) return reject(ofLibraryError(error));
        resolve((varbinds ?? []).flat().map(ofLibrary));
      });
    });
  };
  return {
    version: "3",
    get: (oids) => ask((callback) => session.get([...oids], callback as never)),
    next: (oids) => ask((callback) => session.getNext([...oids], callback as never)),
    async bulk(oid, repetitions) {
      const varbinds = await ask((callback) => session.getBulk([oid], 0, repetitions, callback as never));
      return varbinds.slice(0, repetitions * 2);
    },
    get requests() {
      return requests;
    },
    close() {
      session.close();
    },
  };
}

/** What net-snmp exports beside its declared types: its table of ciphers, and its keys. */
interface LibraryCiphers {
  readonly Encryption: {
    readonly algorithms: Record<number, { encryptPdu: unknown; decryptPdu: unknown }>;
  };
  readonly Authentication: {
    passwordToKey(protocol: number, password: string, engineId: Buffer): Buffer;
  };
}

/** Gives net-snmp a DES that works without OpenSSL's old ciphers. May be called again. */
function provideDes(): void {
  const { Encryption, Authentication } = snmp as unknown as LibraryCiphers;
  const des = Encryption.algorithms[snmp.PrivProtocols.des];
  if (!des) return;
  des.encryptPdu = (
    pdu: Buffer,
    _priv: number,
    key: string,
    auth: number,
    engine: { readonly engineID: Buffer },
  ) => encryptDes(pdu, Authentication.passwordToKey(auth, key, engine.engineID));
  des.decryptPdu = (
    pdu: Buffer,
    _priv: number,
    salt: Buffer,
    key: string,
    auth: number,
    engine: { readonly engineID: Buffer },
  ) => decryptDes(pdu, salt, Authentication.passwordToKey(auth, key, engine.engineID));
}

function levelOf(peer: UserPeer): SecurityLevel {
  if (!peer.auth) return "noAuthNoPriv";
  return peer.priv ? "authPriv" : "authNoPriv";
}

function libraryUser(peer: UserPeer, level: SecurityLevel) {
  return {
    name: peer.user,
    level: snmp.SecurityLevel[level],
    ...(peer.auth
      ? { authProtocol: snmp.AuthProtocols[peer.auth.protocol], authKey: peer.auth.key.reveal() }
      : {}),
    ...(peer.auth && peer.priv
      ? { privProtocol: snmp.PrivProtocols[peer.priv.protocol as "aes"], privKey: peer.priv.key.reveal() }
      : {}),
  } as Parameters<typeof snmp.createV3Session>[1];
}

function ofTimeout(): SnmpFailure {
  return new SnmpFailure("timeout", "no answer; a filter or a wrong privacy key can also be the reason");
}

function ofLibraryError(error: Error & { code?: number | string; status?: number }): SnmpFailure {
  if (error.name === "RequestTimedOutError") return ofTimeout();
  if (error.name === "RequestFailedError") return statusFailure(error.status ?? errorStatus.genErr, 0);
  const invalid = snmp.ResponseInvalidCode;
  if (error.name === "ResponseInvalidError") {
    const denied = error.code === invalid.EAuthFailure || error.code === invalid.ECouldNotDecrypt;
    if (denied)
      return new SnmpFailure("auth", "the user or a key is wrong, or the device asks for another level");
    return new SnmpFailure("protocol", "the answer broke the protocol");
  }
  return new SnmpFailure(
    "unreachable",
    `the request could not be sent${error.code ? `: ${error.code}` : ""}`,
  );
}

/** net-snmp's form of a variable in ours; what has an impossible value comes as null. */
export function ofLibrary({ oid, type, value }: LibraryVarbind): Varbind {
  return { oid, tag: type, value: libraryValue(type, value) };
}

function libraryValue(type: number, value: unknown): VarbindValue {
  if (isException(type) || type === tag.nothing) return null;
  if (type === tag.counter64) return counter64Of(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? value : null;
}

function counter64Of(value: unknown): VarbindValue {
  if (!(value instanceof Uint8Array) || value.length < 1 || value.length > 9) return null;
  const exact = BigInt(`0x${Buffer.from(value).toString("hex")}`);
  if (exact > 0xffff_ffff_ffff_ffffn) return null;
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}
