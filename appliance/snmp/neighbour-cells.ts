import type { Varbind } from "./codec.ts";
import { printable } from "./decode.ts";

/** Octets of a variable; undefined for anything else. */
export function bytesOf(varbind: Varbind | undefined): Uint8Array | undefined {
  return varbind?.value instanceof Uint8Array ? varbind.value : undefined;
}

export function numberCell(varbind: Varbind | undefined): number | undefined {
  return typeof varbind?.value === "number" ? varbind.value : undefined;
}

/** The text of a variable, harmless; undefined when it is empty or none. */
export function textCell(varbind: Varbind | undefined): string | undefined {
  const bytes = bytesOf(varbind);
  const text = bytes && printable(bytes);
  return text === undefined || text === "" ? undefined : text;
}

/** Six octets as hex digits; undefined for group addresses, zeros and anything that is no address of one device. */
export function hexMac(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== 6 || ((bytes[0] ?? 1) & 1) === 1) return undefined;
  const hex = Buffer.from(bytes).toString("hex");
  return hex === "000000000000" ? undefined : hex;
}

/** Four octets as an address. */
export function dotted(bytes: Uint8Array | undefined): string | undefined {
  return bytes?.length === 4 && bytes.some((octet) => octet !== 0) ? [...bytes].join(".") : undefined;
}
