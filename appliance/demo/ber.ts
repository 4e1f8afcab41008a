/** SNMP value types of the simulated devices, by their BER tag (RFC 3416). */
export const tags = {
  integer: 0x02,
  text: 0x04,
  oid: 0x06,
  ip: 0x40,
  counter32: 0x41,
  gauge: 0x42,
  ticks: 0x43,
  counter64: 0x46,
} as const;
export type Tag = (typeof tags)[keyof typeof tags];
export type Value = number | bigint | string | Uint8Array;

/** One object of a simulated device. `value` is asked at the time of the request. */
export interface MibObject {
  readonly oid: readonly number[];
  readonly tag: Tag;
  readonly value: (nowMs: number) => Value;
}

export const pdu = { get: 0xa0, getNext: 0xa1, response: 0xa2, getBulk: 0xa5 } as const;
export const endOfMibView = 0x82;
export const noSuchInstance = 0x81;
const maxAnswerBytes = 1400;

/** What a manager asks. */
export interface Request {
  readonly version: number;
  readonly community: string;
  readonly type: number;
  readonly id: number;
  readonly nonRepeaters: number;
  readonly repetitions: number;
  readonly oids: readonly (readonly number[])[];
}

/** One variable of the answer: an object, or why there is none. */
export interface Found {
  readonly oid: readonly number[];
  readonly object?: MibObject;
  readonly missing?: number;
}

/** Takes a v1 or v2c request apart; undefined for junk. */
export function readRequest(datagram: Uint8Array): Request | undefined {
  try {
    const message = children(Buffer.from(datagram), 0x30);
    const [version, community, body] = message;
    if (!version || !community || !body) return undefined;
    const type = body.tag;
    if (type !== pdu.get && type !== pdu.getNext && type !== pdu.getBulk) return undefined;
    const [id, second, third, list] = split(body.content);
    if (!id || !second || !third || !list) return undefined;
    return {
      version: readInteger(version.content),
      community: community.content.toString("latin1"),
      type,
      id: readInteger(id.content),
      nonRepeaters: readInteger(second.content),
      repetitions: readInteger(third.content),
      oids: split(list.content).map((bind) => readOid(split(bind.content)[0]?.content ?? Buffer.alloc(0))),
    };
  } catch {
    return undefined; // Junk: a device stays silent.
  }
}

interface Tlv {
  readonly tag: number;
  readonly content: Buffer;
}

function children(buffer: Buffer, tag: number): Tlv[] {
  const outer = split(buffer)[0];
  if (outer?.tag !== tag) throw new RangeError("not a sequence");
  return split(outer.content);
}

function split(buffer: Buffer): Tlv[] {
  const parts: Tlv[] = [];
  for (let at = 0; at < buffer.length; ) {
    const tag = buffer.readUInt8(at);
    let length = buffer.readUInt8(at + 1);
    at += 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      length = buffer.readUIntBE(at, size);
      at += size;
    }
    if (at + length > buffer.length) throw new RangeError("truncated");
    parts.push({ tag, content: buffer.subarray(at, at + length) });
    at += length;
  }
  return parts;
}

function readInteger(content: Buffer): number {
  return content.length === 0 ? 0 : content.readIntBE(0, Math.min(content.length, 6));
}

function readOid(content: Buffer): number[] {
  const first = content[0] ?? 0;
  const oid = first < 80 ? [Math.floor(first / 40), first % 40] : [2, first - 80];
  let value = 0;
  for (const byte of content.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      oid.push(value);
      value = 0;
    }
  }
  return oid;
}

/** Writes the answer; what does not fit one frame is cut, as a switch does. */
export function encode(
  request: Request,
  found: readonly Found[],
  errorStatus: number,
  nowMs: number,
): Buffer {
  const binds: Buffer[] = [];
  let size = 0;
  for (const hit of found) {
    const bind = tlv(0x30, Buffer.concat([tlv(tags.oid, oidBytes(hit.oid)), valueBytes(hit, nowMs)]));
    size += bind.length;
    if (size > maxAnswerBytes && binds.length > 0) break;
    binds.push(bind);
  }
  const list =
    errorStatus === 0
      ? binds
      : request.oids.map((oid) =>
          tlv(0x30, Buffer.concat([tlv(tags.oid, oidBytes(oid)), tlv(0x05, Buffer.alloc(0))])),
        );
  const body = Buffer.concat([
    tlv(0x02, integerBytes(request.id)),
    tlv(0x02, integerBytes(errorStatus)),
    tlv(0x02, integerBytes(errorStatus === 0 ? 0 : 1)),
    tlv(0x30, Buffer.concat(list)),
  ]);
  return tlv(
    0x30,
    Buffer.concat([
      tlv(0x02, integerBytes(request.version)),
      tlv(0x04, Buffer.from(request.community, "latin1")),
      tlv(pdu.response, body),
    ]),
  );
}

function valueBytes(hit: Found, nowMs: number): Buffer {
  if (!hit.object) return tlv(hit.missing ?? endOfMibView, Buffer.alloc(0));
  const { tag } = hit.object;
  const value = hit.object.value(nowMs);
  if (tag === tags.text)
    return tlv(tag, typeof value === "string" ? Buffer.from(value) : Buffer.from(value as Uint8Array));
  if (tag === tags.oid) return tlv(tag, oidBytes(String(value).split(".").map(Number)));
  if (tag === tags.ip) return tlv(tag, Buffer.from(String(value).split(".").map(Number)));
  if (tag === tags.integer) return tlv(tag, integerBytes(Number(value)));
  const bits = tag === tags.counter64 ? 64 : 32;
  return tlv(
    tag,
    unsignedBytes(
      BigInt.asUintN(bits, typeof value === "bigint" ? value : BigInt(Math.floor(Number(value)))),
    ),
  );
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function integerBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = Math.trunc(value);
  do {
    bytes.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (!((rest === 0 && (bytes[0] ?? 0) < 0x80) || (rest === -1 && (bytes[0] ?? 0) >= 0x80)));
  return Buffer.from(bytes);
}

function unsignedBytes(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function oidBytes(oid: readonly number[]): Buffer {
  const bytes = [(oid[0] ?? 0) * 40 + (oid[1] ?? 0)];
  for (const part of oid.slice(2)) {
    const groups = [part % 128];
    for (let rest = Math.floor(part / 128); rest > 0; rest = Math.floor(rest / 128))
      groups.unshift((rest % 128) + 128);
    bytes.push(...groups);
  }
  return Buffer.from(bytes);
}
