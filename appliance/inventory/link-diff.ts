import { pathDevices } from "../model/path.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { LinkEnd, Neighbours, TopologyLink } from "../model/topology.ts";
import { cleanText } from "../model/words.ts";
import type { BuiltTopology } from "./build-topology.ts";
import { type BuiltLink, linkId, nodeOf } from "./merge-links.ts";

/** A link as it is kept, with what tells whether it is still there. */
export interface KeptLink {
  readonly link: TopologyLink;
  readonly by: readonly DeviceId[];
  /** Fresh tables of its reporters that did not show it. */
  readonly misses: number;
  readonly checkedMs: number;
  /** When it was last written down. */
  readonly savedMs: number;
}

export interface LinkEvent {
  readonly device: DeviceId;
  readonly metric: "moved" | "new_neighbour" | "neighbour_gone";
  readonly channel?: string;
  readonly value: string;
}

export interface LinkDiff {
  readonly kept: ReadonlyMap<string, KeptLink>;
  readonly changed: readonly TopologyLink[];
  readonly events: readonly LinkEvent[];
}

export interface DiffInput {
  readonly kept: ReadonlyMap<string, KeptLink>;
  readonly built: BuiltTopology;
  readonly tables: ReadonlyMap<DeviceId, Neighbours>;
  /** Devices whose tables had been seen before this look. */
  readonly before: ReadonlySet<DeviceId>;
  readonly device: (id: DeviceId) => Device | undefined;
  /** It does not answer: that it is not heard is no news. */
  readonly isSilent: (id: DeviceId) => boolean;
  readonly nowMs: number;
}

/** LLDP and CDP forget a neighbour by themselves after two to three minutes; one table more must agree. */
const missesUntilGone = 2;
/** A device that is switched off hangs where it was for this long. */
const rememberedMs = 30 * 86_400_000;
/** That a link is still there is written down this often. */
const saveEveryMs = 6 * 3_600_000;

const isHeard = ({ evidence }: Pick<TopologyLink, "evidence">) =>
  evidence.some((one) => one !== "forwarding");
const nodesOf = ({ from, to }: TopologyLink) => [nodeOf(from), nodeOf(to)];

class Differ {
  readonly #input: DiffInput;
  readonly #depths: ReadonlyMap<string, number>;
  readonly #kept = new Map<string, KeptLink>();
  readonly #changed: TopologyLink[] = [];
  readonly #events: LinkEvent[] = [];
  readonly #fresh: TopologyLink[] = [];

  constructor(input: DiffInput) {
    this.#input = input;
    this.#depths = depthsOf(input.built.ways);
  }

  run(): LinkDiff {
    for (const built of this.#input.built.links) this.#take(built);
    const gone = [...this.#input.kept].flatMap(([id, kept]) =>
      this.#kept.has(id) ? [] : this.#missing(id, kept),
    );
    this.#tell(gone);
    return { kept: this.#kept, changed: this.#changed, events: this.#events };
  }

  #oriented({ a, b }: BuiltLink): { from: LinkEnd; to: LinkEnd } {
    const depth = (end: LinkEnd) => this.#depths.get(nodeOf(end)) ?? Number.POSITIVE_INFINITY;
    const isTurned = depth(b) < depth(a) || nodeOf(a) === pathDevices.box;
    return isTurned && nodeOf(b) !== pathDevices.box ? { from: b, to: a } : { from: a, to: b };
  }

  #take(built: BuiltLink): void {
    const { nowMs, kept } = this.#input;
    const id = linkId(built.a, built.b);
    const known = kept.get(id);
    const { evidence, confidence, seenMs, neighbour } = built;
    const link: TopologyLink = {
      id,
      ...this.#oriented(built),
      evidence,
      confidence,
      firstMs: known?.link.firstMs ?? (seenMs || nowMs),
      lastMs: Math.max(known?.link.lastMs ?? 0, seenMs),
      ...(neighbour ? { neighbour } : {}),
    };
    const isNews =
      !known || JSON.stringify({ ...known.link, lastMs: 0 }) !== JSON.stringify({ ...link, lastMs: 0 });
    const isDue = isNews || nowMs - known.savedMs >= saveEveryMs;
    if (isDue) this.#changed.push(link);
    if (!known) this.#fresh.push(link);
    this.#kept.set(id, {
      link,
      by: built.by.length > 0 ? built.by : (known?.by ?? []),
      misses: 0,
      checkedMs: seenMs,
      savedMs: isDue ? nowMs : known.savedMs,
    });
  }

  /** A link that no table shows now: kept for a while, or gone. */
  #missing(id: string, kept: KeptLink): TopologyLink[] {
    const { tables, nowMs } = this.#input;
    const { link, by } = kept;
    const fresh = by
      .flatMap((device) => tables.get(device)?.timeMs ?? [])
      .filter((timeMs) => timeMs > kept.checkedMs);
    const misses = kept.misses + (fresh.length > 0 ? 1 : 0);
    if (!this.#isGone(link, misses)) {
      this.#kept.set(id, { ...kept, misses, checkedMs: Math.max(kept.checkedMs, ...fresh) });
      return [];
    }
    const gone = { ...link, goneMs: nowMs };
    this.#changed.push(gone);
    return [gone];
  }

  #isGone(link: TopologyLink, misses: number): boolean {
    const { device, isSilent, built, nowMs } = this.#input;
    const ids = [link.from.device, link.to.device].filter((id) => id !== undefined);
    if (ids.some((id) => !device(id))) return true;
    if (this.#isReplaced(link)) return true;
    if (ids.some((id) => isSilent(id))) return false;
    if (!isHeard(link))
      return (
        nowMs - link.lastMs > rememberedMs ||
        (misses >= missesUntilGone && built.infrastructure.has(nodeOf(link.to)))
      );
    return misses >= missesUntilGone;
  }

  /** What was guessed has another place now; or the same two are joined by better known ports. */
  #isReplaced(link: TopologyLink): boolean {
    const [near = "", far = ""] = nodesOf(link);
    return [...this.#kept.values()].some(({ link: other, misses }) => {
      if (other.id === link.id || misses > 0) return false;
      const nodes = nodesOf(other);
      if (nodes.includes(near) && nodes.includes(far)) return !isHeard(link) || this.#samePort(link, other);
      return !isHeard(link) && nodes.includes(far) && other.confidence !== "unsure";
    });
  }

  #samePort(one: TopologyLink, other: TopologyLink): boolean {
    const ports = (link: TopologyLink) =>
      [link.from, link.to].map((end) => end.port && `${nodeOf(end)}/${end.port}`);
    return ports(one).some((port) => port !== undefined && ports(other).includes(port));
  }

  #tell(gone: readonly TopologyLink[]): void {
    const moved = new Set<string>();
    for (const old of gone) {
      const now = this.#movedTo(old);
      if (!now?.to.device) continue;
      moved.add(old.id).add(now.id);
      const value = `now ${this.#portText(now.from)}, before ${this.#portText(old.from)}`;
      this.#events.push({ device: now.to.device, metric: "moved", value });
    }
    const pair = (link: TopologyLink) => nodesOf(link).sort().join(" ");
    const pairs = (links: Iterable<TopologyLink>) => new Set([...links].map(pair));
    const before = pairs([...this.#input.kept.values()].map(({ link }) => link));
    const after = pairs([...this.#kept.values()].map(({ link }) => link));
    for (const link of this.#fresh)
      if (isHeard(link) && !moved.has(link.id) && !before.has(pair(link)) && this.#isWatched(link))
        this.#tellNeighbour("new_neighbour", link);
    for (const link of gone)
      if (isHeard(link) && !moved.has(link.id) && !after.has(pair(link)))
        this.#tellNeighbour("neighbour_gone", link);
  }

  /** At the first look of a device all its neighbours are new to us, not to it. */
  #isWatched({ from, to }: TopologyLink): boolean {
    return [from.device, to.device].every(
      (id) => id === undefined || !this.#input.tables.has(id) || this.#input.before.has(id),
    );
  }

  /**
   * The link of a device that was put into another socket. Not for what moves by itself (Wi-Fi), and not where only more
   * became known of the way: then the switch still sees it behind the old port.
   */
  #movedTo(old: TopologyLink): TopologyLink | undefined {
    const id = old.to.device;
    const { device, built } = this.#input;
    const found = id && device(id);
    if (!found || old.confidence === "unsure" || !old.from.device || !old.from.port) return undefined;
    const now = [...this.#kept.values()]
      .map(({ link }) => link)
      .find((link) => link.to.device === id && link.confidence !== "unsure" && link.from.port !== undefined);
    if (!now?.from.device || (now.from.device === old.from.device && now.from.port === old.from.port))
      return undefined;
    const oldPort = device(old.from.device)?.ports.find((port) => port.id === old.from.port);
    if (oldPort && built.forwarding.portAt(old.from.device, id) === oldPort.ifIndex) return undefined;
    const isWireless = [old.from.device, now.from.device].some((at) =>
      ["ap", "wlc"].includes(device(at)?.kind ?? ""),
    );
    return isWireless || this.#hasWireless(old.from, id) || this.#hasWireless(now.from, id) ? undefined : now;
  }

  /** Whether another device on the port is an access point. */
  #hasWireless({ device: at, port }: LinkEnd, except: DeviceId): boolean {
    return [...this.#kept.values()].some(({ link: { from, to } }) => {
      const kind = to.device && to.device !== except && this.#input.device(to.device)?.kind;
      return from.device === at && from.port === port && kind === "ap";
    });
  }

  #portText({ device, port }: LinkEnd): string {
    const known = device && this.#input.device(device);
    const name = known?.ports.find(({ id }) => id === port);
    const text = name?.ifName ?? name?.ifDescr ?? port;
    return `${text === undefined ? "" : `port ${cleanText(text, 40)} of `}${cleanText(known?.name ?? "", 60)}`;
  }

  #nameOf(end: LinkEnd, link: TopologyLink): string {
    const name = end.device ? this.#input.device(end.device)?.name : link.neighbour?.name;
    return cleanText(name ?? link.neighbour?.mac ?? "", 80) || "a device without a name";
  }

  #tellNeighbour(metric: LinkEvent["metric"], link: TopologyLink): void {
    const [at, other] = link.from.device ? [link.from, link.to] : [link.to, link.from];
    if (!at.device) return;
    const channel = at.port === undefined ? {} : { channel: at.port as string };
    this.#events.push({ device: at.device, metric, ...channel, value: this.#nameOf(other, link) });
  }
}

function depthsOf(ways: ReadonlyMap<string, string>): Map<string, number> {
  const depths = new Map<string, number>();
  // Nearest first: the node on the way to it is there already.
  for (const [node, from] of ways) depths.set(node, node === from ? 0 : (depths.get(from) ?? 0) + 1);
  return depths;
}

/** What changed since the links that are kept, and what of it is news. Pure. */
export function diffLinks(input: DiffInput): LinkDiff {
  return new Differ(input).run();
}
