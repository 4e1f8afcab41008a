import systemPing from "ping";
import { z } from "zod";
import { duration, pollFields, targetPollFields } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import type { Availability, Observation } from "../model/observation.ts";
import { EchoError, type EchoResult, echo } from "../probe/fping.ts";
import {
  type EchoRound,
  newPingState,
  type PingState,
  readingsOf,
  roundFor,
  takeEchoes,
} from "../probe/ping-state.ts";
import { type AddressBook, createAddressBook } from "../probe/resolve.ts";
import { channelOf, maybe } from "../probe/sections.ts";
import { systemEcho } from "../probe/system-ping.ts";

const config = z
  .strictObject({
    ...pollFields({ interval: "10s", timeout: "1s" }),
    probes: z
      .int({ error: "expected a whole number" })
      .min(1)
      .max(10)
      .prefault(3)
      .describe("Echo requests in each round."),
    store: duration({ min: "1s", max: "1h" })
      .prefault("1m")
      .describe("How often the times and the loss gathered meanwhile are stored."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

const target = z
  .strictObject({
    ...targetPollFields(),
    channel: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe("Name of these series, where a device has several."),
    store: duration({ min: "1s", max: "1h" }).optional().describe("How often this one is stored."),
  })
  .prefault({});
type TargetSettings = z.infer<typeof target>;

const remedies = {
  tool: "Install the package fping (apt install fping).",
  permission:
    "Give the service CAP_NET_RAW (AmbientCapabilities=CAP_NET_RAW), or fping the right: setcap cap_net_raw+ep $(command -v fping).",
} as const;

interface Asked {
  readonly target: Target;
  readonly state: PingState;
  readonly address?: string;
  result?: EchoResult;
}

class Ping implements Collector {
  readonly batch = 200;
  readonly #settings: Settings;
  readonly #deps: CollectorDeps;
  readonly #program: string;
  readonly #book: AddressBook;
  readonly #states = new Map<string, PingState>();
  /** Whether this machine lets us ping; found out with the first poll. */
  #problem: EchoError | undefined;
  #isSystemPing = false;

  constructor(settings: Settings, deps: CollectorDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#program = typeof deps.parts.fping === "string" ? deps.parts.fping : "fping";
    this.#book = createAddressBook(deps.clock);
  }

  async poll(
    targets: readonly Target[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Observation[]> {
    const asked = await Promise.all(targets.map((one) => this.#prepare(one)));
    try {
      await this.#askAll(asked, signal);
      this.#works();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EchoError)) throw error;
      this.#warn(error);
      return this.#cannot(asked, error);
    }
    return [...availabilities(asked), ...this.#store(asked)];
  }

  async #prepare(one: Target): Promise<Asked> {
    const settings = one.settings as TargetSettings;
    let state = this.#states.get(one.id);
    if (!state) {
      state = newPingState(one, channelOf(one, settings?.channel), this.#deps.series);
      this.#states.set(one.id, state);
    }
    return { target: one, state, ...maybe("address", await this.#book.find(one.address)) };
  }

  /** One process for each way of asking. */
  async #askAll(asked: readonly Asked[], signal: AbortSignal): Promise<void> {
    const ways = new Map<string, { round: EchoRound; some: Asked[] }>();
    for (const one of asked) {
      if (one.address === undefined) continue;
      const round = roundFor(one.state.misses, this.#settings.probes);
      const key = `${round.count}/${round.periodMs}`;
      const way = ways.get(key);
      if (way) way.some.push(one);
      else ways.set(key, { round, some: [one] });
    }
    await Promise.all([...ways.values()].map(({ round, some }) => this.#ask(round, some, signal)));
  }

  async #ask(round: EchoRound, some: readonly Asked[], signal: AbortSignal): Promise<void> {
    const timeoutMs = Math.max(...some.map((one) => one.target.timeoutMs));
    const addresses = some.map(({ address }) => address ?? "");
    const results = await this.#echo(addresses, { ...round, timeoutMs, signal });
    for (const one of some) {
      one.result = results.get(one.address ?? "") ?? { rttsMs: [], sent: round.count, isUnreachable: false };
      takeEchoes(one.state, one.result);
    }
  }

  async #echo(
    addresses: readonly string[],
    options: { count: number; periodMs: number; timeoutMs: number; signal: AbortSignal },
  ): Promise<Map<string, EchoResult>> {
    try {
      return await echo(addresses, { ...options, program: this.#program });
    } catch (error) {
      if (!(error instanceof EchoError) || error.reason !== "tool") throw error;
      return await this.#otherwise(addresses, options, error);
    }
  }

  async #otherwise(
    addresses: readonly string[],
    options: { count: number; timeoutMs: number; signal: AbortSignal },
    missing: EchoError,
  ): Promise<Map<string, EchoResult>> {
    try {
      const results = await systemEcho(systemPing.promise, addresses, options);
      if (!this.#isSystemPing)
        this.#deps.log.warn("fping is missing; the system's ping is used, one process for each device", {
          remedy: remedies.tool,
        });
      this.#isSystemPing = true;
      return results;
    } catch {
      // Neither program is there: what is said names the first.
      options.signal.throwIfAborted();
      throw missing;
    }
  }

  #warn(error: EchoError): void {
    this.#deps.counters.add(`ping_cannot_${error.reason}`);
    if (this.#problem?.reason !== error.reason)
      this.#deps.log.warn("Ping does not work on this machine; no device is called down by it", {
        what: error.message,
        remedy: remedies[error.reason],
      });
    this.#problem = error;
  }

  #works(): void {
    if (this.#problem) this.#deps.log.info("Ping works again");
    this.#problem = undefined;
  }

  #cannot(asked: readonly Asked[], { reason, message }: EchoError): Observation[] {
    const devices = new Set(asked.map(({ target: { device } }) => device));
    return [...devices].map((device) => ({
      record: "availability",
      device,
      via: "ping",
      state: "offline",
      reason,
      detail: `${message} ${remedies[reason]}`,
    }));
  }

  #store(asked: readonly Asked[]): Observation[] {
    const nowMs = this.#deps.clock.monotonicMs();
    const due = asked.filter(({ target: { settings, intervalMs }, state, result }) => {
      const everyMs = (settings as TargetSettings)?.store ?? this.#settings.store;
      // Rounds begin a little early or late; half an interval decides.
      return (
        result !== undefined &&
        (state.storedMs === undefined || nowMs - state.storedMs >= everyMs - intervalMs / 2)
      );
    });
    return due.map(({ target: one, state }) => {
      state.storedMs = nowMs;
      return readingsOf(state, one, this.#deps.clock.nowMs());
    });
  }

  forget(targetId: string): void {
    this.#states.delete(targetId);
  }

  async close(): Promise<void> {
    this.#states.clear();
  }
}

/** One answer a device: it answers when one of its addresses does. */
function availabilities(asked: readonly Asked[]): Availability[] {
  const byDevice = new Map<string, Asked[]>();
  for (const one of asked) {
    const of = byDevice.get(one.target.device);
    if (of) of.push(one);
    else byDevice.set(one.target.device, [one]);
  }
  return [...byDevice].map(([device, of]) => ({
    record: "availability",
    device,
    via: "ping",
    ...outcome(of),
  }));
}

function outcome(of: readonly Asked[]): Pick<Availability, "state" | "reason" | "detail"> {
  if (of.some(({ result }) => (result?.rttsMs.length ?? 0) > 0)) return { state: "online" };
  const sent = of.reduce((sum, { result }) => sum + (result?.sent ?? 0), 0);
  if (sent === 0)
    return {
      state: "offline",
      reason: "names",
      detail: `the name ${of[0]?.target.address ?? ""} does not resolve`,
    };
  const isUnreachable = of.some(({ result }) => result?.isUnreachable);
  return {
    state: "offline",
    reason: isUnreachable ? "unreachable" : "timeout",
    detail: `no answer to ${sent} echo ${sent === 1 ? "request" : "requests"}`,
  };
}

export const collector = {
  type: "ping",
  summary: "Echo requests (ICMP): loss, round trip, jitter.",
  config,
  target,
  create: (settings, deps) => new Ping(settings, deps),
} satisfies CollectorPlugin<Settings>;
