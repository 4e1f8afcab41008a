import { createSocket, type Socket } from "node:dgram";
import {
  encode,
  endOfMibView,
  type Found,
  type MibObject,
  noSuchInstance,
  pdu,
  type Request,
  readRequest,
} from "./ber.ts";

export interface Agent {
  close(): Promise<void>;
}

/**
 * Answers SNMP v1 and v2c GET, GETNEXT and GETBULK for one simulated device (RFC 3416).
 * Anything else, and a wrong community, is left unanswered, as real devices do.
 *
 * @param objects sorted by OID
 */
export async function startAgent(options: {
  readonly address: string;
  readonly port: number;
  readonly community: string;
  readonly objects: readonly MibObject[];
  readonly nowMs: () => number;
  /** A dead device stays silent. */
  readonly alive: () => boolean;
}): Promise<Agent> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port, options.address, () => resolve());
  });
  socket.on("error", () => {
    // The address was taken away under the socket: the device is dead, which is what was asked for.
  });
  socket.on("message", (datagram, from) => {
    if (!options.alive()) return;
    const answer = answerTo(datagram, options.community, options.objects, options.nowMs());
    if (answer) socket.send(answer, from.port, from.address);
  });
  return { close: () => closeSocket(socket) };
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

/** @returns the answer datagram; undefined when the request gets none */
export function answerTo(
  datagram: Uint8Array,
  community: string,
  objects: readonly MibObject[],
  nowMs: number,
): Buffer | undefined {
  const request = readRequest(datagram);
  if (!request || request.community !== community) return undefined;
  const found = request.type === pdu.getBulk ? bulk(request, objects) : single(request, objects);
  if (request.version === 0 && found.some((hit) => hit.missing)) return encode(request, [], 2, nowMs);
  return encode(request, found, 0, nowMs);
}

function single(request: Request, objects: readonly MibObject[]): Found[] {
  return request.oids.map((oid) => {
    const at = firstAtOrAfter(objects, oid);
    const here = objects[at];
    const exact = here !== undefined && compare(here.oid, oid) === 0;
    if (request.type === pdu.get) return exact ? { oid, object: here } : { oid, missing: noSuchInstance };
    return follow(objects, oid, exact ? at + 1 : at);
  });
}

function follow(objects: readonly MibObject[], oid: readonly number[], at: number): Found {
  const next = objects[at];
  return next ? { oid: next.oid, object: next } : { oid, missing: endOfMibView };
}

function bulk(request: Request, objects: readonly MibObject[]): Found[] {
  const found: Found[] = [];
  const cursors = request.oids.map((oid) => {
    const at = firstAtOrAfter(objects, oid);
    const here = objects[at];
    return here !== undefined && compare(here.oid, oid) === 0 ? at + 1 : at;
  });
  const once = Math.min(request.nonRepeaters, cursors.length);
  for (let i = 0; i < once; i++) found.push(follow(objects, request.oids[i] ?? [], cursors[i] ?? 0));
  for (let round = 0; round < request.repetitions && found.length < 512; round++) {
    let alive = false;
    for (let i = once; i < cursors.length; i++) {
      const hit = follow(objects, request.oids[i] ?? [], (cursors[i] ?? 0) + round);
      alive ||= hit.object !== undefined;
      found.push(hit);
    }
    if (!alive) break;
  }
  return found;
}

function firstAtOrAfter(objects: readonly MibObject[], oid: readonly number[]): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(objects[middle]?.oid ?? [], oid) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Order of OIDs, number by number. */
export function compare(a: readonly number[], b: readonly number[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
