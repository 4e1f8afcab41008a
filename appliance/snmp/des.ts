import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const blockBytes = 8;

export interface EncryptedPdu {
  readonly encryptedPdu: Buffer;
  /** The salt that goes with the message. */
  readonly msgPrivacyParameters: Buffer;
}

/**
 * DES-CBC of SNMPv3 (RFC 3414 §8.1.1.1). OpenSSL 3 has no single DES any more; triple DES with three equal keys is the
 * same function.
 *
 * @param localizedKey - at least 16 octets: the key, then what the salt is mixed with
 */
export function encryptDes(scopedPdu: Uint8Array, localizedKey: Uint8Array): EncryptedPdu {
  const salt = Buffer.concat([Buffer.of(0, 0, 0, 1), randomBytes(4)]);
  const padded = Buffer.alloc(Math.ceil(scopedPdu.length / blockBytes) * blockBytes);
  padded.set(scopedPdu);
  const cipher = createCipheriv(
    "des-ede3-cbc",
    tripleKey(localizedKey),
    vector(localizedKey, salt),
  ).setAutoPadding(false);
  return { encryptedPdu: Buffer.concat([cipher.update(padded), cipher.final()]), msgPrivacyParameters: salt };
}

/** Throws when the length is no multiple of eight or the salt has not eight octets. */
export function decryptDes(encryptedPdu: Uint8Array, salt: Uint8Array, localizedKey: Uint8Array): Buffer {
  const decipher = createDecipheriv(
    "des-ede3-cbc",
    tripleKey(localizedKey),
    vector(localizedKey, salt),
  ).setAutoPadding(false);
  return Buffer.concat([decipher.update(encryptedPdu), decipher.final()]);
}

function tripleKey(localizedKey: Uint8Array): Buffer {
  const key = localizedKey.subarray(0, blockBytes);
  return Buffer.concat([key, key, key]);
}

function vector(localizedKey: Uint8Array, salt: Uint8Array): Buffer {
  if (salt.length !== blockBytes) throw new RangeError("DES needs a salt of eight octets");
  return Buffer.from(salt.map((octet, at) => octet ^ (localizedKey[blockBytes + at] as number)));
}
