import { systemClock } from "../../../appliance/clock.ts";
import { collector } from "../../../appliance/collectors/snmp.ts";
import type { Target } from "../../../appliance/model/contracts.ts";
import { collectorDeps, target } from "./deps.ts";
import { type ReplayOptions, readRecording, replayAgent } from "./replay.ts";
import { switchFile } from "./small-switch.ts";

interface Teardown {
  teardown(run: () => unknown): unknown;
}

/** A collector of its own for each test. */
export function watching(t: Teardown) {
  const deps = collectorDeps(systemClock);
  // Requests are counted: the tables of neighbours would come between.
  const made = collector.create({ ...collector.config.parse(undefined), neighbours: 0 }, deps);
  t.teardown(() => made.close());
  return { made, deps };
}

/** A target on loopback, by community `public` unless the settings say otherwise. */
export function loopback(port: number, settings: object = {}, more: Partial<Target> = {}): Target {
  return target("127.0.0.1", collector.target.parse({ port, community: "public", ...settings }), more);
}

/** The small switch as an agent, and a collector and a target for it. */
export async function watchedSwitch(
  t: Teardown,
  options: {
    readonly replay?: Partial<ReplayOptions>;
    readonly settings?: object;
    readonly target?: Partial<Target>;
  } = {},
) {
  const agent = await replayAgent({
    recordings: new Map([["public", readRecording(switchFile)]]),
    ...options.replay,
  });
  t.teardown(() => agent.close());
  return { agent, ...watching(t), one: loopback(agent.port, options.settings, options.target) };
}
