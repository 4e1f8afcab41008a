import { integerTlv, oidBytes, parseOid, TlvReader, tag, tlv } from "./ber.ts";
import { AnswerHead, openEnvelope, type Refusal } from "./codec.ts";
import type { OwnEngine } from "./own-engine.ts";
import { type Notification, notificationOf, openNotification, openTrapV1 } from "./trap-message.ts";
import type { EngineTime } from "./usm-cipher.ts";
import { engineOf, isNear, type KnownEngine, sameSpan } from "./usm-engine.ts";
import { isSigned, type UsmUser } from "./usm-keys.ts";
import {
  decrypted,
  encodeSecured,
  flag,
  levelFlags,
  openScoped,
  openSecured,
  SecuredHead,
  usmStats,
} from "./usm-message.ts";

/** One way in which a known device may send: a community, or a user. */
export interface TrapSender<D = string> {
  readonly device: D;
  readonly community?: Uint8Array;
  readonly user?: UsmUser;
}

export interface TrapSenders<D = string> {
  at(address: string): readonly TrapSender<D>[];
  /** By the engine that polls have seen, whatever address a trap comes from. */
  ofEngine(engineId: string): readonly TrapSender<D>[];
  /** What time such an engine has now, by its signed answers to polls. */
  timeOf(engineId: string, nowMs: number): EngineTime | undefined;
}

/** What became of one datagram. `reply` goes back to where it came from. */
export interface TrapOutcome<D = string> {
  readonly taken?: { readonly device: D; readonly notification: Notification };
  /**
   * Why it was not taken. `asked`: a question about the box's own engine, which an inform begins with. `rate`: too many in
   * the name of one device from addresses that are not its own.
   */
  readonly refused?: Refusal | "asked" | "rate";
  readonly reply?: Buffer;
}

/** Engines that send are remembered up to this number. */
const mostEngines = 4_096;

/** Looks at every trap and inform as strictly as at an answer. Silent towards whoever is not known. */
export class TrapGuard<D = string> {
  readonly #senders: TrapSenders<D>;
  readonly #own: OwnEngine;
  readonly #monotonicMs: () => number;
  readonly #mayClaim: (device: D) => boolean;
  readonly #head = new AnswerHead();
  readonly #secured = new SecuredHead();
  readonly #engines = new Map<string, KnownEngine>();
  #asked = 0;

  constructor(deps: {
    readonly senders: TrapSenders<D>;
    readonly own: OwnEngine;
    readonly monotonicMs: () => number;
    /** Asked before a signature is looked at: whether one more that only claims to be of this device may be read. */
    readonly mayClaim: (device: D) => boolean;
  }) {
    this.#senders = deps.senders;
    this.#own = deps.own;
    this.#monotonicMs = deps.monotonicMs;
    this.#mayClaim = deps.mayClaim;
  }

  take(bytes: Buffer, address: string): TrapOutcome<D> {
    const head = this.#head;
    const reader = new TlvReader(bytes);
    const refused = openEnvelope(bytes, reader, head);
    if (refused === "version") return this.#takeSecured(bytes, address);
    const senders = this.#senders.at(address);
    if (senders.length === 0) return { refused: "address" };
    if (refused) return { refused };
    if (reader.end !== bytes.length) return { refused: "malformed" };
    const sender = senders.find(
      ({ community }) =>
        community && sameSpan(bytes, { from: head.communityFrom, to: head.communityTo }, community),
    );
    if (!sender) return { refused: "community" };
    const isV1 = head.version === "1";
    if (isV1 && reader.type !== tag.trapV1) return { refused: "pdu" };
    const notification = isV1 ? openTrapV1(bytes, reader) : openNotification(bytes, reader, head);
    if (typeof notification === "string") return { refused: notification };
    const taken = { device: sender.device, notification };
    return notification.isInform ? { taken, reply: acknowledgement(bytes, head.pduAt) } : { taken };
  }

  #takeSecured(bytes: Buffer, address: string): TrapOutcome<D> {
    const head = this.#secured;
    const refused = openSecured(bytes, head);
    const at = this.#senders.at(address).filter(({ user }) => user);
    if (refused) return { refused: at.length === 0 ? "address" : refused };
    const engineId = Buffer.from(bytes.subarray(head.engine.from, head.engine.to));
    const isOurs = engineId.equals(this.#own.id);
    const senders = at.length > 0 ? at : isOurs ? [] : this.#senders.ofEngine(engineId.toString("hex"));
    const [first] = senders;
    if (!first) return { refused: "address" };
    if (at.length === 0 && !this.#mayClaim(first.device)) return { refused: "rate" };
    if (engineId.length === 0) return this.#answerWho(head);
    const sender = senders.find(({ user }) => user && sameSpan(bytes, head.user, user.name));
    if (!sender?.user) return { refused: "user" };
    const wanted = levelFlags[sender.user.level];
    if ((head.flags & wanted) !== wanted) return { refused: "level" };
    return this.#takeSigned(bytes, engineId, isOurs, { ...sender, user: sender.user });
  }

  /** RFC 3414 §4: whoever informs must learn our engine first. */
  #answerWho(head: SecuredHead): TrapOutcome<D> {
    if (!(head.flags & flag.reportable)) return { refused: "engine" };
    const pdu = reportPdu(head.msgId, 4, ++this.#asked);
    const reply = encodeSecured({
      msgId: head.msgId,
      flags: 0,
      engineId: this.#own.id,
      time: this.#own.timeAt(this.#monotonicMs()),
      user: Buffer.alloc(0),
      context: Buffer.alloc(0),
      pdu,
    });
    return { refused: "asked", reply };
  }

  #takeSigned(
    bytes: Buffer,
    engineId: Buffer,
    isOurs: boolean,
    sender: TrapSender<D> & { readonly user: UsmUser },
  ): TrapOutcome<D> {
    const head = this.#secured;
    const { user } = sender;
    const keys = user.keys(engineId);
    if (keys && !isSigned(bytes, head.mac, keys)) return { refused: "digest" };
    if (keys && !this.#isInTime(bytes, engineId, isOurs)) return this.#outOfTime(sender, isOurs);
    const plain = decrypted(bytes, head, keys);
    if (!plain) return { refused: "cipher" };
    const pdu = openScoped(plain.bytes, this.#head, plain);
    if (typeof pdu === "string") return { refused: head.encrypted ? "cipher" : pdu };
    // RFC 3412 §7.2: the one who must answer is the engine that rules; a trap is its sender's, an inform ours.
    if (pdu.type !== (isOurs ? tag.inform : tag.trap)) return { refused: "pdu" };
    const notification = notificationOf(plain.bytes, this.#head, isOurs);
    if (typeof notification === "string") return { refused: notification };
    const taken = { device: sender.device, notification };
    if (!isOurs) return { taken };
    const response = acknowledgement(plain.bytes, pdu.at).subarray(pdu.at, pdu.end);
    // RFC 3412 §7.1: an answer is about the same engine and context.
    return { taken, reply: this.#reply(sender, response, levelFlags[user.level], pdu) };
  }

  #isInTime(bytes: Buffer, engineId: Buffer, isOurs: boolean): boolean {
    const head = this.#secured;
    const nowMs = this.#monotonicMs();
    if (isOurs) return isNear(head, this.#own.timeAt(nowMs));
    const name = engineId.toString("hex");
    const known = this.#engines.get(name);
    if (known) {
      // An agent that does not count its starts is behind its earlier traps after one: its answers tell the time it has.
      const polled = this.#senders.timeOf(name, nowMs);
      return known.accepts(head, nowMs) || (polled !== undefined && isNear(head, polled));
    }
    const engine = engineOf(bytes, head, nowMs);
    if (!engine) return false;
    engine.isTrusted = true;
    if (this.#engines.size >= mostEngines) this.#engines.clear();
    this.#engines.set(name, engine);
    return true;
  }

  #outOfTime(sender: TrapSender<D> & { readonly user: UsmUser }, isOurs: boolean): TrapOutcome<D> {
    if (!isOurs || !(this.#secured.flags & flag.reportable)) return { refused: "window" };
    const pdu = reportPdu(this.#secured.msgId, 2, ++this.#asked);
    return { refused: "asked", reply: this.#reply(sender, pdu, flag.auth) };
  }

  #reply(
    { user }: { readonly user: UsmUser },
    pdu: Uint8Array,
    flags: number,
    about: { readonly contextEngineId?: Uint8Array; readonly context: Uint8Array } = user,
  ): Buffer {
    const engineId = this.#own.id;
    return encodeSecured({
      msgId: this.#secured.msgId,
      flags,
      engineId,
      time: this.#own.timeAt(this.#monotonicMs()),
      user: user.name,
      context: about.context,
      ...(about.contextEngineId ? { contextEngineId: about.contextEngineId } : {}),
      pdu,
      keys: user.keys(engineId),
    });
  }
}

/** RFC 3416 §4.2.7: the same message as a response. */
function acknowledgement(bytes: Uint8Array, pduAt: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[pduAt] = tag.response;
  return copy;
}

/** A report of one of the counters of RFC 3414 §5. */
function reportPdu(requestId: number, counter: number, count: number): Buffer {
  const oid = oidBytes(parseOid(`${usmStats}.${counter}.0`));
  const varbind = tlv(tag.sequence, tlv(tag.oid, oid), tlv(tag.counter32, integerTlv(count).subarray(2)));
  return tlv(tag.report, integerTlv(requestId), integerTlv(0), integerTlv(0), tlv(tag.sequence, varbind));
}
