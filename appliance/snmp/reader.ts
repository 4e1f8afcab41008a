import { lookup } from "node:dns/promises";
import { isIP, SocketAddress } from "node:net";
import type { AvailabilityReason } from "../model/observation.ts";
import type { AnswerHead, CommunityVersion, Refusal, RequestMessage, Varbind } from "./codec.ts";
import { encodeRequest, readVarbinds } from "./codec.ts";
import type { Exchange, Silence } from "./exchange.ts";

/** Error states of a response (RFC 3416 §3) that we act upon. */
export const errorStatus = {
  tooBig: 1,
  noSuchName: 2,
  genErr: 5,
  noAccess: 6,
  authorizationError: 16,
} as const;

/** The device did not answer, or answered that it will not. */
export class SnmpFailure extends Error {
  readonly reason: AvailabilityReason | "status";
  /** With reason `status`: the error state of the response, and the position (from 1) it is about. */
  readonly status: number;
  readonly index: number;

  constructor(reason: AvailabilityReason | "status", message: string, status = 0, index = 0) {
    super(message);
    this.name = "SnmpFailure";
    this.reason = reason;
    this.status = status;
    this.index = index;
  }
}

/** Reads one device, whatever the protocol version. Each call is one request; rejects with SnmpFailure. */
export interface Reader {
  readonly version: CommunityVersion | "3";
  /** Same order out as in; what the device does not have comes as an exception of RFC 3416 (v1: status noSuchName). */
  get(oids: readonly string[]): Promise<Varbind[]>;
  next(oids: readonly string[]): Promise<Varbind[]>;
  /** What follows `oid`, up to `repetitions` and never more than twice that. Not for v1. */
  bulk(oid: string, repetitions: number): Promise<Varbind[]>;
  /** How many requests went out. */
  readonly requests: number;
}

/** How long and how often a device is asked before it counts as silent. */
export interface Patience {
  readonly timeoutMs: number;
  readonly tries: number;
  /** The first wait, doubled with each try up to `timeoutMs`. */
  readonly paceMs?: number;
}

export interface Peer extends Patience {
  /** Literal address, as sockets report it. */
  readonly address: string;
  readonly port: number;
}

export interface CommunityPeer extends Peer {
  readonly version: CommunityVersion;
  readonly community: Uint8Array;
}

/** A literal address as sockets report it; names are looked up. Rejects with reason `names`. */
export async function literalAddress(host: string): Promise<string> {
  const family = isIP(host);
  if (family === 4) return host;
  if (family === 6)
    return host.includes("%") ? host : new SocketAddress({ address: host, family: "ipv6" }).address;
  try {
    return (await lookup(host)).address;
  } catch (_cause) {
    throw new SnmpFailure("names", `no address for the name ${host.slice(0, 120)}`, 0, 0);
  }
}

export const silences: Record<Silence, string> = {
  timeout: "no answer; the community, the version or a filter can also be the reason",
  unreachable: "the network has no way to it",
  cancelled: "ended before it answered",
};

/** Reads by v1 or v2c through the shared exchange. */
export function communityReader(exchange: Exchange, peer: CommunityPeer, signal?: AbortSignal): Reader {
  let requests = 0;
  const ask = (type: "get" | "getNext" | "getBulk", oids: readonly string[], repetitions: number) => {
    requests++;
    const message = encodeRequest({ ...peer, type, oids, maxRepetitions: repetitions });
    const accept = (varbinds: readonly Varbind[]) => answersTo(type, oids, varbinds);
    const most = type === "getBulk" ? repetitions * 2 : oids.length;
    return oneQuestion({ exchange, peer, message, most, accept, ...(signal ? { signal } : {}) });
  };
  return {
    version: peer.version,
    get: (oids) => ask("get", oids, 0),
    next: (oids) => ask("getNext", oids, 0),
    bulk: (oid, repetitions) => ask("getBulk", [oid], repetitions),
    get requests() {
      return requests;
    },
  };
}

/** Whether the variables can be the answer: to a GET the very ones asked for, to a GETNEXT as many. */
export function answersTo(type: string, oids: readonly string[], varbinds: readonly Varbind[]): boolean {
  if (type === "getBulk") return true;
  if (varbinds.length !== oids.length) return false;
  return type === "getNext" || varbinds.every(({ oid }, position) => oid === oids[position]);
}

interface Question {
  readonly exchange: Exchange;
  readonly peer: CommunityPeer;
  readonly message: RequestMessage;
  /** More variables than this are a flood. */
  readonly most: number;
  readonly accept: (varbinds: readonly Varbind[]) => boolean;
  readonly signal?: AbortSignal;
}

function oneQuestion({ exchange, peer, message, most, accept, signal }: Question): Promise<Varbind[]> {
  return new Promise((resolve, reject) => {
    const fail = (why: Silence) => reject(new SnmpFailure(why, silences[why]));
    if (signal?.aborted) {
      fail("cancelled");
      return;
    }
    exchange.send({
      ...peer,
      message,
      signal,
      take(bytes: Buffer, head: AnswerHead): Refusal | undefined {
        const outcome = readAnswer(bytes, head, most, accept);
        if (typeof outcome === "string") return outcome;
        if (outcome instanceof SnmpFailure) reject(outcome);
        else resolve(outcome);
        return undefined;
      },
      fail,
    });
  });
}

/** The variables of an answer, or what its error state says, or why it is refused. */
export function readAnswer(
  bytes: Buffer,
  head: AnswerHead,
  most: number,
  accept: (varbinds: readonly Varbind[]) => boolean,
): Varbind[] | SnmpFailure | Refusal {
  if (head.errorStatus !== 0) return statusFailure(head.errorStatus, head.errorIndex);
  const varbinds = readVarbinds(bytes, head.from, head.to, most);
  if (!varbinds) return "malformed";
  return accept(varbinds) ? varbinds : "mismatch";
}

export function statusFailure(status: number, index: number): SnmpFailure {
  if (status === errorStatus.authorizationError)
    return new SnmpFailure(
      "auth",
      "the device knows the user or community, but lets it read nothing this way (authorizationError); with version 3 the security level may be too low",
      status,
      index,
    );
  return new SnmpFailure("status", `the device answered with error state ${status}`, status, index);
}
