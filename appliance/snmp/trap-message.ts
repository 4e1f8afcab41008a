import { oidText, readInteger, readUnsigned, type TlvReader, tag } from "./ber.ts";
import { type AnswerHead, openPdu, type Refusal, readVarbinds, type Varbind } from "./codec.ts";

/** RFC 3416 §4.2.6: what a trap of version 2 begins with. */
const trapOid = "1.3.6.1.6.3.1.1.4.1.0";
const uptimeOid = "1.3.6.1.2.1.1.3.0";
/** RFC 3418: the traps that version 1 knew by number. */
const standardTraps = "1.3.6.1.6.3.1.1.5";
/** The generic number of a version 1 trap that its maker defined (RFC 1157 §4.1.6). */
const enterpriseSpecific = 6;
const mostVarbinds = 200;

/** A trap or inform as read, whatever its version. */
export interface Notification {
  /** What it is: snmpTrapOID, for version 1 made as RFC 3584 §3.1 says. */
  readonly oid: string;
  readonly varbinds: readonly Varbind[];
  /** The sender waits for an acknowledgement. */
  readonly isInform: boolean;
}

/**
 * Reads a trap or inform of version 2 (v2c and v3): `reader` stands on the PDU's content, which ends where the message
 * does.
 */
export function openNotification(
  bytes: Uint8Array,
  reader: TlvReader,
  head: AnswerHead,
): Notification | Refusal {
  const isInform = reader.type === tag.inform;
  if (!isInform && reader.type !== tag.trap) return "pdu";
  return openPdu(bytes, reader, head) ?? notificationOf(bytes, head, isInform);
}

/** The same when the PDU's head has been read. */
export function notificationOf(
  bytes: Uint8Array,
  head: AnswerHead,
  isInform: boolean,
): Notification | Refusal {
  const all = readVarbinds(bytes, head.from, head.to, mostVarbinds);
  if (!all) return "malformed";
  // Some agents leave sysUpTime out.
  const at = all.findIndex(({ oid }) => oid === trapOid);
  const named = all[at]?.value;
  if (at < 0 || at > 1 || typeof named !== "string" || all[at]?.tag !== tag.oid) return "malformed";
  if (at === 1 && all[0]?.oid !== uptimeOid) return "malformed";
  return { oid: named, varbinds: all.slice(at + 1), isInform };
}

/** Reads a trap of version 1; `reader` stands on its content. Source: RFC 1157 §4.1.6. */
export function openTrapV1(bytes: Uint8Array, reader: TlvReader): Notification | Refusal {
  const end = reader.end;
  if (!reader.open(reader.at, end, tag.oid)) return "malformed";
  const enterprise = oidText(bytes, reader.at, reader.end);
  if (enterprise === undefined) return "malformed";
  if (!reader.open(reader.end, end, tag.ipAddress) || reader.end - reader.at !== 4) return "malformed";
  if (!reader.open(reader.end, end, tag.integer)) return "malformed";
  const generic = readInteger(bytes, reader.at, reader.end);
  if (!reader.open(reader.end, end, tag.integer)) return "malformed";
  const specific = readInteger(bytes, reader.at, reader.end);
  if (!(generic >= 0 && generic <= enterpriseSpecific && specific >= 0)) return "malformed";
  if (!reader.open(reader.end, end, tag.timeTicks)) return "malformed";
  if (Number.isNaN(readUnsigned(bytes, reader.at, reader.end, 32))) return "malformed";
  if (!reader.open(reader.end, end, tag.sequence) || reader.end !== end) return "malformed";
  const varbinds = readVarbinds(bytes, reader.at, reader.end, mostVarbinds);
  if (!varbinds) return "malformed";
  const oid =
    generic === enterpriseSpecific ? `${enterprise}.0.${specific}` : `${standardTraps}.${generic + 1}`;
  return { oid, varbinds, isInform: false };
}
