import type { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import type { Counters, Log, Message } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import { watchArrivals } from "./arrivals.ts";
import type { BrokerDevice } from "./credentials.ts";
import { type BrokerMemory, memoryOnly } from "./memory.ts";
import { type Context, createContext, enter, hooksOf, noteUnsubscribed, permitOf, serve } from "./session.ts";
import { type BrokerHandler, createReceiver, createTake } from "./take.ts";
import { webSocketServer } from "./web-socket.ts";

/** One listening address; with a certificate it speaks TLS. */
export interface BrokerListener {
  /** MQTT over WebSocket instead of TCP. */
  readonly webSocket?: boolean;
  readonly host?: string | undefined;
  readonly port: number;
  /** PEM texts. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
}

export interface BrokerSettings {
  readonly listen: readonly BrokerListener[];
  readonly devices: readonly BrokerDevice[];
  /** Messages a second and burst of one device. */
  readonly budget?: { readonly perSecond: number; readonly burst: number };
}

export interface BrokerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Retained messages and sessions; absent: they are lost at a restart. */
  readonly memory?: BrokerMemory;
}

/** What pages and health show of the broker. */
export interface BrokerStatus {
  readonly listening: readonly {
    readonly address: string;
    readonly port: number;
    readonly tls: boolean;
    readonly webSocket: boolean;
  }[];
  readonly connections: number;
  readonly devices: readonly BrokerDeviceStatus[];
  /** Who tried MQTT 5, newest last. */
  readonly version5: readonly {
    readonly name: string;
    readonly address: string;
    readonly atMs: number;
  }[];
}
export interface BrokerDeviceStatus {
  readonly name: string;
  readonly connections: number;
  readonly messages: number;
  /** QoS 0 messages over the budget. */
  readonly dropped: number;
  /** How often its QoS 1 messages had to wait. */
  readonly slowed: number;
  /** Messages and connections refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface Broker {
  /** Listens. Rejects with PORT_IN_USE or NOT_PERMITTED. */
  start(): Promise<void>;
  /** Closes every connection; sessions and retained messages are kept. */
  stop(): Promise<void>;
  status(): BrokerStatus;
  /** Another list of devices, from now on: connections of those that are gone or changed end at once, sessions of those that are gone with them. */
  configure(devices: readonly BrokerDevice[]): void;
  /**
   * Who gets the messages; one at a time, the last one wins. A QoS 1 message is acknowledged when the promise
   * resolves; when it rejects the connection is closed, so that the device sends again. Returns how to stop.
   */
  receive(handler: BrokerHandler): () => void;
  /** A message of the box itself; reaches only who may read it. Nothing happens while the broker is stopped. */
  publish(topic: string, payload: Uint8Array, options?: { readonly retain?: boolean }): void;
  /** Retained messages as they are now; also before `start`. */
  retained(): Promise<readonly Message[]>;
}

interface Open {
  readonly server: Server;
  readonly at: BrokerListener;
}

/** The embedded broker: aedes behind our guards. MQTT 3.1.1. */
export function createBroker(
  settings: BrokerSettings,
  { clock, log, counters, memory = memoryOnly(clock) }: BrokerDeps,
): Broker {
  const context = createContext(settings.devices, settings.budget, { clock, counters });
  const receiver = createReceiver(clock);
  let aedes: Aedes | undefined;
  let open: Open[] = [];
  const stop = async () => {
    for (const { server } of open) server.close();
    open = [];
    context.door.closeAll();
    const closing = aedes;
    aedes = undefined;
    if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()));
    await memory.close();
  };
  return {
    async start() {
      const take = createTake(context, memory, receiver);
      await memory.open();
      aedes = createAedes(context, take, memory, log);
      await aedes.listen();
      try {
        for (const at of settings.listen) open.push(await listen(at, aedes, context));
      } catch (error) {
        await stop();
        throw error;
      }
      log.info("broker started", { listening: open.map(addressOf) });
    },
    stop,
    status: () => statusOf(context, open),
    configure(devices) {
      for (const name of context.configure(devices))
        memory.persistence.forget(name).catch(() => counters.add("broker_sessions_not_dropped"));
    },
    receive(next) {
      receiver.set(next);
      return () => {
        if (receiver.now() === next) receiver.set(undefined);
      };
    },
    publish(topic, payload, { retain = false } = {}) {
      const packet = {
        cmd: "publish" as const,
        topic,
        payload: Buffer.from(payload),
        qos: 0 as const,
        retain,
        dup: false,
      };
      aedes?.publish(packet, (error) => {
        if (error) counters.add("broker_own_messages_lost");
      });
    },
    async retained() {
      await memory.open();
      return memory.retained(clock.nowMs());
    },
  };
}

function createAedes(
  context: Context,
  take: ReturnType<typeof createTake>,
  { persistence }: BrokerMemory,
  log: Log,
): Aedes {
  const broker = new Aedes({
    ...hooksOf(context, take, persistence),
    persistence,
    connectTimeout: 10_000,
    drainTimeout: 5_000,
    heartbeatInterval: 60_000,
  });
  broker.on("clientError", (client, error) =>
    log.debug("broker connection ended", {
      device: permitOf(context, client)?.name,
      error: error.message,
    }),
  );
  broker.on("unsubscribe", (filters, client) => noteUnsubscribed(context, client, filters));
  // What aedes does by itself, such as publishing wills of an earlier run.
  (broker as EventEmitter).on("error", (error: Error) =>
    log.warn("The broker could not do something", { error: error.message }),
  );
  broker.on("connectionError", () => context.counters.add("broker_connection_errors"));
  return broker;
}

function statusOf(context: Context, open: readonly Open[]): BrokerStatus {
  return {
    listening: open.map(addressOf),
    connections: context.door.count(),
    devices: [...context.devices].map(([name, counts]) => ({
      name,
      connections: counts.connections,
      messages: counts.messages,
      dropped: counts.dropped,
      slowed: counts.slowed,
      refused: { ...counts.refused },
    })),
    version5: context.door.version5(),
  };
}

function addressOf({ server, at }: Open) {
  const bound = server.address();
  const { address, port } = bound && typeof bound === "object" ? bound : { address: "", port: 0 };
  return { address, port, tls: at.tls !== undefined, webSocket: at.webSocket === true };
}

function serverFor(at: BrokerListener, broker: Aedes, context: Context): Server {
  let tcpOf: (socket: Socket) => Socket | undefined = () => undefined;
  const onStream = (stream: Duplex, socket: Socket) => {
    const tcp = tcpOf(socket);
    if (tcp) serve(stream, tcp, broker, context);
    else socket.destroy();
  };
  const onSocket = (socket: Socket) => onStream(socket, socket);
  const server = at.webSocket
    ? webSocketServer(at.tls, onStream)
    : at.tls
      ? createTlsServer({ ...at.tls, noDelay: true, handshakeTimeout: 10_000 })
      : createServer({ noDelay: true });
  tcpOf = watchArrivals(server, (socket) => enter(socket, context));
  if (!at.webSocket) server.on(at.tls ? "secureConnection" : "connection", onSocket);
  return server;
}

function listen(at: BrokerListener, broker: Aedes, context: Context): Promise<Open> {
  const server = serverFor(at, broker, context);
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(at, cause)));
    // Many knock at once when the power comes back.
    const backlog = 2_048;
    server.listen({ port: at.port, backlog, ...(at.host ? { host: at.host } : {}) }, () => {
      // Such as no file descriptor left for a connection: the next one may find one.
      server.on("error", () => context.counters.add("broker_listen_errors"));
      resolve({ server, at });
    });
  });
}

function listenError({ host = "*", port }: BrokerListener, cause: NodeJS.ErrnoException): ApplianceError {
  const what = `The broker cannot listen on ${host}:${port} (${cause.code})`;
  return cause.code === "EACCES"
    ? new ApplianceError("NOT_PERMITTED", `${what}. Choose a port above 1023 in broker.listen.`, { cause })
    : new ApplianceError("PORT_IN_USE", `${what}. Choose another in broker.listen, or end what has it.`, {
        cause,
      });
}
