import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { z } from "zod";
import { pollFields, port, targetPollFields } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import type { Availability, AvailabilityReason, Observation } from "../model/observation.ts";
import { codeOf, reasonOf } from "../probe/reason.ts";
import { channelOf, maybe } from "../probe/sections.ts";

const config = z.strictObject({ ...pollFields({ interval: "60s", timeout: "2s" }) }).prefault({});
type Settings = z.infer<typeof config>;

const target = z
  .strictObject({
    ...targetPollFields(),
    name: z
      .string({ error: "expected a domain name" })
      .regex(/^(?!-)[A-Za-z0-9_.-]{1,253}$/, { error: "expected a domain name" })
      .prefault("example.com")
      .describe("The name that must be found."),
    record: z.enum(["A", "AAAA", "MX", "NS", "TXT"]).prefault("A").describe("The kind of record."),
    port: port().prefault(53).describe("The server's port."),
    channel: z.string().min(1).max(64).optional().describe("Name of the series, where a device has several."),
  })
  .prefault({});
type TargetSettings = z.infer<typeof target>;

interface Asked {
  readonly target: Target;
  readonly tookMs?: number;
  readonly reason?: AvailabilityReason;
  readonly detail?: string;
}

/** c-ares codes of answers that say no; the server itself works. */
const answersOf: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such name",
  ENODATA: "no such record",
  ESERVFAIL: "the server failed",
  EREFUSED: "the server refused",
  ENOTIMP: "the server cannot",
  EFORMERR: "the server did not understand",
  EBADRESP: "a malformed answer",
};

async function ask(one: Target, deps: CollectorDeps, signal: AbortSignal): Promise<Asked> {
  const { name, record, port: portNumber } = one.settings as TargetSettings;
  const resolver = new Resolver({ timeout: one.timeoutMs, tries: 1 });
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  // c-ares may try longer than it was told; the poll must not.
  const limit = deps.clock.timer(cancel, one.timeoutMs + 500);
  const startMs = deps.clock.monotonicMs();
  try {
    const host = isIP(one.address) === 6 ? `[${one.address}]` : one.address;
    resolver.setServers([`${host}:${portNumber}`]);
    await resolver.resolve(name, record);
    return { target: one, tookMs: deps.clock.monotonicMs() - startMs };
  } catch (error) {
    signal.throwIfAborted();
    return { target: one, ...failure(error, name) };
  } finally {
    limit.cancel();
    signal.removeEventListener("abort", cancel);
  }
}

function failure(error: unknown, name: string): Omit<Asked, "target"> {
  const code = codeOf(error);
  const said = answersOf[code];
  if (said) return { reason: "protocol", detail: `${name}: ${said}` };
  if (code === "ERR_INVALID_IP_ADDRESS")
    return { reason: "names", detail: "the server must be given as an IP address" };
  if (code === "ECANCELLED" || code === "ETIMEOUT")
    return { reason: "timeout", detail: `${name}: no answer from the name server` };
  return { reason: reasonOf(error), detail: `${name}: ${code || "no answer"}` };
}

/** One answer a device: names work when one of its servers answers. */
function availability(device: string, of: readonly Asked[]): Availability {
  const failed = of.find(({ reason }) => reason !== undefined);
  const isOnline = of.some(({ tookMs }) => tookMs !== undefined);
  if (isOnline || !failed) return { record: "availability", device, via: "dns", state: "online" };
  return {
    record: "availability",
    device,
    via: "dns",
    state: "offline",
    ...maybe("reason", failed.reason),
    ...maybe("detail", failed.detail),
  };
}

function observations(asked: readonly Asked[]): Observation[] {
  const devices = new Set(asked.map(({ target: { device } }) => device));
  return [
    ...[...devices].map((device) =>
      availability(
        device,
        asked.filter((one) => one.target.device === device),
      ),
    ),
    ...asked
      .filter(({ tookMs }) => tookMs !== undefined)
      .map(
        ({ target: one, tookMs = 0 }): Observation => ({
          record: "sample",
          device: one.device,
          metric: "dns_time",
          value: tookMs,
          ...maybe("channel", channelOf(one, (one.settings as TargetSettings).channel)),
        }),
      ),
  ];
}

export const collector = {
  type: "dns",
  summary: "Whether a name server finds a name, and how fast.",
  config,
  target,
  create: (_settings, deps): Collector => ({
    batch: 50,
    poll: async (targets, { signal }) =>
      observations(await Promise.all(targets.map((one) => ask(one, deps, signal)))),
    close: async () => undefined,
  }),
} satisfies CollectorPlugin<Settings>;
