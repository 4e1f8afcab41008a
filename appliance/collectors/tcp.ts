import { connect } from "node:net";
import { z } from "zod";
import { host, pollFields, port, targetPollFields } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import { codeOf, reasonOf } from "../probe/reason.ts";
import { channelOf, maybe, viaOf } from "../probe/sections.ts";

const config = z.strictObject({ ...pollFields({ interval: "60s", timeout: "5s" }) }).prefault({});
type Settings = z.infer<typeof config>;

const target = z.strictObject({
  ...targetPollFields(),
  port: port().describe("The port that must open."),
  host: host().optional().describe("Where to connect. Default: the device's address."),
  channel: z.string().min(1).max(64).optional().describe("Name of the series, where a device has several."),
});
type TargetSettings = z.infer<typeof target>;

/** @returns how long until the connection stood, in ms */
function opens(
  address: string,
  portNumber: number,
  timeoutMs: number,
  deps: CollectorDeps,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const startMs = deps.clock.monotonicMs();
    const socket = connect({ host: address, port: portNumber, signal });
    const timer = deps.clock.timer(
      () =>
        socket.destroy(
          Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: "ETIMEDOUT" }),
        ),
      timeoutMs,
    );
    socket.once("connect", () => {
      resolve(deps.clock.monotonicMs() - startMs);
      socket.destroy();
    });
    socket.once("error", reject);
    socket.once("close", () => timer.cancel());
  });
}

async function poll(one: Target, deps: CollectorDeps, signal: AbortSignal): Promise<Observation[]> {
  const settings = one.settings as TargetSettings;
  const about = { device: one.device, via: viaOf(one) };
  try {
    const tookMs = await opens(settings.host ?? one.address, settings.port, one.timeoutMs, deps, signal);
    return [
      { record: "availability", ...about, state: "online" },
      {
        record: "sample",
        device: one.device,
        metric: "tcp_time",
        value: tookMs,
        ...maybe("channel", channelOf(one, settings.channel)),
      },
    ];
  } catch (error) {
    signal.throwIfAborted();
    const detail = `port ${settings.port}: ${codeOf(error) || (error as Error).message}`;
    return [{ record: "availability", ...about, state: "offline", reason: reasonOf(error), detail }];
  }
}

export const collector = {
  type: "tcp",
  summary: "Whether a TCP port opens, and how fast.",
  config,
  target,
  create: (_settings, deps): Collector => ({
    poll: async ([one], { signal }) => (one ? poll(one, deps, signal) : []),
    close: async () => undefined,
  }),
} satisfies CollectorPlugin<Settings>;
