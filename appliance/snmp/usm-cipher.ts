import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { PrivProtocol } from "../model/snmp.ts";

const ciphers = {
  des: { keyBytes: 16, extension: undefined },
  aes: { keyBytes: 16, extension: undefined },
  aes192b: { keyBytes: 24, extension: "blumenthal" },
  aes192r: { keyBytes: 24, extension: "reeder" },
  aes256b: { keyBytes: 32, extension: "blumenthal" },
  aes256r: { keyBytes: 32, extension: "reeder" },
} as const;
/** How a key is made longer than its hash. */
export type KeyExtension = "blumenthal" | "reeder";

const saltBytes = 8;
const desBlockBytes = 8;

/** When an engine has sent or will take a message. */
export interface EngineTime {
  readonly boots: number;
  readonly seconds: number;
}

/** Encrypts and decrypts scoped PDUs of one user at one engine. */
export interface PrivCipher {
  encrypt(plain: Uint8Array, time: EngineTime): { readonly bytes: Buffer; readonly salt: Buffer };
  /** Undefined when length or salt cannot be. */
  decrypt(bytes: Uint8Array, salt: Uint8Array, time: EngineTime): Buffer | undefined;
  /** Whether bytes may follow the PDU: DES fills up its last block. */
  readonly pads: boolean;
}

/** @param keyOf - the localized key with that many octets */
export function cipherOf(
  protocol: PrivProtocol,
  keyOf: (bytes: number, extension: KeyExtension | undefined) => Buffer,
): PrivCipher {
  const { keyBytes, extension } = ciphers[protocol];
  const key = keyOf(keyBytes, extension);
  return protocol === "des" ? desCipher(key) : aesCipher(`aes-${keyBytes * 8}-cfb`, key);
}

/** No salt may come twice with one key: a counter from a random start. */
function salts(): () => Buffer {
  let next = randomBytes(saltBytes).readBigUInt64BE();
  return () => {
    next = BigInt.asUintN(64, next + 1n);
    const salt = Buffer.alloc(saltBytes);
    salt.writeBigUInt64BE(next);
    return salt;
  };
}

/** RFC 3826 §3.1: the vector is boots, time and salt. */
function aesCipher(algorithm: string, key: Buffer): PrivCipher {
  const nextSalt = salts();
  const vector = (salt: Uint8Array, { boots, seconds }: EngineTime) => {
    const iv = Buffer.alloc(16);
    iv.writeUInt32BE(boots, 0);
    iv.writeUInt32BE(seconds, 4);
    iv.set(salt, 8);
    return iv;
  };
  return {
    pads: false,
    encrypt(plain, time) {
      const salt = nextSalt();
      const cipher = createCipheriv(algorithm, key, vector(salt, time));
      return { bytes: Buffer.concat([cipher.update(plain), cipher.final()]), salt };
    },
    decrypt(bytes, salt, time) {
      if (salt.length !== saltBytes) return undefined;
      const decipher = createDecipheriv(algorithm, key, vector(salt, time));
      return Buffer.concat([decipher.update(bytes), decipher.final()]);
    },
  };
}

/**
 * RFC 3414 §8.1.1.1. OpenSSL 3 has no single DES any more; triple DES with three equal keys is the same function.
 * The second half of the key is what the salt is mixed with.
 */
function desCipher(localized: Buffer): PrivCipher {
  const single = localized.subarray(0, desBlockBytes);
  const key = Buffer.concat([single, single, single]);
  const vector = (salt: Uint8Array) =>
    Buffer.from(salt.map((octet, at) => octet ^ (localized[desBlockBytes + at] as number)));
  const nextSalt = salts();
  return {
    pads: true,
    encrypt(plain, { boots }) {
      const salt = nextSalt();
      salt.writeUInt32BE(boots, 0);
      const padded = Buffer.alloc(Math.ceil(plain.length / desBlockBytes) * desBlockBytes);
      padded.set(plain);
      const cipher = createCipheriv("des-ede3-cbc", key, vector(salt)).setAutoPadding(false);
      return { bytes: Buffer.concat([cipher.update(padded), cipher.final()]), salt };
    },
    decrypt(bytes, salt) {
      if (salt.length !== saltBytes || bytes.length % desBlockBytes !== 0) return undefined;
      const decipher = createDecipheriv("des-ede3-cbc", key, vector(salt)).setAutoPadding(false);
      return Buffer.concat([decipher.update(bytes), decipher.final()]);
    },
  };
}
