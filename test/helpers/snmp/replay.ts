import { createSocket, type Socket } from "node:dgram";
import { readFileSync } from "node:fs";
import {
  compareOids,
  integerTlv,
  oidBytes,
  oidText,
  parseOid,
  readInteger,
  TlvReader,
  tag,
  tlv,
} from "../../../appliance/snmp/ber.ts";

/** One variable as an agent has it: OID and the encoded value, tag included. */
export interface Recorded {
  readonly oid: string;
  readonly value: Buffer;
}

/** A recording: `OID|tag|value` a line, in OID order; `x` behind the tag: the value is hexadecimal. */
export function readRecording(file: string): Recorded[] {
  return parseRecording(readFileSync(file, "utf8"));
}

export function parseRecording(text: string): Recorded[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [oid = "", type = "", ...rest] = line.split("|");
      return { oid, value: encodeValue(type, rest.join("|")) };
    })
    .sort((a, b) => compareOids(a.oid, b.oid));
}

function encodeValue(type: string, text: string): Buffer {
  const hex = type.endsWith("x");
  const number = Number.parseInt(type, 10);
  if (hex) return tlv(number, Buffer.from(text, "hex"));
  switch (number) {
    case tag.integer:
      return integerTlv(Number(text));
    case tag.oid:
      return tlv(tag.oid, oidBytes(parseOid(text.replace(/^\./, ""))));
    case tag.ipAddress:
      return tlv(tag.ipAddress, Buffer.from(text.split(".").map(Number)));
    case tag.counter32:
    case tag.gauge32:
    case tag.timeTicks:
    case tag.counter64:
      return tlv(number, unsignedBytes(BigInt(text)));
    default:
      return tlv(number, Buffer.from(text, "utf8"));
  }
}

export function unsignedBytes(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  const bytes = Buffer.from(hex, "hex");
  return (bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

export interface Question {
  readonly version: number;
  readonly community: string;
  readonly type: number;
  readonly id: number;
  readonly second: number;
  readonly third: number;
  readonly oids: readonly string[];
}

export function readQuestion(bytes: Buffer): Question {
  const reader = new TlvReader(bytes);
  const next = (wanted: number, inside = false) => {
    if (!reader.open(inside ? reader.at : reader.end, bytes.length, wanted)) throw new Error("not a request");
    return [reader.at, reader.end] as const;
  };
  reader.open(0, bytes.length, tag.sequence);
  const version = readInteger(bytes, ...next(tag.integer, true));
  const community = bytes.subarray(...next(tag.octets)).toString("utf8");
  const type = bytes[reader.end] as number;
  next(type);
  const id = readInteger(bytes, ...next(tag.integer, true));
  const second = readInteger(bytes, ...next(tag.integer));
  const third = readInteger(bytes, ...next(tag.integer));
  const [from, to] = next(tag.sequence);
  const oids: string[] = [];
  for (let at = from; at < to; ) {
    reader.open(at, to, tag.sequence);
    at = reader.end;
    const [start, end] = next(tag.oid, true);
    oids.push(oidText(bytes, start, end) ?? "");
  }
  return { version, community, type, id, second, third, oids };
}

export interface ReplayOptions {
  /** By community; `public` when a list is given alone. */
  readonly recordings: ReadonlyMap<string, readonly Recorded[]>;
  readonly address?: string;
  /** Any free one when absent. */
  readonly port?: number;
  /** v1 only: everything else stays unanswered. */
  readonly onlyV1?: boolean;
  /** Octets an answer may have; GETBULK is cut to fit. */
  readonly maxBytes?: number;
}

export interface ReplayAgent {
  readonly port: number;
  readonly address: string;
  readonly socket: Socket;
  /** Questions so far. */
  readonly asked: () => number;
  /** Exchanges a recording, as firmware does when it restarts. */
  replace(community: string, recording: readonly Recorded[]): void;
  /** Takes packets and stays silent. */
  mute(silent: boolean): void;
  close(): Promise<void>;
}

/** An agent in this process that answers from recordings, v1 and v2c. */
export async function replayAgent(options: ReplayOptions): Promise<ReplayAgent> {
  const books = new Map([...options.recordings].map(([community, list]) => [community, new Book(list)]));
  const address = options.address ?? "127.0.0.1";
  const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
  let count = 0;
  let silent = false;
  socket.on("message", (bytes, from) => {
    count++;
    let question: Question;
    try {
      question = readQuestion(bytes);
    } catch {
      // Version 3, or no request at all: an agent keeps silent.
      return;
    }
    const book = books.get(question.community);
    if (silent || !book || (options.onlyV1 && question.version !== 0)) return;
    socket.send(answer(question, book, options.maxBytes ?? 1472), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(options.port ?? 0, address, resolve));
  return {
    port: socket.address().port,
    address,
    socket,
    asked: () => count,
    replace: (community, recording) => void books.set(community, new Book(recording)),
    mute: (value) => {
      silent = value;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

class Book {
  readonly #list: readonly Recorded[];
  readonly #places: ReadonlyMap<string, number>;

  constructor(list: readonly Recorded[]) {
    this.#list = list;
    this.#places = new Map(list.map(({ oid }, place) => [oid, place]));
  }

  get(oid: string): Recorded | undefined {
    return this.#list[this.#places.get(oid) ?? -1];
  }

  /** Place of the first variable behind `oid`. */
  behind(oid: string): number {
    const known = this.#places.get(oid);
    if (known !== undefined) return known + 1;
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareOids((this.#list[middle] as Recorded).oid, oid) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  at(place: number): Recorded | undefined {
    return this.#list[place];
  }
}

const exception = (type: number) => Buffer.of(type, 0);

function answer(question: Question, book: Book, maxBytes: number): Buffer {
  if (question.type === tag.getBulk) return response(question, bulk(question, book, maxBytes));
  const found = question.oids.map((oid): Recorded => {
    const one = question.type === tag.get ? book.get(oid) : book.at(book.behind(oid));
    const none = question.type === tag.get ? tag.noSuchInstance : tag.endOfMibView;
    return one ?? { oid, value: exception(none) };
  });
  const missing = found.findIndex(({ value }) => (value[0] as number) >= 0x80);
  if (question.version === 0 && missing >= 0)
    return response(
      question,
      question.oids.map((oid) => ({ oid, value: Buffer.of(tag.nothing, 0) })),
      2,
      missing + 1,
    );
  return response(question, found);
}

function bulk(question: Question, book: Book, maxBytes: number): Recorded[] {
  const list: Recorded[] = [];
  let size = 60;
  let last = question.oids[0] as string;
  for (let count = 0; count < question.third; count++) {
    const one = book.at(book.behind(last)) ?? { oid: last, value: exception(tag.endOfMibView) };
    size += one.value.length + one.oid.length;
    if (size > maxBytes && list.length > 0) break;
    list.push(one);
    if (one.value[0] === tag.endOfMibView) break;
    last = one.oid;
  }
  return list;
}

/** An answer as an agent encodes it. */
export function response(question: Question, varbinds: readonly Recorded[], status = 0, index = 0): Buffer {
  const list = varbinds.map(({ oid, value }) =>
    tlv(tag.sequence, tlv(tag.oid, oidBytes(parseOid(oid))), value),
  );
  const pdu = tlv(
    tag.response,
    integerTlv(question.id),
    integerTlv(status),
    integerTlv(index),
    tlv(tag.sequence, ...list),
  );
  return tlv(
    tag.sequence,
    integerTlv(question.version),
    tlv(tag.octets, Buffer.from(question.community)),
    pdu,
  );
}
