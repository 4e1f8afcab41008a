import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { isIP } from "node:net";
import { der, pem } from "./der.ts";

/** A certificate with its key, as PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

const ecdsaWithSha256 = der.sequence(der.oid("1.2.840.10045.4.3.2"));
const dayMs = 86_400_000;
const authorityDays = 3_650;
/** As much as browsers take. */
export const serverDays = 397;

const nameOf = (common: string) => der.sequence(der.set(der.sequence(der.oid("2.5.4.3"), der.text(common))));
const extension = (oid: string, body: Uint8Array, critical = false) =>
  der.sequence(der.oid(oid), ...(critical ? [der.yes()] : []), der.octets(body));
const publicDer = (key: KeyObject) => createPublicKey(key).export({ type: "spki", format: "der" });
// RFC 7093 §2: the leftmost 160 bits of a SHA-256.
const keyId = (key: KeyObject) => createHash("sha256").update(publicDer(key)).digest().subarray(0, 20);

interface Wanted {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  readonly signer: KeyObject;
  readonly fromMs: number;
  readonly days: number;
  readonly extensions: readonly Uint8Array[];
}

/** Source: RFC 5280 §4.1. */
function certificate({ subject, issuer, key, signer, fromMs, days, extensions }: Wanted): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    ecdsaWithSha256,
    nameOf(issuer),
    der.sequence(der.time(fromMs - dayMs), der.time(fromMs + days * dayMs)),
    nameOf(subject),
    publicDer(key),
    der.explicit(
      3,
      der.sequence(
        ...extensions,
        extension("2.5.29.14", der.octets(keyId(key))),
        extension("2.5.29.35", der.sequence(der.implicit(0, keyId(signer)))),
      ),
    ),
  );
  return pem("CERTIFICATE", der.sequence(body, ecdsaWithSha256, der.bits(sign("sha256", body, signer))));
}

function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
}

const keyPem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();

/** An authority of this box alone: what it signs is believed by whoever was given its certificate. */
export function makeAuthority(name: string, nowMs: number): KeyedCertificate {
  const key = newKey();
  const cert = certificate({
    subject: name,
    issuer: name,
    key,
    signer: key,
    fromMs: nowMs,
    days: authorityDays,
    extensions: [
      extension("2.5.29.19", der.sequence(der.yes(), der.integer(Buffer.from([0]))), true),
      // keyCertSign and cRLSign.
      extension("2.5.29.15", der.flags(0x06, 1), true),
    ],
  });
  return { cert, key: keyPem(key) };
}

/** A server's certificate for these host names and addresses, signed by the authority's key. */
export function makeServerCertificate(
  authority: { readonly name: string; readonly key: KeyObject },
  names: readonly string[],
  nowMs: number,
): KeyedCertificate {
  const key = newKey();
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? der.implicit(2, Buffer.from(name)) : der.implicit(7, addressBytes(name)),
  );
  const cert = certificate({
    subject: "Porchlight",
    issuer: authority.name,
    key,
    signer: authority.key,
    fromMs: nowMs,
    days: serverDays,
    extensions: [
      extension("2.5.29.19", der.sequence(), true),
      // digitalSignature.
      extension("2.5.29.15", der.flags(0x80, 7), true),
      // serverAuth.
      extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", der.sequence(...alternatives)),
    ],
  });
  return { cert, key: keyPem(key) };
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const [before, after] = [groups(head), tail === undefined ? [] : groups(tail)];
  const between = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  const bytes = Buffer.alloc(16);
  for (const [at, group] of [...before, ...between, ...after].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2);
  return bytes;
}
