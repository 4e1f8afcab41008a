import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../model/time.ts";
import {
  type ConnectFacts,
  connectFacts,
  type Frame,
  filtersAreClean,
  packetTypes,
  publishTopic,
} from "./frames.ts";
import { sift, type Verdict } from "./sift.ts";

/** What to do with one PUBLISH of a signed-in device. A number: wait so many milliseconds and ask again. */
export type PublishVerdict = "pass" | "drop" | number;

export interface GuardHooks {
  /** What the first packet says; called once. */
  connect(facts: ConnectFacts): void;
  publish(topic: string, qos: number): PublishVerdict;
  /** The connection is closed for this reason. */
  refused(reason: string): void;
}

const version5 = "MQTT 5";
// MQTT 5 §3.2.2.2: 0x84 is "Unsupported Protocol Version".
const unsupportedVersion = Buffer.from([0x20, 0x03, 0x00, 0x84, 0x00]);

/**
 * Stands between a socket and the broker's parser by taking the place of `socket.read`. What the parser reads are whole
 * packets that kept the rules: at most 256 KiB, names in clean UTF-8, nothing before CONNECT is accepted. Over its
 * budget a device's QoS 0 messages are left out and its other messages are not read, so that TCP slows the sender.
 */
export class Guard {
  readonly #socket: Duplex;
  readonly #hooks: GuardHooks;
  readonly #clock: Clock;
  readonly #readSocket: (size?: number) => Buffer | null;
  #stage: "new" | "connecting" | "open" | "closed" = "new";
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #neededBytes = 1;
  #hold: Timer | undefined;

  constructor(socket: Duplex, hooks: GuardHooks, clock: Clock) {
    this.#socket = socket;
    this.#hooks = hooks;
    this.#clock = clock;
    this.#readSocket = socket.read.bind(socket);
    // Node's own streams call `read(0)` to fill their buffer and throw away what it gives.
    socket.read = (size) => (size === 0 ? this.#readSocket(0) : this.#read());
    socket.once("close", () => this.#end());
  }

  /** The device has signed in: what it sent meanwhile may be read. */
  signedIn(): void {
    if (this.#stage === "connecting") this.#stage = "open";
  }

  #read(): Buffer | null {
    if (this.#stage === "closed" || this.#hold) return null;
    const passed = this.#look();
    // What waits for the sign-in or for the budget keeps its place: nothing more is read behind it.
    if (passed || this.#waitingBytes >= this.#neededBytes || this.#isClosed()) return passed;
    const data = this.#readSocket();
    if (!data) return null;
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    return this.#look();
  }

  #look(): Buffer | null {
    if (this.#waitingBytes < this.#neededBytes) return null;
    const [only] = this.#waiting;
    const data = this.#waiting.length === 1 && only ? only : Buffer.concat(this.#waiting);
    const { passed, from, neededBytes, close } = sift(data, (frame) => this.#judge(data, frame));
    if (close) {
      this.#close(close);
      return null;
    }
    this.#waiting = from < data.length ? [data.subarray(from)] : [];
    this.#waitingBytes = data.length - from;
    this.#neededBytes = neededBytes;
    return passed;
  }

  #judge(data: Buffer, frame: Frame): Verdict {
    if (this.#stage === "connecting") return "wait";
    if (this.#stage === "new") return this.#judgeFirst(data, frame);
    if (frame.type === packetTypes.publish) return this.#judgePublish(data, frame);
    const hasFilters = frame.type === packetTypes.subscribe || frame.type === packetTypes.unsubscribe;
    return hasFilters && !filtersAreClean(data, frame) ? { close: "bad topic filter" } : "pass";
  }

  #judgeFirst(data: Buffer, frame: Frame): Verdict {
    if (frame.type !== packetTypes.connect) return { close: "no CONNECT first" };
    const facts = connectFacts(data, frame);
    if (!facts) return { close: "malformed CONNECT" };
    this.#hooks.connect(facts);
    if (facts.version === 5) return { close: version5 };
    if (facts.problem) return { close: facts.problem };
    this.#stage = "connecting";
    return "pass";
  }

  #judgePublish(data: Buffer, frame: Frame): Verdict {
    const topic = publishTopic(data, frame);
    if (topic === undefined) return { close: "bad topic" };
    const verdict = this.#hooks.publish(topic, (frame.flags >> 1) & 3);
    if (typeof verdict !== "number") return verdict;
    this.#hold = this.#clock.timer(() => {
      this.#hold = undefined;
      if (!this.#isClosed()) this.#socket.emit("readable");
    }, verdict);
    return "wait";
  }

  #close(reason: string): void {
    this.#end();
    this.#hooks.refused(reason);
    if (reason === version5) this.#socket.end(unsupportedVersion, () => this.#socket.destroy());
    else this.#socket.destroy();
  }

  #isClosed(): boolean {
    return this.#stage === "closed";
  }

  #end(): void {
    this.#stage = "closed";
    this.#hold?.cancel();
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
