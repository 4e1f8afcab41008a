import { once as onceOf } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect, connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import type { Test } from "tap";
import { type Broker, type BrokerSettings, createBroker } from "../../../appliance/broker/broker.ts";
import type { BrokerMemory } from "../../../appliance/broker/memory.ts";
import type { BrokerHandler } from "../../../appliance/broker/take.ts";
import { systemClock } from "../../../appliance/clock.ts";
import { Secret } from "../../../appliance/model/secret.ts";
import { countersInMemory, quietLog } from "./parts.ts";

export const brokerDevices = [
  { name: "hall", password: new Secret("hall-secret") },
  { name: "attic", password: new Secret("attic-secret") },
  { name: "wall", password: new Secret("wall-secret"), publish: [], subscribe: ["site/#"] },
];

export async function started(
  t: Test,
  handler: BrokerHandler | undefined,
  more: Partial<BrokerSettings> = {},
  memory?: BrokerMemory,
) {
  const counters = countersInMemory();
  const broker = createBroker(
    { listen: [{ host: "127.0.0.1", port: 0 }], devices: brokerDevices, ...more },
    { clock: systemClock, log: quietLog(), counters, ...(memory ? { memory } : {}) },
  );
  if (handler) broker.receive(handler);
  await broker.start();
  t.teardown(() => broker.stop());
  const port = broker.status().listening[0]?.port ?? 0;
  return { broker, counters, port };
}

export function options(name: string, more: IClientOptions = {}): IClientOptions {
  return {
    username: name,
    password: `${name}-secret`,
    clientId: `${name}-1`,
    reconnectPeriod: 0,
    ...more,
  };
}

export async function client(
  t: Test,
  port: number,
  name: string,
  more: IClientOptions = {},
): Promise<MqttClient> {
  const one = await connectAsync(`mqtt://127.0.0.1:${port}`, options(name, more));
  one.on("error", () => undefined);
  t.teardown(() => one.endAsync(true));
  return one;
}

/** Resolves with the error when the broker refuses. */
export function refusal(port: number, settings: IClientOptions): Promise<Error> {
  return new Promise((resolve, reject) => {
    const one = connect(`mqtt://127.0.0.1:${port}`, settings);
    one.once("error", (error) => {
      one.end(true);
      resolve(error);
    });
    one.once("connect", () => {
      one.end(true);
      reject(new Error("was let in"));
    });
  });
}

/** Waits for an event of an mqtt client. */
export function once(client: MqttClient, event: "close" | "message"): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args: unknown[]) => resolve(args)));
}

export function refused(broker: Broker, name: string) {
  return broker.status().devices.find((d) => d.name === name)?.refused ?? {};
}

/** Sends bytes and resolves when the other side has closed. */
export async function raw(port: number, ...parts: Buffer[]): Promise<Buffer> {
  const socket = connectTcp({ port, host: "127.0.0.1" });
  const got: Buffer[] = [];
  socket.on("data", (data) => got.push(data));
  socket.on("error", () => undefined);
  await onceOf(socket, "connect");
  for (const part of parts) if (!socket.destroyed) socket.write(part);
  if (!socket.closed) await onceOf(socket, "close");
  return Buffer.concat(got);
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function packet(type: number, ...body: Buffer[]): Buffer {
  const rest = Buffer.concat(body);
  const length: number[] = [];
  let left = rest.length;
  do {
    length.push((left % 128) | (left > 127 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([type, ...length]), rest]);
}

export function connectPacket(name: string, id = "raw") {
  const head = Buffer.from([4, 0xc2, 0, 60]);
  return packet(0x10, text("MQTT"), head, text(id), text(name), text(`${name}-secret`));
}

/** So many connections of one address that say nothing; resolves when the first was closed. */
export async function strangers(t: Test, port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connectTcp({ port, host: "127.0.0.1" }));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on("error", () => undefined);
  await Promise.race(sockets.map((socket) => onceOf(socket, "close")));
  return sockets;
}
