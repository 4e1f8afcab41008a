import type { Candidate, Confidence, Evidence, ProposedCheck } from "../model/discovery.ts";
import type { DeviceKind, Identity } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { isRandomMac, type MakerOf } from "./makers.ts";

/** What makers that build one kind of thing build. Those that build many say nothing. */
const kindsOfMakers: readonly (readonly [maker: RegExp, kind: DeviceKind])[] = [
  [/^(?:brother|kyocera|lexmark|ricoh|konica|canon|epson|oki |xerox|zebra)/i, "printer"],
  [/^(?:ubiquiti|ruckus|cambium|aruba)/i, "ap"],
  [/^axis|hikvision|dahua|mobotix|vivotek|hanwha/i, "camera"],
  [/^(?:synology|qnap|asustor)/i, "nas"],
  [/^(?:apc$|eaton|cyber ?power|riello|socomec)/i, "ups"],
  [/yealink|^snom|grandstream|^polycom|^gigaset/i, "voip"],
  [/^(?:fortinet|sonicwall|watchguard|palo alto|sophos)/i, "firewall"],
  [/^(?:avm|draytek|lancom|teltonika|peplink|cradlepoint)/i, "router"],
  [/^(?:netgear|zyxel|cisco|juniper|extreme|mikrotik)/i, "switch"],
  [/^(?:shelly|allterco|espressif|lumi united)/i, "sensor"],
];

const kindWords: Readonly<Record<DeviceKind, string>> = {
  box: "box",
  router: "router",
  switch: "switch",
  firewall: "firewall",
  ap: "access point",
  wlc: "Wi-Fi controller",
  "lte-router": "mobile router",
  ups: "UPS",
  pdu: "power strip",
  env: "environment sensor",
  nas: "storage",
  server: "server",
  bmc: "server management",
  printer: "printer",
  camera: "camera",
  voip: "phone",
  sensor: "sensor",
  service: "service",
  other: "device",
};

const votes = { answer: 4, announcement: 2, guess: 1 } as const;
const sureFrom = 3;
const likelyFrom = 2;

interface Vote {
  readonly kind: DeviceKind;
  readonly weight: number;
  readonly words: string;
}

function votesOf(evidence: readonly Evidence[], maker: string | undefined): Vote[] {
  const said = evidence.flatMap(({ kind, trust = "guess", words }) =>
    kind && kind !== "other" ? [{ kind, weight: votes[trust], words }] : [],
  );
  const made = maker === undefined ? undefined : kindsOfMakers.find(([pattern]) => pattern.test(maker))?.[1];
  return made ? [...said, { kind: made, weight: votes.guess, words: `maker ${maker}` }] : said;
}

/** The kind with most weight behind it; a tie goes to the single heaviest vote. */
function winner(all: readonly Vote[]): { kind: DeviceKind; weight: number } {
  const sums = new Map<DeviceKind, { weight: number; heaviest: number }>();
  for (const { kind, weight } of all) {
    const { weight: sum, heaviest } = sums.get(kind) ?? { weight: 0, heaviest: 0 };
    sums.set(kind, { weight: sum + weight, heaviest: Math.max(heaviest, weight) });
  }
  const [best] = [...sums].sort(([, a], [, b]) => b.weight - a.weight || b.heaviest - a.heaviest);
  return best ? { kind: best[0], weight: best[1].weight } : { kind: "other", weight: 0 };
}

function confidenceOf(weight: number): Confidence {
  if (weight >= sureFrom) return "sure";
  return weight >= likelyFrom ? "likely" : "guess";
}

const byTrust = (a: Evidence, b: Evidence) => votes[b.trust ?? "guess"] - votes[a.trust ?? "guess"];

/** The surest word on each field. */
function identityOf(
  evidence: readonly Evidence[],
  maker: string | undefined,
  mac: string | undefined,
): Identity {
  const merged: Record<string, string> = {};
  for (const { identity = {} } of [...evidence].sort(byTrust))
    for (const [field, text] of Object.entries(identity)) merged[field] ??= text;
  if (maker !== undefined) merged.vendor ??= maker;
  if (mac !== undefined && !isRandomMac(mac)) merged.mac ??= mac;
  return merged;
}

/** Names that a factory gave. */
const nameless = /^(?:localhost|unknown|none|default|noname|switch|router|printer|system name|sysname)$/i;
/** Whose word of a name counts, best first. */
const nameOrder = ["snmp", "neighbours", "leases", "mdns", "ssdp", "names"];

function nameOf(evidence: readonly Evidence[], fallback: string): string {
  const named = nameOrder.flatMap((finder) => evidence.filter((one) => one.finder === finder));
  for (const { identity, name } of named)
    for (const text of [identity?.sysName, name]) {
      const clean = cleanText(text ?? "", 60);
      if (clean !== "" && !nameless.test(clean)) return clean;
    }
  return fallback;
}

/** IPv4 before IPv6, and addresses that are valid beyond one cable before those that are not. */
export function addressesOf(evidence: readonly Evidence[]): string[] {
  const rank = (address: string) => (address.includes("%") ? 2 : address.includes(":") ? 1 : 0);
  const all = evidence.flatMap(({ address, isPresent }) =>
    address !== undefined && isPresent ? [address] : [],
  );
  return [...new Set(all)].sort((a, b) => rank(a) - rank(b));
}

function checksOf(evidence: readonly Evidence[], kind: DeviceKind): ProposedCheck[] {
  const { credential } = evidence.find((one) => one.credential !== undefined) ?? {};
  const { servicePort } = evidence.find((one) => one.servicePort !== undefined && one.kind === kind) ?? {};
  // What leaves pings unanswered would be down from the moment that somebody approves it.
  const isPinged = !evidence.some(({ isMuteToPing }) => isMuteToPing);
  return [
    ...(isPinged ? [{ type: "ping" as const, settings: {} }] : []),
    ...(credential === undefined ? [] : [{ type: "snmp" as const, settings: { credential } }]),
    ...(servicePort === undefined ? [] : [{ type: "tcp" as const, settings: { port: servicePort } }]),
  ];
}

type Look = Pick<
  Candidate,
  | "addresses"
  | "mac"
  | "isRandomMac"
  | "maker"
  | "kind"
  | "confidence"
  | "reasons"
  | "name"
  | "identity"
  | "checks"
  | "at"
>;

/** What a thing looks like, how sure that is and why, and how it would be watched. Newest evidence first. */
export function lookOf(evidence: readonly Evidence[], makerOf: MakerOf): Look {
  const macs = evidence.flatMap(({ chassis, mac }) => [chassis, mac].flatMap((one) => one ?? []));
  const mac = macs.find((one) => !isRandomMac(one)) ?? macs[0];
  const maker = mac === undefined ? undefined : makerOf(mac);
  const all = votesOf(evidence, maker);
  const { kind, weight } = winner(all);
  const forIt = all.filter((vote) => vote.kind === kind).sort((a, b) => b.weight - a.weight);
  const reasons = new Set([
    ...forIt.map(({ words }) => words),
    ...[...evidence].sort(byTrust).map(({ words }) => words),
    ...(maker === undefined ? [] : [`maker ${maker}`]),
  ]);
  const addresses = addressesOf(evidence);
  const ending = /\.(\d+)$/.exec(addresses[0] ?? "")?.[1];
  const fallback = [maker, kindWords[kind], ending].filter(Boolean).join(" ");
  const at = evidence.find((one) => one.at)?.at;
  return {
    addresses,
    ...(mac === undefined ? {} : { mac }),
    isRandomMac: mac !== undefined && isRandomMac(mac),
    ...(maker === undefined ? {} : { maker }),
    kind,
    confidence: confidenceOf(weight),
    reasons: [...reasons],
    name: nameOf(evidence, cleanText(fallback.charAt(0).toUpperCase() + fallback.slice(1), 60)),
    identity: identityOf(evidence, maker, mac),
    checks: checksOf(evidence, kind),
    ...(at ? { at } : {}),
  };
}
