/** Types of resource records that are read (RFC 1035, RFC 2782). */
export const recordTypes = { ptr: 12, txt: 16, srv: 33 } as const;

export interface DnsRecord {
  /** Lower case, without a final dot. */
  readonly name: string;
  readonly type: number;
  /** PTR, SRV: the name it leads to, as written. */
  readonly target?: string;
  /** The first label of that name: it may hold dots of its own. */
  readonly label?: string;
  /** SRV. */
  readonly port?: number;
  /** TXT: `key=value` of each string; keys in lower case. */
  readonly texts?: ReadonlyMap<string, string>;
}

const longestName = 255;
const mostRecords = 300;
const classInternet = 1;

/** One question for each name: PTR, class IN, answers to us alone (RFC 6762 §5.4, §6.7). */
export function mdnsQuery(names: readonly string[]): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(names.length, 4);
  const questions = names.map((name) => {
    const tail = Buffer.alloc(4);
    tail.writeUInt16BE(recordTypes.ptr, 0);
    tail.writeUInt16BE(0x8000 | classInternet, 2);
    return Buffer.concat([encodeName(name), tail]);
  });
  return Buffer.concat([head, ...questions]);
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.from(label.slice(0, 63), "utf8"));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

interface ReadName {
  readonly labels: readonly string[];
  readonly end: number;
}

/** Where a pointer at `at` leads; undefined unless that is backwards, so that none goes round (RFC 1035 §4.1.4). */
function pointed(bytes: Buffer, at: number): number | undefined {
  const target = at + 1 < bytes.length ? bytes.readUInt16BE(at) & 0x3fff : at;
  return target < at ? target : undefined;
}

/** One label at `at`; undefined when it is none. */
function labelAt(bytes: Buffer, at: number): string | undefined {
  const size = bytes[at] ?? 64;
  return size > 63 || at + 1 + size > bytes.length
    ? undefined
    : bytes.toString("utf8", at + 1, at + 1 + size);
}

function readName(bytes: Buffer, start: number): ReadName | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let length = 0;
  for (let at: number | undefined = start; at !== undefined && length <= longestName; ) {
    const size = bytes[at] ?? 64;
    if (size === 0) return { labels, end: end ?? at + 1 };
    if (size >= 0xc0) {
      end ??= at + 2;
      at = pointed(bytes, at);
      continue;
    }
    const label = labelAt(bytes, at);
    if (label === undefined) return undefined;
    labels.push(label);
    length += size + 1;
    at += size + 1;
  }
  return undefined;
}

const joined = (labels: readonly string[]) => labels.join(".");

/**
 * Reads an answer.
 *
 * @returns all records of the kinds above; undefined for what is no well-formed answer: then nothing of it counts
 * Source: RFC 1035 §4, RFC 6762 §18.
 */
export function readMdns(bytes: Buffer): DnsRecord[] | undefined {
  if (bytes.length < 12 || (bytes.readUInt16BE(2) & 0x8000) === 0) return undefined;
  const questions = bytes.readUInt16BE(4);
  const answers = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  if (questions > 50 || answers > mostRecords) return undefined;
  let at = 12;
  for (let count = 0; count < questions; count++) {
    const name = readName(bytes, at);
    if (!name || name.end + 4 > bytes.length) return undefined;
    at = name.end + 4;
  }
  const records: DnsRecord[] = [];
  for (let count = 0; count < answers; count++) {
    const read = readRecord(bytes, at);
    if (!read) return undefined;
    at = read.end;
    if (read.record) records.push(read.record);
  }
  return records;
}

function readRecord(bytes: Buffer, start: number): { record?: DnsRecord; end: number } | undefined {
  const owner = readName(bytes, start);
  if (!owner || owner.end + 10 > bytes.length) return undefined;
  const type = bytes.readUInt16BE(owner.end);
  const ttl = bytes.readUInt32BE(owner.end + 4);
  const from = owner.end + 10;
  const end = from + bytes.readUInt16BE(owner.end + 8);
  if (end > bytes.length) return undefined;
  // RFC 6762 §10.1: a time to live of zero is a goodbye.
  const read = ttl === 0 ? undefined : readers[type];
  if (!read) return { end };
  const content = read(bytes, from, end);
  return content && { record: { name: joined(owner.labels).toLowerCase(), type, ...content }, end };
}

type Content = Omit<DnsRecord, "name" | "type">;

/** A name that fills the rest of a record. */
function targetIn(bytes: Buffer, from: number, end: number): Content | undefined {
  const target = from < end ? readName(bytes, from) : undefined;
  if (!target || target.end !== end) return undefined;
  return {
    target: joined(target.labels),
    ...(target.labels[0] === undefined ? {} : { label: target.labels[0] }),
  };
}

const readers: Readonly<Record<number, (bytes: Buffer, from: number, end: number) => Content | undefined>> = {
  [recordTypes.ptr]: targetIn,
  [recordTypes.srv]: (bytes, from, end) => {
    const target = end - from > 6 ? targetIn(bytes, from + 6, end) : undefined;
    return target && { ...target, port: bytes.readUInt16BE(from + 4) };
  },
  [recordTypes.txt]: (bytes, from, end) => {
    const texts = readTexts(bytes, from, end);
    return texts && { texts };
  },
};

/** RFC 6763 §6: strings of `key=value`; one without `=` is a flag, and the first of a key counts. */
function readTexts(bytes: Buffer, from: number, end: number): Map<string, string> | undefined {
  const texts = new Map<string, string>();
  for (let at = from; at < end; ) {
    const size = bytes[at] ?? 0;
    if (at + 1 + size > end) return undefined;
    const text = bytes.toString("utf8", at + 1, at + 1 + size);
    const equals = text.indexOf("=");
    const key = (equals < 0 ? text : text.slice(0, equals)).toLowerCase();
    if (key !== "" && !texts.has(key)) texts.set(key, equals < 0 ? "" : text.slice(equals + 1));
    at += size + 1;
  }
  return texts;
}
