import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { ApplianceError } from "../model/errors.ts";
import { type KeyedCertificate, makeAuthority, makeServerCertificate } from "./certificate.ts";

const dayMs = 86_400_000;
const renewBeforeMs = 30 * dayMs;

export interface OwnCertificateDeps {
  /** Folder of the box's own authority and certificate. */
  readonly folder: string;
  /** Host names and addresses of this box. */
  readonly names: readonly string[];
  readonly nowMs: number;
  /** Told apart from other boxes in the list of a device's authorities. */
  readonly site: string;
}

/**
 * The certificate of this box, signed by an authority of its own; both are made at the first start. The certificate is
 * made anew a month before it ends and when the box got another name or address; the authority stays while it is valid.
 * Throws DATA_UNWRITABLE.
 *
 * @returns the certificate with the authority's behind it
 */
export function ownCertificate({ folder, names, nowMs, site }: OwnCertificateDeps): KeyedCertificate {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // One that was made before the clock of a new box was set has ended when it is.
    const lasts = (found: KeyedCertificate) =>
      isWhole(found) && Date.parse(new X509Certificate(found.cert).validTo) > nowMs;
    const authority = pair(folder, "ca", () => makeAuthority(`Porchlight ${site}`, nowMs), lasts);
    const issuer = new X509Certificate(authority.cert);
    const signer = { name: commonName(issuer), key: createPrivateKey(authority.key) };
    const own = pair(
      folder,
      "server",
      () => makeServerCertificate(signer, names, Math.max(nowMs, Date.parse(issuer.validFrom) + dayMs)),
      (found) => isWhole(found) && stillFits(new X509Certificate(found.cert), issuer, names, nowMs),
    );
    return { key: own.key, cert: own.cert + authority.cert };
  } catch (error) {
    if (error instanceof ApplianceError) throw error;
    throw new ApplianceError(
      "DATA_UNWRITABLE",
      `The box's certificate in ${folder} cannot be made or read.`,
      {
        cause: error,
      },
    );
  }
}

/** Path of the certificate that devices must be given to believe this box. */
export const authorityFile = (folder: string) => join(folder, "ca.crt");

function isWhole({ cert, key }: KeyedCertificate): boolean {
  try {
    const own = createPublicKey(createPrivateKey(key)).export({ type: "spki", format: "der" });
    return new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" }).equals(own);
  } catch {
    return false; // Damaged: another is made.
  }
}

function stillFits(
  found: X509Certificate,
  issuer: X509Certificate,
  names: readonly string[],
  nowMs: number,
): boolean {
  const known = new Set((found.subjectAltName ?? "").split(", "));
  // A clock that is before the authority is not set yet, and says nothing.
  const isSet = nowMs >= Date.parse(issuer.validFrom);
  const isInTime = Date.parse(found.validTo) - nowMs > renewBeforeMs && Date.parse(found.validFrom) <= nowMs;
  return (
    found.verify(issuer.publicKey) &&
    (isInTime || !isSet) &&
    names.length === known.size &&
    names.every((name) => (isIP(name) === 0 ? found.checkHost(name) : found.checkIP(name)) !== undefined)
  );
}

function commonName({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? "Porchlight";
}

/** The pair of files, made when they are missing or do not fit any more. */
function pair(
  folder: string,
  name: string,
  make: () => KeyedCertificate,
  fits: (found: KeyedCertificate) => boolean,
): KeyedCertificate {
  const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  if (existsSync(keyFile) && existsSync(certFile)) {
    const found = { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
    if (fits(found)) return found;
  }
  const made = make();
  write(keyFile, made.key, 0o600);
  write(certFile, made.cert, 0o644);
  return made;
}

function write(file: string, text: string, mode: number): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, text, { mode });
  chmodSync(fresh, mode);
  renameSync(fresh, file);
}
