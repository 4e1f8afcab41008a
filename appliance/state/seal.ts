import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { ApplianceError } from "../model/errors.ts";

/** Keeps secrets unreadable in copies of state.db: AES-256-GCM with a key that lies beside it and is not copied with it. */
export interface Seal {
  seal(text: string): string;
  /** Throws STORE_CORRUPT for what this box did not seal. */
  open(sealed: string): string;
}

const cipher = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** The seal of the data directory; its key `secret.key` is made once, readable for the owner alone. Throws DATA_UNWRITABLE. */
export function openSeal(dataDir: string): Seal {
  let key: Buffer | undefined;
  const ready = () => {
    key ??= readKey(path.join(dataDir, "secret.key"));
    return key;
  };
  return {
    seal(text) {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, ready(), nonce);
      const body = Buffer.concat([sealing.update(text, "utf8"), sealing.final()]);
      return Buffer.concat([nonce, sealing.getAuthTag(), body]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      try {
        const opening = createDecipheriv(cipher, ready(), bytes.subarray(0, nonceBytes));
        opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return (
          opening.update(bytes.subarray(nonceBytes + tagBytes), undefined, "utf8") + opening.final("utf8")
        );
      } catch (error) {
        throw new ApplianceError(
          "STORE_CORRUPT",
          "A stored secret cannot be opened with secret.key of the data directory. Enter the secret again.",
          { cause: error },
        );
      }
    },
  };
}

function readKey(file: string): Buffer {
  try {
    if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
    const key = fs.readFileSync(file);
    if (key.length === keyBytes) return key;
  } catch (error) {
    throw new ApplianceError("DATA_UNWRITABLE", `${file} cannot be made or read.`, { cause: error });
  }
  throw new ApplianceError(
    "DATA_UNWRITABLE",
    `${file} is no key of ${keyBytes} bytes. Remove it and enter the secrets again.`,
  );
}
