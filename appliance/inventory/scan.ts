import type { Finder, FinderPlugin, Log } from "../model/contracts.ts";
import type {
  Evidence,
  FindRange,
  FoundAddress,
  Network4,
  OwnInterface,
  Pace,
  ScanProgress,
} from "../model/discovery.ts";
import { ApplianceError } from "../model/errors.ts";
import type { DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";

export interface RunningFinder {
  readonly type: string;
  readonly stage: FinderPlugin["stage"];
  readonly finder: Finder;
}

export interface ScanDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly finders: readonly RunningFinder[];
  readonly pace: Pace;
  readonly networks: readonly Network4[];
  readonly interfaces: readonly OwnInterface[];
  /** The watched device at an address. */
  readonly deviceAt: (address: string, mac: string | undefined) => DeviceId | undefined;
  readonly onProgress: () => void;
}

/** Apart from its packets a finder waits about that long. */
const waitMs = 4_000;

interface Step {
  readonly type: string;
  state: "waiting" | "running" | "done";
  fraction: number;
  expectedMs: number;
}

/** One look through the networks. */
export interface Scan {
  progress(): ScanProgress;
  /** All that was seen. Resolves also when the signal aborts, with what there is until then. */
  run(signal: AbortSignal): Promise<readonly Evidence[]>;
}

class OneScan implements Scan {
  readonly #deps: ScanDeps;
  readonly #steps: Map<RunningFinder, Step>;
  readonly #evidence: Evidence[] = [];
  readonly #problems: string[] = [];
  readonly #startedMs: number;
  readonly #packetsBefore: number;
  #endedMs: number | undefined;

  constructor(deps: ScanDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
    this.#packetsBefore = deps.pace.taken();
    this.#steps = new Map(
      deps.finders.map((one) => [one, { type: one.type, state: "waiting", fraction: 0, expectedMs: 0 }]),
    );
    this.#expect();
  }

  async run(signal: AbortSignal): Promise<readonly Evidence[]> {
    // Search sends one after the other: what the system sends by itself after a sweep is over before the next begins.
    const sweeping = this.#of("search");
    const [first, ...others] = sweeping.sort((a, b) => this.#expectedOf(b) - this.#expectedOf(a));
    if (first) await this.#find(first, signal);
    await this.#findAll(others, signal);
    await this.#findAll(this.#of("read"), signal);
    this.#expect();
    await this.#findAll(this.#of("ask"), signal);
    this.#endedMs = this.#deps.clock.nowMs();
    this.#deps.onProgress();
    return this.#evidence;
  }

  #of(stage: RunningFinder["stage"]): RunningFinder[] {
    return this.#deps.finders.filter((one) => one.stage === stage);
  }

  #expectedOf(one: RunningFinder): number {
    return this.#steps.get(one)?.expectedMs ?? 0;
  }

  /** How long what is still to come will take. */
  #expect(): void {
    const range = this.#range();
    for (const [{ finder, stage }, step] of this.#steps) {
      if (step.state === "done") continue;
      const packets = finder.packets?.(range);
      const waits = stage === "read" || packets === 0 ? 0 : waitMs;
      step.expectedMs = (packets ?? 0) * this.#deps.pace.gapMs + waits;
    }
  }

  #range(): FindRange {
    const { networks, interfaces, deviceAt } = this.#deps;
    const found = new Map<string, FoundAddress>();
    for (const { address, mac, isPresent } of this.#evidence) {
      if (address === undefined || !isPresent) continue;
      const known = found.get(address);
      const oneMac = known?.mac ?? mac;
      const device = known?.device ?? deviceAt(address, oneMac);
      found.set(address, {
        address,
        ...(oneMac === undefined ? {} : { mac: oneMac }),
        ...(device === undefined ? {} : { device }),
      });
    }
    return {
      networks,
      interfaces,
      found: [...found.values()],
      isSwept: this.#deps.finders.some(({ stage, finder }) => stage === "search" && finder.packets),
    };
  }

  async #findAll(finders: readonly RunningFinder[], signal: AbortSignal): Promise<void> {
    await Promise.all(finders.map((one) => this.#find(one, signal)));
  }

  async #find(one: RunningFinder, signal: AbortSignal): Promise<void> {
    const step = this.#steps.get(one);
    if (!step || signal.aborted) return;
    step.state = "running";
    this.#deps.onProgress();
    try {
      const progress = (done: number, total: number) => {
        step.fraction = total > 0 ? Math.min(1, done / total) : 1;
        this.#deps.onProgress();
      };
      this.#evidence.push(...(await one.finder.find(this.#range(), { signal, progress })));
    } catch (error) {
      if (!signal.aborted) this.#failed(one.type, error);
    } finally {
      step.state = "done";
      step.fraction = 1;
      this.#deps.onProgress();
    }
  }

  #failed(type: string, error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    if (!(error instanceof ApplianceError))
      this.#deps.log.error("A finder failed; the others go on", { finder: type, error });
    this.#problems.push(
      error instanceof ApplianceError ? what : `The finder ${type} failed; the log says why.`,
    );
  }

  progress(): ScanProgress {
    const steps = [...this.#steps.values()];
    const expected = steps.reduce((sum, { expectedMs }) => sum + expectedMs, 0);
    const done = steps.reduce((sum, { expectedMs, fraction }) => sum + expectedMs * fraction, 0);
    const addresses = new Set(
      this.#evidence.flatMap(({ address, isPresent }) =>
        isPresent && address !== undefined && !address.includes(":") ? [address] : [],
      ),
    );
    return {
      startedMs: this.#startedMs,
      ...(this.#endedMs === undefined ? { remainingMs: expected - done } : { endedMs: this.#endedMs }),
      running: steps.filter(({ state }) => state === "running").map(({ type }) => type),
      done: Math.round(done),
      total: Math.round(expected),
      packets: this.#deps.pace.taken() - this.#packetsBefore,
      networks: this.#deps.networks.map(({ cidr }) => cidr),
      problems: this.#problems,
      found: addresses.size,
    };
  }
}

export function createScan(deps: ScanDeps): Scan {
  return new OneScan(deps);
}
