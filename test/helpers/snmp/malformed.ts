import { integerTlv, oidBytes, parseOid, TlvReader, tag, tlv } from "../../../appliance/snmp/ber.ts";
import { type Question, type Recorded, response } from "./replay.ts";

export interface Malformed {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Every way in which an answer to this question can be wrong: of the good answer one thing is changed at a time. */
export function malformedAnswers(question: Question, good: readonly Recorded[]): Malformed[] {
  const bytes = response(question, good);
  return [
    ...damagedNodes(bytes),
    ...wrongHeads(question, good),
    ...wrongVarbinds(question, good),
    ...junk(bytes),
  ];
}

/** The same of any other message: damaged in every place, and junk. */
export function damaged(bytes: Buffer): Malformed[] {
  return [...damagedNodes(bytes), ...junk(bytes)];
}

interface Node {
  readonly name: string;
  /** Of the tag, of the content, behind it. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Every TLV of an answer in the order in which it stands there. */
function nodesOf(bytes: Buffer): Node[] {
  const nodes: Node[] = [];
  const names = ["message", "version", "community", "pdu", "id", "status", "index", "list"];
  const walk = (at: number, limit: number) => {
    for (let next = at; next < limit; ) {
      const reader = new TlvReader(bytes);
      if (!reader.open(next, limit)) return;
      const name = names[nodes.length] ?? `tlv ${nodes.length}`;
      nodes.push({ name, at: next, from: reader.at, to: reader.end });
      const isPdu = reader.type >= tag.get && reader.type <= tag.report;
      if (reader.type === tag.sequence || isPdu) walk(reader.at, reader.end);
      next = reader.end;
    }
  };
  walk(0, bytes.length);
  return nodes;
}

function damagedNodes(bytes: Buffer): Malformed[] {
  return nodesOf(bytes).flatMap(({ name, at, from, to }) => {
    const withLength = (octet: number) => {
      const copy = Buffer.from(bytes);
      copy[at + 1] = octet;
      return copy;
    };
    const withTag = (type: number) => {
      const copy = Buffer.from(bytes);
      copy[at] = type;
      return copy;
    };
    const length = bytes[at + 1] as number;
    return [
      { name: `${name}: length one more`, bytes: withLength(length + 1) },
      ...(length > 0 ? [{ name: `${name}: length one less`, bytes: withLength(length - 1) }] : []),
      { name: `${name}: indefinite length`, bytes: withLength(0x80) },
      { name: `${name}: length of five octets`, bytes: withLength(0x85) },
      {
        name: `${name}: length of 4 GB`,
        bytes: Buffer.concat([
          bytes.subarray(0, at + 1),
          Buffer.of(0x84, 255, 255, 255, 255),
          bytes.subarray(from),
        ]),
      },
      { name: `${name}: long tag`, bytes: withTag(0x1f) },
      { name: `${name}: tag of a bit string`, bytes: withTag(0x03) },
      { name: `${name}: cut before it`, bytes: bytes.subarray(0, at) },
      { name: `${name}: cut behind its tag`, bytes: bytes.subarray(0, at + 1) },
      { name: `${name}: cut inside it`, bytes: bytes.subarray(0, Math.max(from, to - 1)) },
    ].filter((entry) => !entry.bytes.equals(bytes));
  });
}

function wrongHeads(question: Question, good: readonly Recorded[]): Malformed[] {
  const bytes = response(question, good);
  const pduAt = (nodesOf(bytes)[3] as Node).at;
  const tags = [0xa0, 0xa1, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xaf, 0x30];
  const asked = (change: Partial<Question>) => response({ ...question, ...change }, good);
  return [
    ...tags.map((type) => {
      const copy = Buffer.from(bytes);
      copy[pduAt] = type;
      return { name: `PDU tag ${type.toString(16)}`, bytes: copy };
    }),
    ...[2, 3, 4, -1, 255].map((version) => ({ name: `version ${version}`, bytes: asked({ version }) })),
    { name: "the other version", bytes: asked({ version: 1 - question.version }) },
    ...["", "p", "publi", "publicc", "PUBLIC", "x".repeat(500)].map((community) => ({
      name: `community ${JSON.stringify(community.slice(0, 10))}`,
      bytes: asked({ community }),
    })),
    ...[question.id + 1, question.id - 1, -question.id, 0, 1, 0x7fff_ffff].map((id) => ({
      name: `id ${id - question.id} off`,
      bytes: asked({ id }),
    })),
  ];
}

function wrongVarbinds(question: Question, good: readonly Recorded[]): Malformed[] {
  const [first, ...rest] = good as [Recorded, ...Recorded[]];
  const replaced = (name: string, raw: Buffer): Malformed => ({
    name,
    bytes: rawResponse(question, [raw, ...rest.map(encoded)]),
  });
  const withOid = (name: string, oid: Uint8Array) =>
    replaced(name, tlv(tag.sequence, tlv(tag.oid, oid), first.value));
  const withValue = (name: string, value: Buffer) =>
    replaced(name, tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(first.oid))), value));
  const unknownTags = [0x01, 0x03, 0x07, 0x09, 0x0a, 0x31, 0x45, 0x48, 0x5f, 0x83, 0x9f, 0xa2, 0xff];
  return [
    withOid("OID of no bytes", new Uint8Array(0)),
    withOid("OID that never ends", Uint8Array.of(0x2b, 6, 1, 0x81)),
    withOid("OID with a padded arc", Uint8Array.of(0x2b, 6, 0x80, 1)),
    withOid("arc of 64 bit", Uint8Array.of(0x2b, 0x8f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
    withOid("OID of 200 arcs", new Uint8Array(200).fill(1)),
    withOid("another OID", oidBytes(parseOid("1.3.6.1.2.1.1.9.0"))),
    ...unknownTags.map((type) => withValue(`value of tag ${type.toString(16)}`, Buffer.of(type, 1, 5))),
    ...[0x80, 0x81, 0x82, 0x05].map((type) =>
      withValue(`exception ${type.toString(16)} with content`, Buffer.of(type, 2, 1, 2)),
    ),
    replaced("variable without a value", tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(first.oid))))),
    replaced(
      "variable with two values",
      tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(first.oid))), first.value, first.value),
    ),
    replaced("variable that is an integer", integerTlv(7)),
    replaced("empty variable", Buffer.of(tag.sequence, 0)),
    {
      name: "a list of two values inside one sequence",
      bytes: rawResponse(question, [Buffer.concat([encoded(first), Buffer.of(0)])]),
    },
    {
      name: "twenty thousand variables",
      bytes: rawResponse(question, new Array<Buffer>(2_500).fill(encoded(first))),
    },
  ];
}

function junk(bytes: Buffer): Malformed[] {
  return [
    { name: "nothing", bytes: Buffer.alloc(0) },
    { name: "one byte", bytes: Buffer.of(0x30) },
    { name: "four bytes of junk", bytes: Buffer.of(0x30, 5, 1, 2) },
    { name: "zeros", bytes: Buffer.alloc(64) },
    { name: "ones", bytes: Buffer.alloc(1_400, 0xff) },
    { name: "a datagram of 60,000 zeros", bytes: Buffer.alloc(60_000) },
    { name: "sequences without end", bytes: Buffer.alloc(1_000, Buffer.of(0x30, 0x80)) },
    { name: "nested sequences", bytes: Buffer.alloc(1_000, Buffer.of(0x30, 0x7e)) },
    { name: "text", bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n") },
    ...[1, 2, 7, 300].map((more) => ({
      name: `${more} bytes too many`,
      bytes: Buffer.concat([bytes, Buffer.alloc(more)]),
    })),
    { name: "twice", bytes: Buffer.concat([bytes, bytes]) },
    { name: "backwards", bytes: Buffer.from(bytes).reverse() },
  ];
}

export function encoded({ oid, value }: Recorded): Buffer {
  return tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(oid))), value);
}

export function rawResponse(question: Question, varbinds: readonly Buffer[]): Buffer {
  const list = tlv(tag.sequence, ...varbinds);
  const pdu = tlv(tag.response, integerTlv(question.id), integerTlv(0), integerTlv(0), list);
  return tlv(
    tag.sequence,
    integerTlv(question.version),
    tlv(tag.octets, Buffer.from(question.community)),
    pdu,
  );
}
