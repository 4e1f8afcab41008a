import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Secret } from "../model/secret.ts";
import type { AuthProtocol, PrivProtocol } from "../model/snmp.ts";
import { cipherOf, type KeyExtension, type PrivCipher } from "./usm-cipher.ts";

/** RFC 3414 (MD5, SHA-1) and RFC 7860 (SHA-2): the hash, and how many octets of its MAC go into a message. */
const digests = {
  md5: { hash: "md5", macBytes: 12 },
  sha: { hash: "sha1", macBytes: 12 },
  sha224: { hash: "sha224", macBytes: 16 },
  sha256: { hash: "sha256", macBytes: 24 },
  sha384: { hash: "sha384", macBytes: 32 },
  sha512: { hash: "sha512", macBytes: 48 },
} as const;

/** RFC 3414 §A.2: a password is repeated to one million octets. */
const stretchedBytes = 1_048_576;
/** Keys for this many engines are kept: one for a device, more where one user sends traps from several. */
const mostEngines = 2_000;

export type SecurityLevel = "noAuthNoPriv" | "authNoPriv" | "authPriv";

export interface UserSettings {
  readonly user: string;
  readonly auth?: { readonly protocol: AuthProtocol; readonly key: Secret } | undefined;
  readonly priv?: { readonly protocol: PrivProtocol; readonly key: Secret } | undefined;
  readonly context?: string | undefined;
}

/** The keys of one user for one engine. */
export interface EngineKeys {
  readonly macBytes: number;
  mac(message: Uint8Array): Buffer;
  /** Made when it is first needed: stretching its key takes longer than a signature does. */
  cipher(): PrivCipher | undefined;
}

/** A user with its passwords made into keys: once for the password, then quickly for each engine. */
export class UsmUser {
  readonly name: Buffer;
  readonly context: Buffer;
  readonly level: SecurityLevel;
  readonly #settings: UserSettings;
  readonly #engines = new Map<string, EngineKeys | undefined>();
  #stretched: { auth: Buffer; priv: Buffer | undefined } | undefined;

  constructor(settings: UserSettings) {
    this.#settings = settings;
    this.name = Buffer.from(settings.user, "utf8");
    this.context = Buffer.from(settings.context ?? "", "utf8");
    this.level = !settings.auth ? "noAuthNoPriv" : settings.priv ? "authPriv" : "authNoPriv";
  }

  /** Undefined for a user without keys. */
  keys(engineId: Uint8Array): EngineKeys | undefined {
    const { auth } = this.#settings;
    if (!auth) return undefined;
    const name = Buffer.from(engineId).toString("hex");
    const known = this.#engines.get(name);
    if (known) return known;
    if (this.#engines.size >= mostEngines) this.#engines.clear();
    const made = this.#make(auth, engineId);
    this.#engines.set(name, made);
    return made;
  }

  #make(auth: NonNullable<UserSettings["auth"]>, engineId: Uint8Array): EngineKeys {
    const { priv } = this.#settings;
    const { hash, macBytes } = digests[auth.protocol];
    this.#stretched ??= {
      auth: stretch(hash, Buffer.from(auth.key.reveal(), "utf8")),
      priv: priv && stretch(hash, Buffer.from(priv.key.reveal(), "utf8")),
    };
    const authKey = localize(hash, this.#stretched.auth, engineId);
    const mac = (message: Uint8Array) =>
      createHmac(hash, authKey).update(message).digest().subarray(0, macBytes);
    const stretched = this.#stretched.priv;
    let made: PrivCipher | undefined;
    const cipher = () => {
      if (!priv || !stretched) return undefined;
      made ??= cipherOf(priv.protocol, (bytes, extension) =>
        extend({ hash, key: localize(hash, stretched, engineId), engineId, bytes, extension }),
      );
      return made;
    };
    return { macBytes, mac, cipher };
  }
}

/** Whether the MAC that stands in the message is that of the message. Source: RFC 3414 §6.3.2. */
export function isSigned(
  bytes: Uint8Array,
  at: { readonly from: number; readonly to: number },
  keys: EngineKeys,
): boolean {
  if (at.to - at.from !== keys.macBytes) return false;
  const blank = Buffer.from(bytes);
  const given = Buffer.from(blank.subarray(at.from, at.to));
  blank.fill(0, at.from, at.to);
  return timingSafeEqual(given, keys.mac(blank));
}

function stretch(hash: string, password: Buffer): Buffer {
  const block = Buffer.alloc(Math.ceil(65_536 / password.length) * password.length);
  for (let at = 0; at < block.length; at += password.length) password.copy(block, at);
  const digest = createHash(hash);
  let left = stretchedBytes;
  for (; left >= block.length; left -= block.length) digest.update(block);
  return digest.update(block.subarray(0, left)).digest();
}

function localize(hash: string, key: Uint8Array, engineId: Uint8Array): Buffer {
  return createHash(hash).update(key).update(engineId).update(key).digest();
}

/** A key longer than its hash gives. Source: draft-blumenthal-aes-usm-04 §3.1.2.1, draft-reeder-snmpv3-usm-3desede-00 §2.1. */
function extend(parts: {
  readonly hash: string;
  readonly key: Buffer;
  readonly engineId: Uint8Array;
  readonly bytes: number;
  readonly extension: KeyExtension | undefined;
}): Buffer {
  const { hash, engineId, bytes, extension } = parts;
  let whole = parts.key;
  let last = parts.key;
  while (whole.length < bytes) {
    last =
      extension === "reeder"
        ? localize(hash, stretch(hash, last), engineId)
        : createHash(hash).update(whole).digest();
    whole = Buffer.concat([whole, last]);
  }
  return whole.subarray(0, bytes);
}
