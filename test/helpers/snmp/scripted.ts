import { createSocket } from "node:dgram";
import { systemClock } from "../../../appliance/clock.ts";
import { Exchange } from "../../../appliance/snmp/exchange.ts";
import { communityReader, type Reader } from "../../../appliance/snmp/reader.ts";
import { counters } from "./deps.ts";
import { type Question, readQuestion } from "./replay.ts";

export interface Scripted {
  readonly port: number;
  readonly asked: () => number;
  /** Sends from another socket of the same address. */
  fromElsewhere(bytes: Buffer, port: number): void;
  close(): Promise<void>;
}

/** Two sockets on loopback: an agent's, and one to send from elsewhere. */
export async function twoSockets() {
  const socket = createSocket("udp4");
  const other = createSocket("udp4");
  for (const one of [socket, other]) await new Promise<void>((resolve) => one.bind(0, "127.0.0.1", resolve));
  return {
    socket,
    other,
    async close(): Promise<void> {
      for (const one of [socket, other]) await new Promise<void>((resolve) => one.close(() => resolve()));
    },
  };
}

/** An agent that answers whatever the script says. */
export async function scriptedAgent(
  script: (question: Question, send: (bytes: Buffer) => void, peerPort: number) => void,
): Promise<Scripted> {
  const { socket, other, close } = await twoSockets();
  let asked = 0;
  socket.on("message", (bytes, from) => {
    asked++;
    script(readQuestion(bytes), (answer) => socket.send(answer, from.port, from.address), from.port);
  });
  return {
    port: socket.address().port,
    asked: () => asked,
    fromElsewhere: (bytes, port) => other.send(bytes, port, "127.0.0.1"),
    close,
  };
}

export interface Asking {
  readonly reader: Reader;
  /** Refused datagrams so far. */
  readonly refused: () => number;
  readonly count: (name: string) => number;
  readonly exchange: Exchange;
  close(): void;
}

/** A reader for an agent on loopback with its own exchange. */
export function asking(
  port: number,
  version: "1" | "2c" = "2c",
  more: { timeoutMs?: number; tries?: number; community?: string } = {},
): Asking {
  const counts = counters();
  const exchange = new Exchange({ clock: systemClock, counters: counts });
  const peer = {
    address: "127.0.0.1",
    port,
    version,
    community: Buffer.from(more.community ?? "public"),
    timeoutMs: more.timeoutMs ?? 5_000,
    tries: more.tries ?? 1,
  };
  const count = (name: string) => counts.all().get(name) ?? 0;
  return {
    reader: communityReader(exchange, peer),
    refused: () =>
      [...counts.all()].reduce((sum, [name, by]) => (name.startsWith("snmp_refused_") ? sum + by : sum), 0),
    count,
    exchange,
    close: () => exchange.close(),
  };
}
