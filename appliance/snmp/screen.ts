import { createSocket, type RemoteInfo, type Socket, type SocketType } from "node:dgram";
import { EventEmitter } from "node:events";
import { oidText, readInteger, TlvReader, tag } from "./ber.ts";

/** Lowest security an answer may have; what comes below it must be a report about the exchange itself. */
export type SecurityLevel = "noAuthNoPriv" | "authNoPriv" | "authPriv";

/** RFC 3412 §6.4: bits of msgFlags. */
const authFlag = 1;
const privFlag = 2;
const levelFlags: Record<SecurityLevel, number> = {
  noAuthNoPriv: 0,
  authNoPriv: authFlag,
  authPriv: authFlag | privFlag,
};
/** RFC 3414 §3.2 and RFC 3412 §7.1: reports that an agent may send in plain text. */
const reportRoots = ["1.3.6.1.6.3.15.1.1.", "1.3.6.1.6.3.11.2.1."];

export interface Screening {
  readonly address: string;
  readonly port: number;
  readonly level: SecurityLevel;
  /** Called with the reason of each datagram that was thrown away. */
  readonly refused: (reason: ScreenRefusal) => void;
}

export type ScreenRefusal = "address" | "malformed" | "version" | "level" | "pdu" | "crash";

/**
 * The `dgramModule` that net-snmp is given. Its manager takes answers from anywhere, plain text in a session with
 * privacy, and an exception in it ends the process; nothing reaches it that was not looked at here.
 */
export function screenedDgram(screening: Screening): { createSocket(type: SocketType): ScreenedSocket } {
  return { createSocket: (type) => new ScreenedSocket(createSocket(type), screening) };
}

/** The part of a datagram socket that net-snmp's session uses. */
export class ScreenedSocket extends EventEmitter {
  readonly #socket: Socket;
  readonly #screening: Screening;

  constructor(socket: Socket, screening: Screening) {
    super();
    this.#socket = socket;
    this.#screening = screening;
    socket.on("message", (bytes, from) => this.#receive(bytes, from));
    socket.on("error", (error) => this.emit("error", error));
    socket.on("close", () => this.emit("close"));
  }

  send(...parts: Parameters<Socket["send"]>): void {
    this.#socket.send(...parts);
  }

  bind(port?: number, address?: string): void {
    this.#socket.bind(port, address);
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  close(): void {
    this.#socket.close();
  }

  #receive(bytes: Buffer, from: RemoteInfo): void {
    const { address, port, level, refused } = this.#screening;
    const elsewhere = from.address !== address || from.port !== port;
    const reason = elsewhere ? "address" : screenV3(bytes, level);
    if (reason) {
      refused(reason);
      return;
    }
    try {
      this.emit("message", bytes, from);
    } catch {
      // The library threw over contents that only it could decrypt; the request then times out by itself.
      refused("crash");
    }
  }
}

/**
 * Walks an SNMPv3 message as far as its encryption allows.
 *
 * @returns why it must not be handed on; undefined when it may
 * Source: RFC 3412 §6, RFC 3414 §2.4.
 */
export function screenV3(bytes: Uint8Array, level: SecurityLevel): ScreenRefusal | undefined {
  const reader = new TlvReader(bytes);
  const length = bytes.length;
  if (!reader.open(0, length, tag.sequence) || reader.end !== length) return "malformed";
  if (!reader.open(reader.at, length, tag.integer)) return "malformed";
  if (readInteger(bytes, reader.at, reader.end) !== 3) return "version";
  if (!reader.open(reader.end, length, tag.sequence)) return "malformed";
  const globalEnd = reader.end;
  const flags = readGlobalFlags(bytes, reader);
  if (flags === undefined) return "malformed";
  if (!reader.open(globalEnd, length, tag.octets)) return "malformed";
  const securityEnd = reader.end;
  if (!isUsm(bytes, reader)) return "malformed";
  if (!reader.open(securityEnd, length) || reader.end !== length) return "malformed";
  const wanted = levelFlags[level];
  const highEnough = (flags & wanted) === wanted;
  return flags & privFlag
    ? screenEncrypted(reader, flags, highEnough)
    : screenScopedPdu(bytes, reader, highEnough);
}

function screenEncrypted(reader: TlvReader, flags: number, highEnough: boolean): ScreenRefusal | undefined {
  // RFC 3412 §6.4: privacy without authentication does not exist.
  if (reader.type !== tag.octets || !(flags & authFlag)) return "malformed";
  return highEnough ? undefined : "level";
}

/** msgID, msgMaxSize, msgFlags, msgSecurityModel; undefined unless all four are what they must be. */
function readGlobalFlags(bytes: Uint8Array, reader: TlvReader): number | undefined {
  const end = reader.end;
  for (let count = 0; count < 2; count++) {
    const at = count === 0 ? reader.at : reader.end;
    if (!reader.open(at, end, tag.integer)) return undefined;
    if (!(readInteger(bytes, reader.at, reader.end) >= 0)) return undefined;
  }
  if (!reader.open(reader.end, end, tag.octets) || reader.end - reader.at !== 1) return undefined;
  const flags = bytes[reader.at] as number;
  if (!reader.open(reader.end, end, tag.integer) || reader.end !== end) return undefined;
  return readInteger(bytes, reader.at, reader.end) === 3 ? flags : undefined;
}

/** Whether the octets hold exactly: engine id, boots, time, user, two parameters. */
function isUsm(bytes: Uint8Array, reader: TlvReader): boolean {
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.sequence) || reader.end !== end) return false;
  const types = [tag.octets, tag.integer, tag.integer, tag.octets, tag.octets, tag.octets];
  let at = reader.at;
  for (const type of types) {
    if (!reader.open(at, end, type)) return false;
    if (type === tag.integer && !(readInteger(bytes, reader.at, reader.end) >= 0)) return false;
    if (type === tag.octets && reader.end - reader.at > 255) return false;
    at = reader.end;
  }
  return at === end;
}

function screenScopedPdu(
  bytes: Uint8Array,
  reader: TlvReader,
  highEnough: boolean,
): ScreenRefusal | undefined {
  const { type: outer, end } = reader;
  if (outer !== tag.sequence) return "malformed";
  for (let count = 0; count < 2; count++) {
    const at = count === 0 ? reader.at : reader.end;
    if (!reader.open(at, end, tag.octets)) return "malformed";
  }
  if (!reader.open(reader.end, end) || reader.end !== end) return "malformed";
  const type = reader.type;
  if (type !== tag.response && type !== tag.report) return "pdu";
  const first = firstVarbindOid(bytes, reader);
  if (first === undefined) return "malformed";
  if (type === tag.report) return reportRoots.some((root) => first.startsWith(root)) ? undefined : "pdu";
  return highEnough ? undefined : "level";
}

/** The OID of the first variable, empty when there is none; undefined when the PDU is malformed. */
function firstVarbindOid(bytes: Uint8Array, reader: TlvReader): string | undefined {
  const end = reader.end;
  let at = reader.at;
  for (let count = 0; count < 3; count++) {
    if (!reader.open(at, end, tag.integer)) return undefined;
    if (Number.isNaN(readInteger(bytes, reader.at, reader.end))) return undefined;
    at = reader.end;
  }
  if (!reader.open(at, end, tag.sequence) || reader.end !== end) return undefined;
  let first = "";
  for (at = reader.at; at < end; at = reader.end) {
    if (!reader.openVarbind(at, end)) return undefined;
    const oid = oidText(bytes, reader.oidFrom, reader.oidTo);
    if (oid === undefined) return undefined;
    first ||= oid;
  }
  return first;
}
