import type { Log } from "../model/contracts.ts";
import type {
  Approval,
  Candidate,
  CandidateKeeper,
  Discovered,
  Discovery,
  Evidence,
  Network4,
  OwnInterface,
  Pace,
  ScanProgress,
} from "../model/discovery.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import { type CandidateBook, createCandidateBook } from "./candidates.ts";
import { createKeeping, type Keeping, rememberedMs } from "./keeping.ts";
import type { MakerOf } from "./makers.ts";
import { createScan, type RunningFinder, type Scan } from "./scan.ts";
import { speakerOf } from "./speakers.ts";
import { thingsOf } from "./things.ts";
import { createWatched, type Watched } from "./watched.ts";

/** How often it is looked what is gone and what hangs elsewhere. */
const careMs = 600_000;
/** After a start the box first has other things to do. */
const firstScanMs = 30_000;

export interface DiscoverDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly keeper: CandidateKeeper;
  readonly finders: readonly RunningFinder[];
  readonly pace: Pace;
  readonly makerOf: MakerOf;
  /** Asked anew for each scan: the machine's network changes. */
  readonly networks: () => readonly Network4[];
  readonly interfaces: (networks: readonly Network4[]) => readonly OwnInterface[];
  /** MACs of the box itself. */
  readonly ownMacs: () => readonly string[];
  /** Devices that people put here or that speak by themselves; the box's own stations are none. */
  readonly devices: () => readonly Device[];
  /** Those that speak by MQTT and wait for approval. */
  readonly speakers: () => readonly Device[];
  /** Looks up names that `addressOf` needs. */
  readonly prepare: () => Promise<void>;
  readonly isTaken: (id: DeviceId) => boolean;
  readonly writtenAddress: (device: DeviceId) => string | undefined;
  readonly addressOf: (device: Device) => string | undefined;
  readonly lastSeenMs: (device: DeviceId) => number | undefined;
  /** The port of another device that it hangs on, as far as the switches tell. */
  readonly placeOf: (device: DeviceId) => { readonly device: DeviceId; readonly port: string } | undefined;
  /** Between two scans; absent: only when somebody asks for one. */
  readonly intervalMs?: number;
  readonly rate: number;
  /** Ids of credentials whose community goes in clear. */
  readonly clear: () => readonly string[];
  /** What a rule of the configuration says of a candidate. */
  readonly judge: (
    candidate: Candidate,
  ) => { readonly action: "approve" | "ignore"; readonly approval: Approval } | undefined;
  /** Makes a device of it. Throws CONFIG_INVALID, CONFLICT. */
  readonly approve: (candidate: Candidate, approval: Approval) => void;
  readonly learn: (device: DeviceId, mac: string) => void;
  readonly onMoved: () => void;
  readonly onDiscovered: (change: Discovered) => void;
}

/** Discovery with its timers. */
export interface DiscoveryPart extends Discovery {
  start(): void;
  /** Ends a running scan with what it has. */
  stop(): Promise<void>;
  /** Addresses at which devices are asked instead of the configured ones. */
  moves(): ReadonlyMap<DeviceId, string>;
  /** Resolves when no scan runs. */
  settled(): Promise<void>;
}

class Discover implements DiscoveryPart {
  readonly #deps: DiscoverDeps;
  readonly #book: CandidateBook;
  readonly #watched: Watched;
  readonly #keeping: Keeping;
  readonly #listeners = new Set<() => void>();
  readonly #ending = new AbortController();
  #scan: Scan | undefined;
  #running: Promise<void> | undefined;
  #timers: { scan?: Timer; care?: Timer } = {};

  constructor(deps: DiscoverDeps) {
    this.#deps = deps;
    const onChange = (change: Discovered) => this.#tell(change);
    this.#book = createCandidateBook({ ...deps, onChange });
    this.#watched = createWatched({ ...deps, onChange });
    this.#keeping = createKeeping({ ...deps, watched: this.#watched, onChange });
  }

  start(): void {
    const { clock, intervalMs } = this.#deps;
    this.#care();
    if (intervalMs === undefined) return;
    const next = (delayMs: number) => {
      this.#timers.scan = clock.timer(() => {
        if (!this.#running) this.scan();
        next(intervalMs);
      }, delayMs);
    };
    next(Math.min(firstScanMs, intervalMs));
  }

  async stop(): Promise<void> {
    this.#timers.scan?.cancel();
    this.#timers.care?.cancel();
    this.#ending.abort(new ApplianceError("CONFLICT", "The box stops."));
    await this.#running;
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  moves(): ReadonlyMap<DeviceId, string> {
    return this.#watched.moves();
  }

  scan(): void {
    if (this.#running) throw new ApplianceError("CONFLICT", "A scan is under way already.");
    const networks = this.#deps.networks();
    const scan = createScan({
      ...this.#deps,
      networks,
      interfaces: this.#deps.interfaces(networks),
      deviceAt: this.#watched.locator(),
      onProgress: () => this.#changed(),
    });
    this.#scan = scan;
    this.#running = this.#run(scan).finally(() => {
      this.#running = undefined;
      this.#changed();
    });
  }

  async #run(scan: Scan): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.#deps.prepare();
      const evidence = await scan.run(this.#ending.signal);
      this.#deps.keeper.together(() => this.#take(evidence));
      const { packets, found, networks } = scan.progress();
      log.info("A scan has ended", { networks, packets, addresses: found });
    } catch (error) {
      log.error("A scan failed", { error });
    }
  }

  #take(evidence: readonly Evidence[]): void {
    const { clock, ownMacs } = this.#deps;
    const nowMs = clock.nowMs();
    const own = new Set(ownMacs());
    const foreign = evidence.filter(({ mac }) => mac === undefined || !own.has(mac));
    const rest = this.#watched.recognise(thingsOf(foreign), nowMs);
    for (const thing of rest) {
      // Names and leases alone are no sign of life.
      if (!thing.evidence.some(({ isPresent }) => isPresent)) continue;
      const candidate = this.#book.see(thing, nowMs);
      if (candidate.state === "new") this.#judge(candidate);
    }
    this.#leaveKnown(nowMs);
  }

  /** A candidate that turned out to be a watched device is none any more. */
  #leaveKnown(nowMs: number): void {
    const deviceAt = this.#watched.locator();
    for (const { id, seenMs, addresses, mac } of this.#book.all()) {
      const isOld = seenMs !== nowMs && addresses[0] !== undefined;
      if (isOld && deviceAt(addresses[0] ?? "", mac) !== undefined) this.#book.take(id);
    }
  }

  #judge(candidate: Candidate): void {
    const verdict = this.#deps.judge(candidate);
    if (!verdict) return;
    if (verdict.action === "ignore") {
      this.#book.ignore(candidate, verdict.approval.by);
      return;
    }
    try {
      this.approve(candidate.id, verdict.approval);
    } catch (error) {
      this.#deps.log.warn("A rule could not approve a candidate", { candidate: candidate.id, error });
    }
  }

  candidates(): readonly Candidate[] {
    const speakers = this.#deps.speakers().map((device) => speakerOf(device, this.#book.get(device.id)));
    return [...speakers, ...this.#book.all().filter(({ keys }) => keys.length > 0)];
  }

  candidate(id: string): Candidate | undefined {
    const speaker = this.#deps.speakers().find((device) => device.id === id);
    const candidate = this.#book.get(id);
    return speaker ? speakerOf(speaker, candidate) : candidate;
  }

  #known(id: string): Candidate {
    const candidate = this.candidate(id);
    if (candidate) return candidate;
    throw new ApplianceError("NOT_FOUND", `There is no candidate "${id.slice(0, 64)}".`);
  }

  progress(): ScanProgress | undefined {
    return this.#scan?.progress();
  }

  plan(): ReturnType<Discovery["plan"]> {
    const { networks, intervalMs, clear, rate } = this.#deps;
    return {
      networks: networks().map(({ cidr }) => cidr),
      ...(intervalMs === undefined ? {} : { intervalMs }),
      clear: clear(),
      rate,
    };
  }

  approve(id: string, approval: Approval): DeviceId {
    const candidate = this.#known(id);
    if (candidate.addresses.length === 0 && !candidate.speaks)
      throw new ApplianceError(
        "CONFIG_INVALID",
        `"${candidate.name}" has no address at which it could be asked.`,
      );
    this.#deps.approve(candidate, approval);
    this.#watched.put({
      device: candidate.id,
      seenMs: candidate.seenMs,
      ...(candidate.addresses[0] === undefined ? {} : { address: candidate.addresses[0] }),
      keys: candidate.keys.filter((key) => key.startsWith("port:") || key.startsWith("engine:")),
    });
    this.#book.take(candidate.id);
    this.#changed();
    return candidate.id;
  }

  ignore(id: string, by: string): void {
    this.#book.ignore(this.#known(id), by);
    this.#changed();
  }

  restore(id: string): void {
    this.#book.restore(this.#known(id));
    this.#changed();
  }

  changes(): readonly Discovered[] {
    return this.#deps.keeper.changes(this.#deps.clock.nowMs() - rememberedMs);
  }

  gone(): ReturnType<Discovery["gone"]> {
    return this.#keeping.gone(this.#deps.clock.nowMs());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #tell(change: Discovered): void {
    this.#deps.keeper.addChange(change);
    this.#deps.onDiscovered(change);
  }

  readonly #care = (): void => {
    try {
      const nowMs = this.#deps.clock.nowMs();
      this.#book.forget(nowMs - rememberedMs);
      this.#keeping.run(nowMs);
    } catch (error) {
      this.#deps.log.error("Discovery could not put its records in order", { error });
    }
    this.#timers.care = this.#deps.clock.timer(this.#care, careMs);
  };
}

export function createDiscovery(deps: DiscoverDeps): DiscoveryPart {
  return new Discover(deps);
}
