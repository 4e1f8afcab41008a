import { tag } from "./ber.ts";
import { AnswerHead, encodePdu, type PduParts, type Refusal, type Varbind } from "./codec.ts";
import type { Exchange, SecuredJob, Silence } from "./exchange.ts";
import { answersTo, type Patience, type Reader, readAnswer, SnmpFailure, silences } from "./reader.ts";
import { engineOf, firstOid, type KnownEngine, sameSpan } from "./usm-engine.ts";
import { isSigned, type UserSettings, UsmUser } from "./usm-keys.ts";
import {
  decrypted,
  encodeSecured,
  flag,
  levelFlags,
  openScoped,
  type PlainPdu,
  type ReportKind,
  reportKind,
  type SecuredHead,
} from "./usm-message.ts";

export interface UserPeer extends UserSettings {
  /** Literal address, as sockets report it. */
  readonly address: string;
  readonly port: number;
}

/** Learning the engine, then its time, then asking; one more where the device restarts in between. */
const mostRounds = 4;

/** What one message brought. `again`: the engine or its time is known better now. */
type Outcome = readonly Varbind[] | SnmpFailure | "again";

const reportWords: Partial<Record<ReportKind, string>> = {
  user: "it refuses the SNMP user: it does not know the name",
  digest: "it refuses the SNMP user: the authentication key or protocol is wrong",
  level: "it refuses the SNMP user: it does not allow the user this level of security",
  cipher: "it refuses the SNMP user: the privacy key or protocol is wrong",
};

/**
 * The box as one user of one device by SNMPv3. Kept over polls: the engine's identity and time are learned once.
 * Source: RFC 3412, RFC 3414.
 */
export class UserSession {
  readonly #exchange: Exchange;
  readonly #peer: UserPeer;
  readonly #user: UsmUser;
  #engine: KnownEngine | undefined;

  constructor(exchange: Exchange, peer: UserPeer) {
    this.#exchange = exchange;
    this.#peer = peer;
    this.#user = new UsmUser(peer);
  }

  /** Without keys anybody can answer in the name of another engine: such a user proves none. */
  get engine(): KnownEngine | undefined {
    return this.#user.level !== "noAuthNoPriv" && this.#engine?.isTrusted ? this.#engine : undefined;
  }

  /** Reads with this patience, until the signal aborts. */
  reader(patience: Patience, signal?: AbortSignal): Reader {
    let requests = 0;
    const ask = async (parts: PduParts, most: number): Promise<Varbind[]> => {
      for (let round = 0; round < mostRounds; round++) {
        if (signal?.aborted) throw new SnmpFailure("cancelled", silences.cancelled);
        requests++;
        const outcome = await this.#question(this.#engine ? { parts, most } : undefined, patience, signal);
        if (outcome === "again") continue;
        if (outcome instanceof SnmpFailure) throw outcome;
        return [...outcome];
      }
      throw new SnmpFailure("protocol", "it does not come to one time with the box");
    };
    return {
      version: "3",
      get: (oids) => ask({ type: "get", oids }, oids.length),
      next: (oids) => ask({ type: "getNext", oids }, oids.length),
      bulk: (oid, repetitions) =>
        ask({ type: "getBulk", oids: [oid], maxRepetitions: repetitions }, repetitions * 2),
      get requests() {
        return requests;
      },
    };
  }

  /** One message; without parts the one that asks who the engine is. */
  #question(
    asked: { readonly parts: PduParts; readonly most: number } | undefined,
    patience: Patience,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const engine = this.#engine;
      const job = new SecuredQuestion({
        ...this.#peer,
        ...patience,
        signal,
        user: this.#user,
        engine,
        nowMs: this.#exchange.monotonicMs(),
        parts: asked?.parts ?? { type: "get", oids: [] },
        most: asked?.most ?? 0,
        done: (outcome) => resolve(outcome),
        learned: (found) => {
          this.#engine = found;
        },
      });
      this.#exchange.send(job);
    });
  }
}

interface QuestionOptions extends Patience {
  readonly address: string;
  readonly port: number;
  readonly signal: AbortSignal | undefined;
  readonly user: UsmUser;
  readonly engine: KnownEngine | undefined;
  readonly nowMs: number;
  readonly parts: PduParts;
  /** More variables than this are a flood. */
  readonly most: number;
  readonly done: (outcome: Outcome) => void;
  /** The engine to go on with; undefined: ask for it again. */
  readonly learned: (engine: KnownEngine | undefined) => void;
}

/** One question by a user, and all that is asked of its answer. */
class SecuredQuestion implements SecuredJob {
  readonly version = "3";
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly paceMs: number;
  readonly tries: number;
  readonly signal: AbortSignal | undefined;
  message: { bytes: Buffer } = { bytes: Buffer.alloc(0) };
  readonly #options: QuestionOptions;
  readonly #head = new AnswerHead();
  #id = 0;
  /** What an unsigned report said: a hint for the reason when nothing better comes. */
  #hint: ReportKind | undefined;

  constructor(options: QuestionOptions) {
    this.#options = options;
    this.address = options.address;
    this.port = options.port;
    this.timeoutMs = options.timeoutMs;
    this.paceMs = options.paceMs ?? options.timeoutMs;
    this.tries = options.tries;
    this.signal = options.signal;
  }

  sign(id: number): void {
    const { user, engine, parts, nowMs } = this.#options;
    this.#id = id;
    const { pdu, idFromEnd } = encodePdu(parts);
    pdu.writeInt32BE(id, pdu.length - idFromEnd);
    const engineId = engine?.id ?? Buffer.alloc(0);
    const bytes = encodeSecured({
      msgId: id,
      flags: (engine ? levelFlags[user.level] : 0) | flag.reportable,
      engineId,
      time: engine?.timeAt(nowMs) ?? { boots: 0, seconds: 0 },
      user: engine ? user.name : Buffer.alloc(0),
      context: user.context,
      pdu,
      keys: engine && user.keys(engineId),
    });
    this.message = { bytes };
  }

  takeSecured(bytes: Buffer, head: SecuredHead): Refusal | undefined {
    const plain = this.#open(bytes, head);
    if (typeof plain === "string") return plain;
    const pdu = openScoped(plain.bytes, this.#head, plain);
    if (typeof pdu === "string") return head.encrypted ? "cipher" : pdu;
    if (pdu.type === tag.report) return this.#takeReport(plain.bytes, bytes, head);
    if (pdu.type !== tag.response) return "pdu";
    return this.#takeResponse(plain.bytes, bytes, head);
  }

  /** Checks the signature, and takes the encryption off. */
  #open(bytes: Buffer, head: SecuredHead): Refusal | PlainPdu {
    const { engine, user } = this.#options;
    if (!(head.flags & flag.auth)) return decrypted(bytes, head, undefined) ?? "malformed";
    if (!engine || !sameSpan(bytes, head.engine, engine.id)) return "engine";
    if (!sameSpan(bytes, head.user, user.name)) return "user";
    const keys = user.keys(engine.id);
    if (!keys || !isSigned(bytes, head.mac, keys)) return "digest";
    return decrypted(bytes, head, keys) ?? "cipher";
  }

  #takeResponse(plain: Buffer, bytes: Buffer, head: SecuredHead): Refusal | undefined {
    const { engine, user, parts, most, done } = this.#options;
    const wanted = levelFlags[user.level];
    if (!engine || (head.flags & wanted) !== wanted) return "level";
    if (!sameSpan(bytes, head.engine, engine.id)) return "engine";
    if (!sameSpan(bytes, head.user, user.name)) return "user";
    if (this.#head.requestId !== this.#id) return "mismatch";
    if (wanted !== 0 && !engine.accepts(head, this.#options.nowMs)) {
      this.#hint = "window";
      return "window";
    }
    const accept = (varbinds: readonly Varbind[]) => answersTo(parts.type, parts.oids, varbinds);
    const outcome = readAnswer(plain, this.#head, most, accept);
    if (typeof outcome === "string") return outcome;
    engine.isTrusted = true;
    done(outcome);
    return undefined;
  }

  #takeReport(plain: Buffer, bytes: Buffer, head: SecuredHead): Refusal | undefined {
    const { engine, learned, done, nowMs } = this.#options;
    const kind = reportKind(firstOid(plain, this.#head));
    const signed = (head.flags & flag.auth) !== 0;
    if (kind === undefined) return "report";
    if (kind === "engine") {
      const found = engineOf(bytes, head, nowMs);
      if (!found) return "malformed";
      // Harmless even when forged: an answer must be signed with keys made for the engine that it names.
      learned(found);
      done("again");
      return undefined;
    }
    if (!engine) return "report";
    if (kind === "window") {
      if (!signed) return "level";
      // Signed, and for this question: newer than anything known, whatever its time says (a restart may reset it).
      engine.set(head, nowMs);
      done("again");
      return undefined;
    }
    this.#hint = kind;
    // A device that has taken this user before may be played by somebody else: the true answer is still waited for.
    if (engine.isTrusted && !signed) return "report";
    done(new SnmpFailure("auth", reportWords[kind] ?? silences.timeout));
    return undefined;
  }

  fail(why: Silence): void {
    const { engine, user, learned, done } = this.#options;
    const hint = this.#hint;
    // A clock that went back without a restart being told: learn it anew.
    if (hint === "window") learned(undefined);
    // From now on its reports are believed at once.
    if (hint && engine) engine.isTrusted = false;
    if (why !== "timeout") done(new SnmpFailure(why, silences[why]));
    else if (hint && reportWords[hint]) done(new SnmpFailure("auth", reportWords[hint]));
    else if (engine && !engine.isTrusted && user.level !== "noAuthNoPriv")
      done(
        new SnmpFailure(
          "auth",
          "it answers, but refuses the SNMP user: probably the privacy key or protocol is wrong",
        ),
      );
    else done(new SnmpFailure("timeout", "no answer; a filter can also be the reason"));
  }
}
