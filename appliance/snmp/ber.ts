/** Tags of BER (X.690) and SNMP (RFC 2578, RFC 3416) as they stand on the wire. */
export const tag = {
  integer: 0x02,
  octets: 0x04,
  nothing: 0x05,
  oid: 0x06,
  sequence: 0x30,
  ipAddress: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  unsigned32: 0x47,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
  get: 0xa0,
  getNext: 0xa1,
  response: 0xa2,
  trapV1: 0xa4,
  getBulk: 0xa5,
  inform: 0xa6,
  trap: 0xa7,
  report: 0xa8,
} as const;

/** RFC 2578 §3.5: at most 128 arcs of 32 bit. */
export const maxArcs = 128;
const maxArc = 0xffff_ffff;

/**
 * A number written in base 128 as one arc of an OID.
 * Division instead of shifts: an arc may need all 32 bits, unsigned.
 */
function pushArc(out: number[], arc: number): void {
  const low: number[] = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    low.unshift((rest % 128) | 0x80);
  out.push(...low);
}

/** The content bytes of an OID given in numbers. Throws RangeError for arcs that no OID can have. */
export function oidBytes(arcs: readonly number[]): Uint8Array {
  const [first = 0, second = 0, ...rest] = arcs;
  if (arcs.length < 2 || arcs.length > maxArcs || first > 2 || (first < 2 && second > 39))
    throw new RangeError(`Not an OID: ${arcs.slice(0, 20).join(".")}`);
  const out: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    if (!Number.isInteger(arc) || arc < 0 || arc > maxArc + 80) throw new RangeError(`Not an arc: ${arc}`);
    pushArc(out, arc);
  }
  return Uint8Array.from(out);
}

/** The content bytes of the index part of an OID; empty for an empty index. */
export function indexBytes(arcs: readonly number[]): Uint8Array {
  const out: number[] = [];
  for (const arc of arcs) pushArc(out, arc);
  return Uint8Array.from(out);
}

export function parseOid(text: string): number[] {
  return text === "" ? [] : text.split(".").map(Number);
}

/** Dotted numbers without a leading dot; undefined when the bytes are no OID (X.690 §8.19). */
export function oidText(bytes: Uint8Array, from = 0, to = bytes.length): string | undefined {
  if (to <= from) return undefined;
  let text = "";
  let arc = 0;
  let arcs = 1;
  let fresh = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    // A leading 0x80 would give one OID two spellings.
    if (fresh && byte === 0x80) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (arc > maxArc + 80) return undefined;
    fresh = (byte & 0x80) === 0;
    if (!fresh) continue;
    if (++arcs > maxArcs) return undefined;
    text += text === "" ? firstArcs(arc) : `.${arc}`;
    arc = 0;
  }
  return fresh ? text : undefined;
}

function firstArcs(joined: number): string {
  const first = Math.min(2, Math.floor(joined / 40));
  return `${first}.${joined - first * 40}`;
}

/** Below 0, 0 or above 0, as the agent's own order has it: arc by arc, the shorter one first. */
export function compareOids(a: string, b: string): number {
  const left = parseOid(a);
  const right = parseOid(b);
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The arcs below `root`, or undefined when `oid` does not lie below it. */
export function indexBelow(root: string, oid: string): string | undefined {
  return oid.length > root.length && oid.charCodeAt(root.length) === 46 && oid.startsWith(root)
    ? oid.slice(root.length + 1)
    : undefined;
}

/** Bytes of their own: a slice of a Buffer would keep the whole datagram. */
export function copyBytes(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(to - from);
  for (let at = from; at < to; at++) copy[at - from] = bytes[at] as number;
  return copy;
}

/** One tag, length and content. */
export function tlv(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length;
  if (length < 0x80) return Buffer.concat([Buffer.of(type, length), body]);
  if (length < 0x100) return Buffer.concat([Buffer.of(type, 0x81, length), body]);
  return Buffer.concat([Buffer.of(type, 0x82, length >> 8, length & 0xff), body]);
}

/** The shortest two's complement form of a small integer. */
export function integerTlv(value: number): Buffer {
  if (value >= -0x80 && value < 0x80) return Buffer.of(tag.integer, 1, value & 0xff);
  if (value >= -0x8000 && value < 0x8000) return Buffer.of(tag.integer, 2, (value >> 8) & 0xff, value & 0xff);
  const body = Buffer.alloc(4);
  body.writeInt32BE(value);
  return tlv(tag.integer, body);
}

/**
 * Where content begins and ends. A reader that walks TLVs strictly: definite lengths of at most four bytes,
 * every content inside its parent. After `open` returned true `type`, `at` (content) and `end` are set.
 */
export class TlvReader {
  bytes: Uint8Array;
  type = 0;
  /** The OID of the variable that `openVarbind` opened. */
  oidFrom = 0;
  oidTo = 0;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.end = at;
  }

  /** Reads the head at `at`; false when it does not fit before `limit`, or is of another type than `wanted`. */
  open(at: number, limit: number, wanted?: number): boolean {
    const { bytes } = this;
    if (at + 2 > limit) return false;
    this.type = bytes[at] as number;
    // Tags above 30 take more bytes; SNMP has none.
    if ((this.type & 0x1f) === 0x1f) return false;
    let length = bytes[at + 1] as number;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || start + count > limit) return false;
      length = 0;
      for (const end = start + count; start < end; start++) length = length * 256 + (bytes[start] as number);
    }
    this.at = start;
    this.end = start + length;
    return this.end <= limit && (wanted === undefined || this.type === wanted);
  }

  /**
   * Opens a variable, a sequence of an OID and a value that fill it exactly: the OID's place is kept, and the reader
   * stands on the value.
   */
  openVarbind(at: number, limit: number): boolean {
    if (!this.open(at, limit, tag.sequence)) return false;
    const end = this.end;
    if (!this.open(this.at, end, tag.oid) || this.end === this.at) return false;
    this.oidFrom = this.at;
    this.oidTo = this.end;
    return this.open(this.end, end) && this.end === end;
  }
}

/** Two's complement integer of one to four bytes; NaN for any other length. */
export function readInteger(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length < 1 || length > 4) return Number.NaN;
  let value = (bytes[from] as number) & 0x80 ? -1 : 0;
  for (let at = from; at < to; at++) value = value * 256 + (bytes[at] as number);
  return value;
}

/**
 * Unsigned integer of up to `width` bits: one byte more is allowed for a leading zero. NaN for any other length.
 * Agents that forget the leading zero send a high first bit: it is read as what it can only mean, a large number.
 */
export function readUnsigned(bytes: Uint8Array, from: number, to: number, width: 32 | 64): number {
  const length = to - from;
  const most = width / 8;
  if (length < 1 || length > most + 1) return Number.NaN;
  if (length === most + 1 && bytes[from] !== 0) return Number.NaN;
  // Whole 32-bit words: this runs for every value of every poll.
  if (length <= 4) return readWord(bytes, from, to);
  const middle = to - 4;
  const high = length === 9 ? readWord(bytes, from + 1, middle) : readWord(bytes, from, middle);
  return high * 0x1_0000_0000 + readWord(bytes, middle, to);
}

/** At most four bytes, unsigned. */
function readWord(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = (value << 8) | (bytes[at] as number);
  return value >>> 0;
}

/** The exact value of an unsigned integer already known to be well formed. */
export function readBigUnsigned(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  for (let at = from; at < to; at++) value = value * 256n + BigInt(bytes[at] as number);
  return value;
}
