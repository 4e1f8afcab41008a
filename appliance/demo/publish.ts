import type { MqttClient } from "mqtt";
import type { Clock } from "../model/time.ts";
import type { Passwords } from "./configuration.ts";
import type { Faults } from "./faults.ts";
import { type OfficeSensor, sensors } from "./sensors.ts";

/** Connects as one user of the broker. */
export type Connect = (user: string, password: string) => Promise<MqttClient>;

export interface Publishers {
  startFlood(): void;
  stopFlood(): void;
  stop(): Promise<void>;
}

const floodTickMs = 20;
const floodPerTick = 100;
const floodTicks = 60_000 / floodTickMs;

/** Lets every sensor publish at its rhythm over a connection of its own, until stopped. */
export async function startPublishers(options: {
  readonly connect: Connect;
  readonly passwords: Passwords;
  readonly faults: Faults;
  readonly clock: Clock;
}): Promise<Publishers> {
  const { clock, faults } = options;
  const stopped = new AbortController();
  const clients = new Map<string, MqttClient>();
  for (const { name } of sensors)
    clients.set(name, await options.connect(name, options.passwords.get(name) ?? ""));

  const publish = (sensor: OfficeSensor) => {
    if (faults.silent.has(sensor.name)) return;
    clients
      .get(sensor.name)
      ?.publish(sensor.topic, JSON.stringify(sensor.payload(clock.nowMs(), faults)), { qos: 1 });
  };
  const rhythm = async (sensor: OfficeSensor) => {
    while (!stopped.signal.aborted) {
      publish(sensor);
      await clock.sleep(sensor.everyMs, { signal: stopped.signal });
    }
  };
  const running = sensors.map((sensor) => rhythm(sensor).catch(() => undefined)); // Ends by the signal.

  let flood = new AbortController();
  const runFlood = async (signal: AbortSignal) => {
    const sensor = sensors.find(({ name }) => name === "meter");
    if (!sensor) return;
    for (let tick = 0; tick < floodTicks && !signal.aborted; tick++) {
      const payload = JSON.stringify(sensor.payload(clock.nowMs(), faults));
      for (let i = 0; i < floodPerTick; i++)
        clients.get(sensor.name)?.publish(sensor.topic, payload, { qos: 0 });
      await clock.sleep(floodTickMs, { signal });
    }
  };
  return {
    startFlood() {
      flood.abort();
      flood = new AbortController();
      void runFlood(flood.signal).catch(() => undefined); // Ends by the signal.
    },
    stopFlood: () => flood.abort(),
    async stop() {
      flood.abort();
      stopped.abort();
      await Promise.all(running);
      await Promise.all([...clients.values()].map((client) => client.endAsync(true)));
    },
  };
}
