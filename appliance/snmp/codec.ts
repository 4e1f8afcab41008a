import {
  copyBytes,
  integerTlv,
  oidBytes,
  oidText,
  parseOid,
  readBigUnsigned,
  readInteger,
  readUnsigned,
  TlvReader,
  tag,
  tlv,
} from "./ber.ts";

export type CommunityVersion = "1" | "2c";

/** One variable as read: `value` is null for the three exceptions of RFC 3416, for NULL and for impossible contents. */
export interface Varbind {
  readonly oid: string;
  readonly tag: number;
  readonly value: VarbindValue;
}
/** Octet strings and opaque values stay bytes; OIDs and addresses are dotted text; a bigint only above 2^53. */
export type VarbindValue = number | bigint | string | Uint8Array | null;

/** A request as it goes out; `idAt` is where its four request-id bytes stand. */
export interface RequestMessage {
  readonly bytes: Buffer;
  readonly idAt: number;
}

export interface RequestParts {
  readonly version: CommunityVersion;
  readonly community: Uint8Array;
  readonly type: "get" | "getNext" | "getBulk";
  readonly oids: readonly string[];
  readonly nonRepeaters?: number;
  readonly maxRepetitions?: number;
}

/** What is asked, whatever the version. */
export type PduParts = Omit<RequestParts, "version" | "community">;

/**
 * A v1 or v2c request with a place for its id. Ids are always written in four bytes, so they must be 2^24 or more.
 * Source: RFC 1157 §4, RFC 3416 §3.
 */
export function encodeRequest(parts: RequestParts): RequestMessage {
  const { pdu, idFromEnd } = encodePdu(parts);
  const version = integerTlv(parts.version === "1" ? 0 : 1);
  const bytes = tlv(tag.sequence, version, tlv(tag.octets, parts.community), pdu);
  return { bytes, idAt: bytes.length - idFromEnd };
}

/** The PDU alone; its four id bytes stand `idFromEnd` before its end. */
export function encodePdu(parts: PduParts): { readonly pdu: Buffer; readonly idFromEnd: number } {
  const varbinds = parts.oids.map((oid) =>
    tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(oid))), Buffer.of(tag.nothing, 0)),
  );
  const bulk = parts.type === "getBulk";
  const second = integerTlv(bulk ? (parts.nonRepeaters ?? 0) : 0);
  const third = integerTlv(bulk ? (parts.maxRepetitions ?? 10) : 0);
  const id = Buffer.of(tag.integer, 4, 0x7f, 0x7f, 0x7f, 0x7f);
  const list = tlv(tag.sequence, ...varbinds);
  const pdu = tlv(tag[parts.type], id, second, third, list);
  return { pdu, idFromEnd: list.length + third.length + second.length + 4 };
}

/** Why a datagram is not taken. Counted under this word. */
export type Refusal =
  | "malformed"
  | "version"
  | "community"
  | "pdu"
  | "late"
  | "address"
  | "mismatch"
  | "order"
  | "flood"
  // Of SNMPv3 only:
  | "level"
  | "engine"
  | "user"
  | "digest"
  | "window"
  | "cipher"
  | "report";

/** The head of an answer: where it says what it is, and where its variables lie. Filled anew by each `openAnswer`. */
export class AnswerHead {
  version: CommunityVersion = "2c";
  communityFrom = 0;
  communityTo = 0;
  /** Of the PDU's tag. */
  pduAt = 0;
  requestId = 0;
  errorStatus = 0;
  errorIndex = 0;
  /** Content of the variable list. */
  from = 0;
  to = 0;
}

/**
 * Walks the head of a v1 or v2c response strictly; the variables are left to the caller.
 *
 * @returns undefined when `head` is filled, else why the datagram is refused
 */
export function openAnswer(bytes: Uint8Array, head: AnswerHead): Refusal | undefined {
  const reader = new TlvReader(bytes);
  const refusal = openEnvelope(bytes, reader, head);
  if (refusal) return refusal;
  if (reader.type !== tag.response) return "pdu";
  if (reader.end !== bytes.length) return "malformed";
  return openPdu(bytes, reader, head);
}

/** Version and community of a v1 or v2c message; afterwards `reader` stands on its PDU, whose end is not looked at yet. */
export function openEnvelope(bytes: Uint8Array, reader: TlvReader, head: AnswerHead): Refusal | undefined {
  const length = bytes.length;
  if (!reader.open(0, length, tag.sequence) || reader.end !== length) return "malformed";
  if (!reader.open(reader.at, length, tag.integer)) return "malformed";
  const version = readInteger(bytes, reader.at, reader.end);
  if (version !== 0 && version !== 1) return "version";
  head.version = version === 0 ? "1" : "2c";
  if (!reader.open(reader.end, length, tag.octets)) return "malformed";
  head.communityFrom = reader.at;
  head.communityTo = reader.end;
  head.pduAt = reader.end;
  return reader.open(reader.end, length) ? undefined : "malformed";
}

/** Reads a PDU's head: `reader` stands on its content. */
export function openPdu(bytes: Uint8Array, reader: TlvReader, head: AnswerHead): Refusal | undefined {
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.integer)) return "malformed";
  head.requestId = readInteger(bytes, reader.at, reader.end);
  if (!reader.open(reader.end, end, tag.integer)) return "malformed";
  head.errorStatus = readInteger(bytes, reader.at, reader.end);
  if (!reader.open(reader.end, end, tag.integer)) return "malformed";
  head.errorIndex = readInteger(bytes, reader.at, reader.end);
  if (!(head.errorStatus >= 0 && head.errorIndex >= 0)) return "malformed";
  if (!reader.open(reader.end, end, tag.sequence) || reader.end !== end) return "malformed";
  head.from = reader.at;
  head.to = reader.end;
  return undefined;
}

/**
 * Every variable of an answer, checked to the last byte.
 *
 * @returns undefined when the list is malformed or longer than `most`
 */
export function readVarbinds(
  bytes: Uint8Array,
  from: number,
  to: number,
  most: number,
): Varbind[] | undefined {
  const reader = new TlvReader(bytes);
  const varbinds: Varbind[] = [];
  for (let at = from; at < to; at = reader.end) {
    if (varbinds.length >= most || !reader.openVarbind(at, to)) return undefined;
    const oid = oidText(bytes, reader.oidFrom, reader.oidTo);
    const value = readValue(bytes, reader.type, reader.at, reader.end);
    if (oid === undefined || value === undefined) return undefined;
    varbinds.push({ oid, tag: reader.type, value });
  }
  return varbinds;
}

/** A value by its tag; null where the content is impossible for it, undefined for a tag that SNMP does not have. */
export function readValue(
  bytes: Uint8Array,
  type: number,
  from: number,
  to: number,
): VarbindValue | undefined {
  switch (type) {
    case tag.integer:
      return orNull(readInteger(bytes, from, to));
    case tag.counter32:
    case tag.gauge32:
    case tag.timeTicks:
    case tag.unsigned32:
      return orNull(readUnsigned(bytes, from, to, 32));
    case tag.counter64:
      return readCounter64(bytes, from, to);
    case tag.octets:
    case tag.opaque:
      return copyBytes(bytes, from, to);
    case tag.oid:
      return oidText(bytes, from, to) ?? null;
    case tag.ipAddress:
      return to - from === 4 ? bytes.subarray(from, to).join(".") : null;
    case tag.nothing:
    case tag.noSuchObject:
    case tag.noSuchInstance:
    case tag.endOfMibView:
      // RFC 3416: these carry no content.
      return to === from ? null : undefined;
    default:
      return undefined;
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function readCounter64(bytes: Uint8Array, from: number, to: number): number | bigint | null {
  const value = readUnsigned(bytes, from, to, 64);
  if (Number.isNaN(value)) return null;
  return value <= Number.MAX_SAFE_INTEGER ? value : readBigUnsigned(bytes, from, to);
}

/** A variable that stands for "not there" (RFC 3416 exceptions). */
export function isException(type: number): boolean {
  return type >= tag.noSuchObject && type <= tag.endOfMibView;
}
