import { integerTlv, readInteger, TlvReader, tag, tlv } from "./ber.ts";
import type { AnswerHead, Refusal } from "./codec.ts";
import { openPdu } from "./codec.ts";
import type { EngineTime } from "./usm-cipher.ts";
import type { EngineKeys, SecurityLevel } from "./usm-keys.ts";

/** RFC 3412 §6.4: bits of msgFlags. */
export const flag = { auth: 1, priv: 2, reportable: 4 } as const;
export const levelFlags: Record<SecurityLevel, number> = {
  noAuthNoPriv: 0,
  authNoPriv: flag.auth,
  authPriv: flag.auth | flag.priv,
};
/** The largest datagram there is (RFC 768 over IPv4). */
const mostBytes = 65_507;
/** RFC 3411: an engine id has 5 to 32 octets; empty while it is not known. */
const engineIdLimit = 32;
const userModel = 3;

interface Span {
  from: number;
  to: number;
}

/** The head of an SNMPv3 message; filled anew by each `openSecured`. */
export class SecuredHead {
  msgId = 0;
  flags = 0;
  boots = 0;
  seconds = 0;
  readonly engine: Span = { from: 0, to: 0 };
  readonly user: Span = { from: 0, to: 0 };
  readonly mac: Span = { from: 0, to: 0 };
  readonly salt: Span = { from: 0, to: 0 };
  /** The scoped PDU as a whole, or what of it is encrypted. */
  readonly data: Span = { from: 0, to: 0 };
  encrypted = false;
}

/**
 * Walks an SNMPv3 message as far as its encryption allows.
 *
 * @returns why it is refused; undefined when `head` is filled
 * Source: RFC 3412 §6, RFC 3414 §2.4.
 */
export function openSecured(bytes: Uint8Array, head: SecuredHead): Refusal | undefined {
  const reader = new TlvReader(bytes);
  const length = bytes.length;
  if (!reader.open(0, length, tag.sequence) || reader.end !== length) return "malformed";
  if (!reader.open(reader.at, length, tag.integer)) return "malformed";
  if (readInteger(bytes, reader.at, reader.end) !== 3) return "version";
  if (!reader.open(reader.end, length, tag.sequence)) return "malformed";
  const globalEnd = reader.end;
  if (!readGlobal(bytes, reader, head)) return "malformed";
  if (!reader.open(globalEnd, length, tag.octets)) return "malformed";
  const securityEnd = reader.end;
  if (!readSecurity(bytes, reader, head)) return "malformed";
  if (!reader.open(securityEnd, length) || reader.end !== length) return "malformed";
  return readData(reader, securityEnd, head) ? undefined : "malformed";
}

/** What the message carries, in plain text or encrypted as its flags say. */
function readData(reader: TlvReader, startAt: number, head: SecuredHead): boolean {
  head.encrypted = (head.flags & flag.priv) !== 0;
  // RFC 3412 §6.4: privacy without authentication does not exist.
  if (head.encrypted && !(head.flags & flag.auth)) return false;
  head.data.from = head.encrypted ? reader.at : startAt;
  head.data.to = reader.end;
  return reader.type === (head.encrypted ? tag.octets : tag.sequence);
}

/** msgID, msgMaxSize, msgFlags, msgSecurityModel: all four as they must be. */
function readGlobal(bytes: Uint8Array, reader: TlvReader, head: SecuredHead): boolean {
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.integer)) return false;
  head.msgId = readInteger(bytes, reader.at, reader.end);
  if (!(head.msgId >= 0) || !reader.open(reader.end, end, tag.integer)) return false;
  if (!(readInteger(bytes, reader.at, reader.end) >= 0)) return false;
  if (!reader.open(reader.end, end, tag.octets) || reader.end - reader.at !== 1) return false;
  head.flags = bytes[reader.at] as number;
  if (!reader.open(reader.end, end, tag.integer) || reader.end !== end) return false;
  return readInteger(bytes, reader.at, reader.end) === userModel;
}

/** Engine id, boots, time, user, MAC, salt: exactly these. */
function readSecurity(bytes: Uint8Array, reader: TlvReader, head: SecuredHead): boolean {
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.sequence) || reader.end !== end) return false;
  if (!readSpan(reader, reader.at, end, head.engine, engineIdLimit)) return false;
  if (!reader.open(reader.end, end, tag.integer)) return false;
  head.boots = readInteger(bytes, reader.at, reader.end);
  if (!(head.boots >= 0) || !reader.open(reader.end, end, tag.integer)) return false;
  head.seconds = readInteger(bytes, reader.at, reader.end);
  if (!(head.seconds >= 0) || !readSpan(reader, reader.end, end, head.user, 32)) return false;
  if (!readSpan(reader, reader.end, end, head.mac, 255)) return false;
  return readSpan(reader, reader.end, end, head.salt, 255) && reader.end === end;
}

function readSpan(reader: TlvReader, at: number, limit: number, span: Span, most: number): boolean {
  if (!reader.open(at, limit, tag.octets) || reader.end - reader.at > most) return false;
  span.from = reader.at;
  span.to = reader.end;
  return true;
}

/** A scoped PDU in plain text: where it lies, and whether bytes may follow it. */
export interface PlainPdu extends Span {
  readonly bytes: Buffer;
  readonly pads: boolean;
}

/** Takes the encryption off a message, where it has one; undefined when that cannot be. */
export function decrypted(
  bytes: Buffer,
  head: SecuredHead,
  keys: EngineKeys | undefined,
): PlainPdu | undefined {
  const { from, to } = head.data;
  if (!head.encrypted) return { bytes, from, to, pads: false };
  const cipher = keys?.cipher();
  const salt = bytes.subarray(head.salt.from, head.salt.to);
  const plain = cipher?.decrypt(bytes.subarray(from, to), salt, head);
  return plain && { bytes: plain, from: 0, to: plain.length, pads: cipher?.pads ?? false };
}

/** Where a scoped PDU holds its parts. */
export interface OpenedPdu {
  readonly type: number;
  /** Which engine and context it is about. */
  readonly contextEngineId: Uint8Array;
  readonly context: Uint8Array;
  /** Of the PDU's tag. */
  readonly at: number;
  /** Behind the PDU. */
  readonly end: number;
}

/**
 * Opens a scoped PDU in plain text and fills `head` with its PDU.
 *
 * @param pads - bytes may follow it
 */
export function openScoped(
  bytes: Uint8Array,
  head: AnswerHead,
  { from, to, pads }: Span & { readonly pads: boolean },
): OpenedPdu | Refusal {
  const reader = new TlvReader(bytes);
  if (!reader.open(from, to, tag.sequence) || (!pads && reader.end !== to)) return "malformed";
  if (to - reader.end >= 8) return "malformed";
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.octets)) return "malformed";
  const contextEngineId = bytes.subarray(reader.at, reader.end);
  if (!reader.open(reader.end, end, tag.octets)) return "malformed";
  const context = bytes.subarray(reader.at, reader.end);
  const at = reader.end;
  if (!reader.open(at, end) || reader.end !== end) return "malformed";
  const { type } = reader;
  return openPdu(bytes, reader, head) ?? { type, at, end, contextEngineId, context };
}

export interface SecuredParts {
  readonly msgId: number;
  readonly flags: number;
  readonly engineId: Uint8Array;
  readonly time: EngineTime;
  readonly user: Uint8Array;
  readonly context: Uint8Array;
  /** Whose engine the PDU is about; the same as `engineId` unless said. */
  readonly contextEngineId?: Uint8Array;
  readonly pdu: Uint8Array;
  readonly keys?: EngineKeys | undefined;
}

/** A message as it goes out, encrypted and signed as its flags say. */
export function encodeSecured(parts: SecuredParts): Buffer {
  const { engineId, keys, time, flags } = parts;
  const contextEngine = parts.contextEngineId ?? engineId;
  const scoped = tlv(tag.sequence, tlv(tag.octets, contextEngine), tlv(tag.octets, parts.context), parts.pdu);
  const cipher = flags & flag.priv ? keys?.cipher() : undefined;
  const secret = cipher?.encrypt(scoped, time);
  const data = secret ? tlv(tag.octets, secret.bytes) : scoped;
  const macBytes = flags & flag.auth ? (keys?.macBytes ?? 0) : 0;
  const salt = tlv(tag.octets, secret?.salt ?? Buffer.alloc(0));
  const security = tlv(
    tag.sequence,
    tlv(tag.octets, engineId),
    integerTlv(time.boots),
    integerTlv(time.seconds),
    tlv(tag.octets, parts.user),
    tlv(tag.octets, Buffer.alloc(macBytes)),
    salt,
  );
  const global = tlv(
    tag.sequence,
    integerTlv(parts.msgId),
    integerTlv(mostBytes),
    tlv(tag.octets, Buffer.of(flags)),
    integerTlv(userModel),
  );
  const bytes = tlv(tag.sequence, integerTlv(3), global, tlv(tag.octets, security), data);
  if (keys && macBytes > 0) keys.mac(bytes).copy(bytes, bytes.length - data.length - salt.length - macBytes);
  return bytes;
}

/** Reports about security (RFC 3414 §5) by the last arc of their OID under usmStats. */
export type ReportKind = "level" | "window" | "user" | "engine" | "digest" | "cipher";
const reportKinds: readonly ReportKind[] = ["level", "window", "user", "engine", "digest", "cipher"];
export const usmStats = "1.3.6.1.6.3.15.1.1";

/** What a report is about; undefined for one that says nothing about security. */
export function reportKind(oid: string | undefined): ReportKind | undefined {
  const match = /^1\.3\.6\.1\.6\.3\.15\.1\.1\.([1-6])\.0$/.exec(oid ?? "");
  return match ? reportKinds[Number(match[1]) - 1] : undefined;
}
