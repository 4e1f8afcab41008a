import { z } from "zod";
import { duration, pollFields, port, secret, targetPollFields } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import { authProtocols, privProtocols } from "../model/snmp.ts";
import { Exchange } from "../snmp/exchange.ts";
import { NeighbourWatches } from "../snmp/neighbour-watch.ts";
import { ProfileShelf } from "../snmp/profile-shelf.ts";
import type { PolledEngine } from "../snmp/usm-engine.ts";
import { WatchedDevice } from "../snmp/watched-device.ts";

const config = z
  .strictObject({
    ...pollFields({ interval: "60s", timeout: "2s" }),
    retries: z
      .int()
      .min(0)
      .max(10)
      .default(1)
      .describe("How often a question is repeated before it counts as unanswered."),
    neighbours: duration({ min: "10s", max: "1d" })
      .prefault("10m")
      .describe("How often the tables of neighbours, forwarding and addresses are read, for the map."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

const key = secret()
  .refine((given) => given.reveal().length >= 8, {
    error: "expected 8 characters or more (RFC 3414)",
    params: { secret: true },
  })
  .describe("8 characters or more (RFC 3414).");
const target = z
  .strictObject({
    ...targetPollFields(),
    version: z.enum(["1", "2c", "3"]).optional().describe("3 where a user is given, else 2c."),
    port: port().default(161).describe("UDP port of the device's agent."),
    community: secret().optional().describe("For 1 and 2c; sent in clear text. Read-only is enough."),
    trapCommunity: secret()
      .optional()
      .describe("The community of its traps, where it is another one or polls use version 3."),
    user: z.string().min(1).max(32).optional().describe("For version 3."),
    auth: z
      .strictObject({ protocol: z.enum(authProtocols), key })
      .optional()
      .describe("Signs requests; sha256 or better."),
    priv: z
      .strictObject({ protocol: z.enum(privProtocols), key })
      .optional()
      .describe("Encrypts; aes or better."),
    context: z.string().max(32).optional().describe("Only for agents that ask for one."),
    retries: z.int().min(0).max(10).optional().describe("Instead of the collector's."),
  })
  .prefault({})
  .superRefine((given, context) => {
    const problem = problemOf(given);
    if (problem) context.addIssue({ code: "custom", message: problem });
  })
  .transform((given) => ({
    ...given,
    version: given.version ?? (given.user === undefined ? ("2c" as const) : ("3" as const)),
  }));
type TargetSettings = z.infer<typeof target>;

function problemOf(given: {
  readonly version?: string | undefined;
  readonly user?: unknown;
  readonly auth?: unknown;
  readonly priv?: unknown;
}): string | undefined {
  if (given.version === "3" && given.user === undefined) return "version 3 needs a user";
  if (given.version !== undefined && given.version !== "3" && given.user !== undefined)
    return "a user needs version 3";
  if (given.user === undefined && (given.auth || given.priv)) return "auth and priv need a user";
  return given.priv && !given.auth ? "priv needs auth" : undefined;
}

/** Polls devices by SNMP as their profiles say. One socket for all of v1 and v2c, a session each for v3. */
class SnmpCollector implements Collector {
  readonly #settings: Settings;
  readonly #deps: CollectorDeps;
  readonly #exchange: Exchange;
  readonly #devices = new Map<string, WatchedDevice>();
  readonly #neighbours: NeighbourWatches;
  readonly #shelf: ProfileShelf;
  readonly #engines: Map<string, PolledEngine> | undefined;

  constructor(settings: Settings, deps: CollectorDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#exchange = new Exchange({ clock: deps.clock, counters: deps.counters });
    const { profiles, engines } = deps.parts;
    this.#engines = engines instanceof Map ? engines : undefined;
    this.#shelf = profiles instanceof ProfileShelf ? profiles : new ProfileShelf(deps.profileDirs, deps);
    this.#neighbours = new NeighbourWatches({ ...deps, exchange: this.#exchange }, settings.neighbours);
  }

  async poll(targets: readonly Target[], { signal }: { readonly signal: AbortSignal }) {
    this.#shelf.look();
    const [only] = targets;
    if (only && targets.length === 1) return this.#pollOne(only, signal);
    const all = await Promise.all(targets.map((one) => this.#pollOne(one, signal)));
    return all.flat();
  }

  async #pollOne(one: Target, signal: AbortSignal) {
    return this.#neighbours.after(one, await this.#device(one).poll(signal));
  }

  costOf(targetId: string): number {
    return this.#devices.get(targetId)?.requests ?? 1;
  }

  forget(targetId: string): void {
    this.#devices.get(targetId)?.close();
    this.#devices.delete(targetId);
    this.#neighbours.forget(targetId);
  }

  async close(): Promise<void> {
    for (const device of this.#devices.values()) device.close();
    this.#devices.clear();
    this.#neighbours.close();
    this.#exchange.close();
  }

  #device(one: Target): WatchedDevice {
    const known = this.#devices.get(one.id);
    if (known && known.target.settings === one.settings && known.target.address === one.address) return known;
    known?.close();
    const settings = one.settings as TargetSettings;
    const deps = { ...this.#deps, exchange: this.#exchange, profiles: this.#shelf, engines: this.#engines };
    const device = new WatchedDevice(deps, one, settings, settings.retries ?? this.#settings.retries);
    this.#devices.set(one.id, device);
    return device;
  }
}

export const collector = {
  type: "snmp",
  summary: "Reads ports, sensors and identity of devices by SNMP v1, v2c and v3.",
  config,
  target,
  create: (settings, deps) => new SnmpCollector(settings, deps),
} satisfies CollectorPlugin<Settings>;
