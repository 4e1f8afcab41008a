import { createSocket } from "node:dgram";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/snmp.ts";
import { createSchedule } from "../../appliance/engine/schedule.ts";
import type { Collector, Target } from "../../appliance/model/contracts.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { collectorDeps, quietLog, target } from "../helpers/snmp/deps.ts";
import { readRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { switchFile } from "../helpers/snmp/small-switch.ts";

/** Numbers between 0 and 1 that are the same with each run. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A relay in front of an agent that loses a share of the packets in each direction. */
async function lossyRelay(agentPort: number, loss: number, random: () => number) {
  const front = createSocket("udp4");
  const back = createSocket("udp4");
  let peer = 0;
  let share = 0;
  front.on("message", (bytes, from) => {
    peer = from.port;
    if (random() >= share) back.send(bytes, agentPort, "127.0.0.1");
  });
  back.on("message", (bytes) => {
    if (random() >= share) front.send(bytes, peer, "127.0.0.1");
  });
  await new Promise<void>((resolve) => front.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => back.bind(0, "127.0.0.1", resolve));
  return {
    port: front.address().port,
    begin() {
      share = loss;
    },
    close() {
      front.close();
      back.close();
    },
  };
}

interface Watched {
  readonly target: Target;
  /** Monotonic starts of its polls. */
  readonly starts: number[];
  missesInARow: number;
  mostMisses: number;
  values: number;
  polls: number;
  answeredMs: number;
}

export interface LossyOffice {
  readonly watched: readonly Watched[];
  readonly agents: readonly { mute(silent: boolean): void; asked(): number }[];
  readonly count: (name: string) => number;
  /** From now on packets are lost. */
  beginLoss(): void;
  close(): Promise<void>;
}

/** So many small switches, polled by the real schedule and collector over lossy relays. */
export async function lossyOffice(options: {
  readonly devices: number;
  readonly loss: number;
  readonly intervalMs: number;
}): Promise<LossyOffice> {
  const random = seeded(42);
  const recordings = new Map([["public", readRecording(switchFile)]]);
  const agents = await Promise.all(
    Array.from({ length: options.devices }, () => replayAgent({ recordings })),
  );
  const relays = await Promise.all(agents.map(({ port }) => lossyRelay(port, options.loss, random)));
  const watched = relays.map(({ port }, at): Watched => {
    const settings = collector.target.parse({ port, community: "public" });
    const id = deviceId(`d${at}`);
    const one = target("127.0.0.1", settings, { id: `${id}:snmp`, device: id, timeoutMs: 2_000 });
    return {
      target: { ...one, intervalMs: options.intervalMs },
      starts: [],
      missesInARow: 0,
      mostMisses: 0,
      values: 0,
      polls: 0,
      answeredMs: 0,
    };
  });
  const byDevice = new Map<string, Watched>(watched.map((one) => [one.target.device, one]));
  const deps = collectorDeps(systemClock);
  const made = collector.create({ ...collector.config.parse(undefined), neighbours: 0 }, deps);
  const timed: Collector = {
    poll: (targets, given) => {
      byDevice.get(targets[0]?.device ?? "")?.starts.push(systemClock.monotonicMs());
      return made.poll(targets, given);
    },
    close: () => made.close(),
  };
  const schedule = createSchedule({
    clock: systemClock,
    log: quietLog(),
    counters: deps.counters,
    collectors: new Map([["snmp", timed]]),
    sink: async (observations) => {
      for (const one of observations) note(byDevice.get(one.device), one);
    },
  });
  schedule.set(watched.map((one) => one.target));
  schedule.start();
  return {
    watched,
    agents,
    count: (name) => deps.counters.all().get(name) ?? 0,
    beginLoss() {
      for (const relay of relays) relay.begin();
    },
    async close() {
      await schedule.stop();
      for (const relay of relays) relay.close();
      await Promise.all(agents.map((agent) => agent.close()));
    },
  };
}

function note(one: Watched | undefined, observation: Observation): void {
  if (!one) return;
  if (observation.record === "readings")
    for (const value of observation.values) if (!Number.isNaN(value)) one.values++;
  if (observation.record !== "availability") return;
  one.polls++;
  const isOnline = observation.state === "online";
  if (isOnline) one.answeredMs = systemClock.monotonicMs();
  one.missesInARow = isOnline ? 0 : one.missesInARow + 1;
  one.mostMisses = Math.max(one.mostMisses, one.missesInARow);
}

/** The value below which this share of the numbers lies. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How far each start of a poll is from where the grid of the target's interval has it. */
export function jitter(starts: readonly number[], intervalMs: number): number[] {
  const [, first] = starts;
  if (first === undefined) return [];
  return starts.slice(1).map((at) => {
    const off = (at - first) % intervalMs;
    return Math.min(off, intervalMs - off);
  });
}
