import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Counters } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";

/** Where to listen. Without a host: all addresses. Port 0: the system chooses. */
export type ListenAt =
  | { readonly kind: "tcp"; readonly host?: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface HttpServer {
  /** Where it listens, ports as given by the system. */
  readonly at: readonly ListenAt[];
  /** No new connections; idle ones end at once, the others after `graceMs` at the latest. */
  close(graceMs: number): Promise<void>;
}

export interface ServerOptions {
  readonly counters: Counters;
  /** Open connections of one address. */
  readonly socketsPerAddress?: number;
}

function limitSockets(server: Server, perAddress: number, counters: Counters): Set<Socket> {
  const open = new Set<Socket>();
  const byAddress = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "local";
    const count = (byAddress.get(address) ?? 0) + 1;
    // A Unix socket's callers share no address; its file's permissions limit them.
    if (count > perAddress && socket.remoteAddress !== undefined) {
      counters.add("http_connections_refused");
      return socket.destroy();
    }
    byAddress.set(address, count);
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
    return undefined;
  });
  return open;
}

function place(at: ListenAt): string {
  return at.kind === "unix" ? at.path : `${at.host ?? "all addresses"}, port ${at.port}`;
}

function listenError(error: NodeJS.ErrnoException, at: ListenAt): ApplianceError {
  const where = place(at);
  switch (error.code) {
    case "EADDRINUSE":
      return new ApplianceError(
        "PORT_IN_USE",
        at.kind === "unix"
          ? `Another process listens on ${where}. Stop it, or choose another path with --http.`
          : `Something else already listens on ${where}. Stop it (ss -ltnp shows it), or choose another port with --http HOST:PORT.`,
        { cause: error },
      );
    case "EACCES":
      return new ApplianceError(
        "NOT_PERMITTED",
        at.kind === "unix"
          ? `The folder of ${where} may not be written by this user. Choose another path with --http.`
          : `This user may not listen on ${where}. Use a port from 1024, or give the service CAP_NET_BIND_SERVICE.`,
        { cause: error },
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new ApplianceError(
        "NOT_PERMITTED",
        `This machine has no address ${at.kind === "tcp" ? at.host : at.path}. Choose one of its own with --http or web.listen.`,
        { cause: error },
      );
    default:
      return new ApplianceError("NOT_PERMITTED", `Cannot listen on ${where}: ${error.message}.`, {
        cause: error,
      });
  }
}

/** Removes the socket file that an earlier process left behind; one that somebody listens on stays. */
async function removeStale(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) return;
  } catch {
    return; // Not there: nothing to remove.
  }
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isAlive) unlinkSync(path);
}

async function listenOn(server: Server, at: ListenAt): Promise<ListenAt> {
  if (at.kind === "unix") await removeStale(at.path);
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => reject(listenError(error, at));
    server.once("error", fail);
    const done = () => {
      server.off("error", fail);
      resolve();
    };
    if (at.kind === "unix") server.listen(at.path, done);
    else if (at.host === undefined) server.listen(at.port, done);
    else server.listen(at.port, at.host, done);
  });
  if (at.kind === "unix") {
    // It counts as this machine itself, so only its user and group may use it.
    chmodSync(at.path, 0o660);
    return at;
  }
  return { ...at, port: (server.address() as AddressInfo).port };
}

function closeServer(server: Server, open: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      for (const socket of open) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Serves on each address, or on none: throws PORT_IN_USE or NOT_PERMITTED with the remedy. */
export async function serve(
  listener: RequestListener,
  addresses: readonly ListenAt[],
  { counters, socketsPerAddress = 50 }: ServerOptions,
): Promise<HttpServer> {
  const running: { server: Server; open: ReadonlySet<Socket>; at: ListenAt }[] = [];
  const close = async (graceMs: number) => {
    await Promise.all(running.map(({ server, open }) => closeServer(server, open, graceMs)));
  };
  try {
    for (const address of addresses) {
      const server = createServer(
        {
          headersTimeout: 10_000,
          requestTimeout: 20_000,
          keepAliveTimeout: 5_000,
          connectionsCheckingInterval: 2_000,
        },
        listener,
      );
      server.maxConnections = 1_000;
      const open = limitSockets(server, socketsPerAddress, counters);
      running.push({ server, open, at: await listenOn(server, address) });
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  return { at: running.map(({ at }) => at), close };
}
