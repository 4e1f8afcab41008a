import { integerTlv, oidBytes, parseOid, TlvReader, tag, tlv } from "../../../appliance/snmp/ber.ts";
import { AnswerHead, readVarbinds } from "../../../appliance/snmp/codec.ts";
import { type UserSettings, UsmUser } from "../../../appliance/snmp/usm-keys.ts";
import {
  decrypted,
  encodeSecured,
  flag,
  levelFlags,
  openScoped,
  openSecured,
  SecuredHead,
  usmStats,
} from "../../../appliance/snmp/usm-message.ts";
import { encoded } from "./malformed.ts";
import type { Recorded } from "./replay.ts";
import { twoSockets } from "./scripted.ts";

/** A question of a user as the agent read it. */
export interface UserQuestion {
  readonly msgId: number;
  readonly oids: readonly string[];
  readonly type: number;
}

/** What an answer may say otherwise than an honest one. */
export interface Bent {
  readonly type?: number;
  readonly msgId?: number;
  readonly requestId?: number;
  readonly flags?: number;
  readonly engineId?: Buffer;
  readonly boots?: number;
  readonly seconds?: number;
  readonly user?: string;
  /** Signs and encrypts as this user. */
  readonly as?: UsmUser;
  readonly varbinds?: readonly Recorded[];
  /** Instead of an answer with variables. */
  readonly pdu?: Buffer;
}

export interface UserAgent {
  readonly port: number;
  readonly engine: { id: Buffer; boots: number; seconds: number };
  readonly asked: () => number;
  /** Refuses like an agent that does not have this user, or has another key. */
  refuse(counter: number | undefined): void;
  close(): Promise<void>;
}

type Script = (
  question: UserQuestion,
  make: (bent?: Bent) => Buffer,
  send: { here(bytes: Buffer): void; elsewhere(bytes: Buffer): void },
) => void;

/** The last numbers of usmStats' counters (RFC 3414 §5). */
export const reports = { level: 1, window: 2, user: 3, engine: 4, digest: 5, cipher: 6 } as const;

/** An agent for one user by SNMPv3: tells of its engine and time as it should, and answers as the script says. */
export async function userAgent(settings: UserSettings, script: Script): Promise<UserAgent> {
  const { socket, other, close } = await twoSockets();
  const user = new UsmUser(settings);
  const engine = { id: Buffer.from("80001f88801122334455", "hex"), boots: 5, seconds: 1_000 };
  let asked = 0;
  let refused: number | undefined;
  socket.on("message", (bytes, from) => {
    asked++;
    const head = new SecuredHead();
    if (openSecured(bytes, head)) throw new Error("the box sent something malformed");
    const message = (pdu: Buffer, bent: Bent = {}) =>
      encodeSecured({
        msgId: bent.msgId ?? head.msgId,
        flags: bent.flags ?? levelFlags[user.level],
        engineId: bent.engineId ?? engine.id,
        time: { boots: bent.boots ?? engine.boots, seconds: bent.seconds ?? engine.seconds },
        user: Buffer.from(bent.user ?? settings.user),
        context: Buffer.alloc(0),
        pdu,
        keys: (bent.as ?? user).keys(bent.engineId ?? engine.id),
      });
    const here = (answer: Buffer) => socket.send(answer, from.port, from.address);
    const report = (counter: number, flags: number) =>
      here(message(reportOf(head.msgId, counter), { flags }));
    const engineId = bytes.subarray(head.engine.from, head.engine.to);
    if (!engineId.equals(engine.id)) return report(reports.engine, 0);
    if (refused !== undefined) return report(refused, 0);
    const late = head.boots !== engine.boots || Math.abs(head.seconds - engine.seconds) > 150;
    if (head.flags & flag.auth && late) return report(reports.window, flag.auth);
    const question = readUserQuestion(bytes, head, user);
    const make = (bent: Bent = {}) => {
      const list = tlv(tag.sequence, ...(bent.varbinds ?? []).map(encoded));
      const id = integerTlv(bent.requestId ?? head.msgId);
      const pdu = tlv(bent.type ?? tag.response, id, integerTlv(0), integerTlv(0), list);
      return message(bent.pdu ?? pdu, bent);
    };
    script(question, make, { here, elsewhere: (answer) => other.send(answer, from.port, from.address) });
  });
  return {
    port: socket.address().port,
    engine,
    asked: () => asked,
    refuse: (counter) => {
      refused = counter;
    },
    close,
  };
}

/** A report PDU about one of usmStats' counters. */
export function reportOf(id: number, counter: number): Buffer {
  const oid = oidBytes(parseOid(`${usmStats}.${counter}.0`));
  const varbind = tlv(tag.sequence, tlv(tag.oid, oid), tlv(tag.counter32, Buffer.of(1)));
  return tlv(tag.report, integerTlv(id), integerTlv(0), integerTlv(0), tlv(tag.sequence, varbind));
}

function readUserQuestion(bytes: Buffer, head: SecuredHead, user: UsmUser): UserQuestion {
  const engineId = bytes.subarray(head.engine.from, head.engine.to);
  const plain = decrypted(bytes, head, user.keys(engineId));
  if (!plain) throw new Error("the box sent what cannot be decrypted");
  const answer = new AnswerHead();
  const pdu = openScoped(plain.bytes, answer, plain);
  if (typeof pdu === "string") throw new Error(`the box sent something ${pdu}`);
  const reader = new TlvReader(plain.bytes);
  reader.open(pdu.at, pdu.end);
  const varbinds = readVarbinds(plain.bytes, answer.from, answer.to, 100) ?? [];
  return { msgId: head.msgId, type: pdu.type, oids: varbinds.map(({ oid }) => oid) };
}
