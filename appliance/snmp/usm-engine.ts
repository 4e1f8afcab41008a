import type { DeviceId } from "../model/site.ts";
import { oidText, TlvReader } from "./ber.ts";
import type { AnswerHead } from "./codec.ts";
import type { EngineTime } from "./usm-cipher.ts";
import type { SecuredHead } from "./usm-message.ts";

/** RFC 3414 §2.2.3: how far the clocks may be apart. */
const timeWindowSeconds = 150;
/** RFC 3414 §2.4: no engine counts further. */
const mostSeconds = 0x7fff_ffff;

/** An SNMP engine elsewhere, and what is known of its time. */
export class KnownEngine {
  readonly id: Buffer;
  /** It has answered the user as it should: signed, where the user has keys. Then its time is not only said, it is known. */
  isTrusted = false;
  #boots = 0;
  #seconds = 0;
  #atMs = 0;

  constructor(id: Buffer, time: EngineTime, nowMs: number) {
    this.id = id;
    this.set(time, nowMs);
  }

  set({ boots, seconds }: EngineTime, nowMs: number): void {
    this.#boots = boots;
    this.#seconds = seconds;
    this.#atMs = nowMs;
  }

  timeAt(nowMs: number): EngineTime {
    const seconds = this.#seconds + Math.floor((nowMs - this.#atMs) / 1000);
    return { boots: this.#boots, seconds: Math.min(seconds, mostSeconds) };
  }

  /**
   * Whether a signed message is no older than the window allows; what is newer than known moves the clock on.
   * Source: RFC 3414 §3.2 (7b).
   */
  accepts(time: EngineTime, nowMs: number): boolean {
    const known = this.timeAt(nowMs);
    const late =
      time.boots < known.boots ||
      (time.boots === known.boots && time.seconds < known.seconds - timeWindowSeconds);
    if (this.isTrusted && late) return false;
    if (!this.isTrusted || time.boots > known.boots || time.seconds > known.seconds) this.set(time, nowMs);
    return true;
  }
}

/** An engine that gives signed answers when this device is polled. */
export interface PolledEngine {
  readonly device: DeviceId;
  readonly engine: KnownEngine;
}

/** Whether a time is that of the same start, and within the window around now. Source: RFC 3414 §3.2 (7a). */
export function isNear(time: EngineTime, now: EngineTime): boolean {
  return time.boots === now.boots && Math.abs(time.seconds - now.seconds) <= timeWindowSeconds;
}

/** The engine that a message names; undefined when the id has an impossible length (RFC 3411: 5 to 32 octets). */
export function engineOf(bytes: Uint8Array, head: SecuredHead, nowMs: number): KnownEngine | undefined {
  const { from, to } = head.engine;
  if (to - from < 5) return undefined;
  return new KnownEngine(Buffer.from(bytes.subarray(from, to)), head, nowMs);
}

/** The OID of the first variable of a PDU; undefined when there is none or the list is malformed. */
export function firstOid(bytes: Uint8Array, head: AnswerHead): string | undefined {
  const reader = new TlvReader(bytes);
  if (!reader.openVarbind(head.from, head.to)) return undefined;
  return oidText(bytes, reader.oidFrom, reader.oidTo);
}

/** Whether these bytes of the message are the expected ones. */
export function sameSpan(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
  expected: Uint8Array,
): boolean {
  if (to - from !== expected.length) return false;
  for (let k = 0; k < expected.length; k++) if (bytes[from + k] !== expected[k]) return false;
  return true;
}
