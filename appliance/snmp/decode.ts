import type { ColumnForm } from "../model/profile.ts";
import { tag } from "./ber.ts";
import type { Varbind } from "./codec.ts";

/** What expressions and templates see of a variable: a number, or text. Undefined: the device has no such value. */
export type Cell = number | string | undefined;

const textLimit = 200;
/** Opaque holding a float or double: tag 0x9f and 0x78 or 0x79, then the length (NET-SNMP-TC). */
const opaqueFloat = 0x78;
const opaqueDouble = 0x79;

/** A variable as a cell. Counter64 above 2^53 loses its last bits here; exact values go their own way. */
export function cellOf(varbind: Varbind | undefined, form?: ColumnForm): Cell {
  const value = varbind?.value;
  if (varbind === undefined || value === null || value === undefined) return undefined;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") return value;
  return varbind.tag === tag.opaque ? opaqueNumber(value) : octetsText(value, form);
}

/** The number in an Opaque value; undefined for any other content. */
export function opaqueNumber(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== 0x9f) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value: number | undefined;
  if (bytes[1] === opaqueFloat && bytes[2] === 4 && bytes.length === 7) value = view.getFloat32(3);
  if (bytes[1] === opaqueDouble && bytes[2] === 8 && bytes.length === 11) value = view.getFloat64(3);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  // A float has 7 digits: 23.1 must not become 23.100000381469727.
  return bytes[1] === opaqueFloat ? Number(value.toPrecision(7)) : value;
}

/** Octets as text in the form asked for; without one as text where it is printable, else as hexadecimal. */
export function octetsText(bytes: Uint8Array, form?: ColumnForm): string | undefined {
  switch (form) {
    case "mac":
      return macText(bytes);
    case "hex":
      return Buffer.from(bytes).toString("hex");
    case "ip":
      return ipText(bytes);
    case "date":
      return dateText(bytes);
    case "bits":
      return bitsText(bytes);
    case "text":
      return printable(bytes);
    default:
      return looksLikeText(bytes) ? printable(bytes) : Buffer.from(bytes).toString("hex");
  }
}

const strict = new TextDecoder("utf-8", { fatal: true });

/**
 * A text that is safe to keep and show: UTF-8 where it is valid, else Latin-1; without control and format characters;
 * cut at 200 characters; outer spaces and the NUL that some agents append are gone.
 */
export function printable(bytes: Uint8Array): string {
  const cut = bytes.subarray(0, textLimit * 4);
  let text: string;
  try {
    text = strict.decode(cut);
  } catch {
    text = cutUtf8(cut) ?? Buffer.from(cut).toString("latin1");
  }
  return cleanText(text);
}

/** The text when only a character cut in two at the end keeps it from being UTF-8. */
function cutUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.length < textLimit * 4) return undefined;
  for (let drop = 1; drop <= 3; drop++) {
    try {
      return strict.decode(bytes.subarray(0, bytes.length - drop));
    } catch {
      // One byte less may be whole characters again.
    }
  }
  return undefined;
}

export function cleanText(text: string): string {
  const spaced = text.replace(/[\t\n\r]+/g, " ");
  return [...spaced.replace(/\p{C}/gu, "").trim()].slice(0, textLimit).join("").trim();
}

/** Whether octets are meant as text: no control characters other than line ends, tabs, and a closing NUL. */
function looksLikeText(bytes: Uint8Array): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) return false;
    if (byte === 0x7f) return false;
  }
  // All zeros is a number or an address, not an empty text.
  if (end === 0 && bytes.length > 1) return false;
  if (!bytes.subarray(0, end).some((byte) => byte >= 0x80)) return true;
  try {
    strict.decode(bytes.subarray(0, end));
    return true;
  } catch {
    return end > 8 || end === 0 ? mostlyAscii(bytes.subarray(0, end)) : false;
  }
}

function mostlyAscii(bytes: Uint8Array): boolean {
  let high = 0;
  for (const byte of bytes) if (byte >= 0x80) high++;
  return high * 4 <= bytes.length;
}

/** Lower-case hex with colons; also of agents that answer in text (`0:1b:…`, `00-1B-…`). */
export function macText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 6)
    return Buffer.from(bytes)
      .toString("hex")
      .replace(/(..)(?=.)/g, "$1:");
  return parseMac(Buffer.from(bytes.subarray(0, 40)).toString("latin1"));
}

export function parseMac(text: string): string | undefined {
  const plain = text.replace(/[\s\0]+$/, "");
  const parts = plain.split(/[:\- ]/);
  if (parts.length === 6 && parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part)))
    return parts.map((part) => part.padStart(2, "0").toLowerCase()).join(":");
  if (/^[0-9a-f]{12}$/i.test(plain)) return plain.toLowerCase().replace(/(..)(?=.)/g, "$1:");
  return undefined;
}

function ipText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2)
    groups.push((((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16));
  return groups.join(":");
}

/** DateAndTime (RFC 2579) as ISO 8601; undefined for what is no date. */
function dateText(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 8 && bytes.length !== 11) return undefined;
  const [high = 0, low = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = bytes;
  const year = high * 256 + low;
  if (
    year < 1970 ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > 31 ||
    hour > 23 ||
    minute > 59 ||
    second > 60
  )
    return undefined;
  const two = (part: number) => String(part).padStart(2, "0");
  const zone = bytes.length === 11 ? zoneText(bytes) : "";
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${zone}`;
}

function zoneText(bytes: Uint8Array): string {
  const sign = bytes[8] === 0x2d ? "-" : "+";
  return `${sign}${String(bytes[9]).padStart(2, "0")}:${String(bytes[10]).padStart(2, "0")}`;
}

/** Numbers of the bits that are set, first bit 0 (RFC 2578 BITS). */
function bitsText(bytes: Uint8Array): string {
  const set: number[] = [];
  for (let at = 0; at < Math.min(bytes.length, 32); at++)
    for (let bit = 0; bit < 8; bit++) if ((bytes[at] as number) & (0x80 >> bit)) set.push(at * 8 + bit);
  return set.join(" ");
}

/**
 * The number a text begins with, for agents that answer in words: `23.5 C`, `+12`, `4,5 A`, `1 024`? no: `1`.
 * Undefined when it begins otherwise.
 */
export function leadingNumber(text: string): number | undefined {
  const match = /^\s*([+-]?\d+(?:[.,]\d+)?)(?![\d.:])/.exec(text.slice(0, 40));
  return match ? Number((match[1] as string).replace(",", ".")) : undefined;
}

export function numberOf(cell: Cell): number | undefined {
  if (typeof cell === "number") return Number.isFinite(cell) ? cell : undefined;
  return cell === undefined ? undefined : leadingNumber(cell);
}
