import type { Evidence } from "../model/discovery.ts";
import { addressKey, differInStronger, engineKey, macKey, portKey, rankOf, serialKey } from "./keys.ts";

/** Evidence of one and the same thing. */
export interface Thing {
  /** Strongest first. */
  readonly keys: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** A router that answers for others shows one MAC at many addresses: then it says nothing of who they are. */
const mostAddresses = 4;

/**
 * Keys that one piece of evidence shows, strongest first. Serial numbers count only from the device's own answer to a
 * question: anybody may announce one. A lease's address may be somebody else's by now.
 */
export function keysOf(evidence: Evidence): string[] {
  const { address, mac, chassis, engineId, identity, trust, isPresent } = evidence;
  const keys = [
    macKey(chassis),
    trust === "answer" && identity ? serialKey(identity) : undefined,
    engineKey(engineId),
    // Heard by a switch, without an address: most often the chassis has the MAC of the port that answers.
    portKey(mac ?? (address === undefined ? chassis : undefined)),
    address !== undefined && (isPresent || mac === undefined) ? addressKey(address) : undefined,
  ];
  return [...new Set(keys.flatMap((key) => key ?? []))];
}

/** All keys of several, strongest first. */
export function keysOfAll(evidence: readonly Evidence[]): string[] {
  return [...new Set(evidence.flatMap(keysOf))].sort((a, b) => rankOf(a) - rankOf(b));
}

/** Keys that more than one thing shows in the same scan. */
function sharedKeys(evidence: readonly Evidence[]): Set<string> {
  const addresses = new Map<string, Set<string>>();
  const names = new Map<string, Set<string>>();
  const note = (book: Map<string, Set<string>>, key: string | undefined, value: string | undefined) => {
    if (!key || value === undefined) return;
    const known = book.get(key);
    if (known) known.add(value);
    else book.set(key, new Set([value]));
  };
  for (const { mac, address, engineId, identity, isPresent } of evidence) {
    // Link-local addresses come with every other one.
    if (isPresent && !address?.includes(":")) note(addresses, portKey(mac), address);
    note(names, engineKey(engineId), identity?.sysName);
  }
  const shared = new Set<string>();
  for (const [key, values] of addresses) if (values.size >= mostAddresses) shared.add(key);
  // Machines made from one image have the same engine id, and names of their own.
  for (const [key, values] of names) if (values.size > 1) shared.add(key);
  return shared;
}

interface Group {
  keys: string[];
  evidence: Evidence[];
}

/** Puts evidence together by the keys that it shares, strongest first, unless a stronger key says that they are two. */
export function thingsOf(all: readonly Evidence[]): Thing[] {
  const shared = sharedKeys(all);
  const keyed = all
    .map((evidence) => ({ evidence, keys: keysOf(evidence).filter((key) => !shared.has(key)) }))
    .filter(({ keys }) => keys.length > 0)
    .sort((a, b) => rankOf(a.keys[0] ?? "") - rankOf(b.keys[0] ?? ""));
  const byKey = new Map<string, Group>();
  const groups = new Set<Group>();
  for (const { evidence, keys } of keyed) {
    let group: Group = { keys, evidence: [evidence] };
    for (const key of keys) {
      const other = byKey.get(key);
      if (!other || other === group || differInStronger(other.keys, group.keys, key)) continue;
      group = join(other, group, groups, byKey);
    }
    groups.add(group);
    for (const key of group.keys) if (!byKey.has(key)) byKey.set(key, group);
  }
  return [...groups].map(({ keys, evidence }) => ({
    keys: [...keys].sort((a, b) => rankOf(a) - rankOf(b)),
    evidence,
  }));
}

function join(into: Group, from: Group, groups: Set<Group>, byKey: Map<string, Group>): Group {
  into.keys = [...new Set([...into.keys, ...from.keys])];
  into.evidence.push(...from.evidence);
  groups.delete(from);
  for (const [key, group] of byKey) if (group === from) byKey.set(key, into);
  return into;
}
