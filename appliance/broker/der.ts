/** The few forms of DER that a certificate needs. Source: ITU-T X.690. */
const join = (parts: readonly Uint8Array[]) => Buffer.concat(parts);

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const bytes: number[] = [];
  for (let left = size; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = join(parts);
  return join([Buffer.from([tag]), lengthOf(body.length), body]);
}

export const der = {
  sequence: (...parts: readonly Uint8Array[]) => tlv(0x30, ...parts),
  set: (...parts: readonly Uint8Array[]) => tlv(0x31, ...parts),
  octets: (body: Uint8Array) => tlv(0x04, body),
  /** A whole number of bytes. */
  bits: (body: Uint8Array) => tlv(0x03, Buffer.from([0]), body),
  /** A bit string whose last bits are unused. */
  flags: (byte: number, unused: number) => tlv(0x03, Buffer.from([unused, byte])),
  text: (body: string) => tlv(0x0c, Buffer.from(body)),
  yes: () => tlv(0x01, Buffer.from([0xff])),
  /** Positive, big-endian. */
  integer(body: Uint8Array) {
    const first = body[0] ?? 0;
    return tlv(0x02, ...(first & 0x80 ? [Buffer.from([0])] : []), body);
  },
  oid(dotted: string) {
    const [a = 0, b = 0, ...rest] = dotted.split(".").map(Number);
    const bytes = [a * 40 + b];
    for (const arc of rest) {
      const part = [arc & 0x7f];
      for (let left = arc >>> 7; left > 0; left >>>= 7) part.unshift((left & 0x7f) | 0x80);
      bytes.push(...part);
    }
    return tlv(0x06, Buffer.from(bytes));
  },
  /** UTCTime until 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
  time(atMs: number) {
    const text = new Date(atMs).toISOString().replace(/[-:T]/g, "").slice(0, 14);
    return Number(text.slice(0, 4)) < 2050
      ? tlv(0x17, Buffer.from(`${text.slice(2)}Z`))
      : tlv(0x18, Buffer.from(`${text}Z`));
  },
  /** Context tag `n` around other values. */
  explicit: (n: number, ...parts: readonly Uint8Array[]) => tlv(0xa0 | n, ...parts),
  /** Context tag `n` in place of the value's own. */
  implicit: (n: number, body: Uint8Array) => tlv(0x80 | n, body),
};

export function pem(label: string, body: Uint8Array): string {
  const lines = Buffer.from(body).toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
