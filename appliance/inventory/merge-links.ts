import type { DeviceId } from "../model/site.ts";
import {
  type LinkConfidence,
  type LinkEnd,
  type LinkEvidence,
  linkEvidences,
  type UnknownNeighbour,
} from "../model/topology.ts";

/** A link as one look at all tables shows it. */
export interface BuiltLink {
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  readonly evidence: readonly LinkEvidence[];
  readonly confidence: LinkConfidence;
  readonly seenMs: number;
  /** The devices whose tables show it. */
  readonly by: readonly DeviceId[];
  readonly neighbour?: UnknownNeighbour;
}

/** A device's id, or the key of an unknown neighbour. */
export const nodeOf = (end: LinkEnd): string => end.device ?? end.neighbour ?? "";

/** Lasting name of a link: both ends with their ports, in the order of the alphabet. */
export function linkId(a: LinkEnd, b: LinkEnd): string {
  const side = (end: LinkEnd) => `${nodeOf(end)}/${end.port ?? end.portName ?? ""}`;
  return [side(a), side(b)].sort().join(" ~ ");
}

/** Makes one link of what several tables tell of it. */
export class LinkMerger {
  readonly #byPair = new Map<string, BuiltLink[]>();

  all(): BuiltLink[] {
    return [...this.#byPair.values()].flat();
  }

  put(link: BuiltLink): void {
    const pair = [nodeOf(link.a), nodeOf(link.b)].sort().join(" ");
    const list = this.#byPair.get(pair) ?? [];
    const at = list.findIndex((known) => isSame(known, link));
    const known = list[at];
    if (known) list[at] = merged(known, link);
    else list.push(link);
    this.#byPair.set(pair, list);
  }
}

/** Whether the ports of two links between the same two do not contradict. Members of one group differ in their ports. */
function isSame(one: BuiltLink, other: BuiltLink): boolean {
  const fits = (a: LinkEnd, b: LinkEnd) =>
    nodeOf(a) === nodeOf(b) && (a.port === undefined || b.port === undefined || a.port === b.port);
  return (fits(one.a, other.a) && fits(one.b, other.b)) || (fits(one.a, other.b) && fits(one.b, other.a));
}

/** A port that is known by its id needs no name besides. */
function mergedEnd(known: LinkEnd, more: LinkEnd): LinkEnd {
  const { portName, ...rest } = { ...more, ...known };
  return rest.port !== undefined || portName === undefined ? rest : { ...rest, portName };
}

function merged(known: BuiltLink, link: BuiltLink): BuiltLink {
  const isTurned = nodeOf(known.a) !== nodeOf(link.a);
  const evidence = linkEvidences.filter((one) => known.evidence.includes(one) || link.evidence.includes(one));
  return {
    ...link,
    ...known,
    a: mergedEnd(known.a, isTurned ? link.b : link.a),
    b: mergedEnd(known.b, isTurned ? link.a : link.b),
    evidence,
    confidence: evidence.some((one) => one !== "forwarding") ? "sure" : known.confidence,
    seenMs: Math.max(known.seenMs, link.seenMs),
    by: [...new Set([...known.by, ...link.by])],
  };
}
