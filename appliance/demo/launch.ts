import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { type CommandIo, usageError } from "../command-line.ts";
import { parseListen } from "../config/listen.ts";
import { ApplianceError } from "../model/errors.ts";
import { runOffice } from "./inside.ts";

const run = promisify(execFile);

/** What the demo needs of the process it runs in. */
export interface DemoProcess extends CommandIo {
  readonly executable: string;
  /** The program's main file. */
  readonly script: string;
}

/**
 * The `demo` command: `[--http HOST:PORT]`, by default 127.0.0.1:8080. Called again inside the namespace that it made.
 *
 * @returns the exit code
 */
export async function runDemo(args: readonly string[], io: DemoProcess): Promise<number> {
  const [first, folder = "", place] = args;
  if (first === "--inside") return runOffice({ folder, ownNetwork: place === "namespace" }, io);
  return launchDemo(listenOf(args), io);
}

function listenOf(args: readonly string[]): { readonly host: string; readonly port: number } {
  let asked: string | undefined;
  try {
    asked = parseArgs({ args: [...args], options: { http: { type: "string" } } }).values.http;
  } catch {
    throw usageError("demo takes --http HOST:PORT and nothing else");
  }
  const listen = parseListen(asked ?? "127.0.0.1:8080");
  if (listen?.kind !== "tcp") throw usageError(`--http takes HOST:PORT, not "${asked}"`);
  return { host: listen.host ?? "127.0.0.1", port: listen.port };
}

/** Words that make an isolated process: own users, network and mounts. */
const isolate = ["--map-root-user", "--user", "--net", "--mount"];

/**
 * Starts the simulated office in a network namespace of its own and serves its page at `host:port`.
 * Nothing that it sends can leave the namespace; the page comes out through a Unix socket.
 * Where namespaces are not allowed the office lies on loopback addresses, and the page says so.
 *
 * @returns the exit code
 * @throws PORT_IN_USE
 */
async function launchDemo(
  listen: { readonly host: string; readonly port: number },
  io: DemoProcess,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-demo-"));
  const socketPath = join(folder, "page.sock");
  const isolated = await namespacesAllowed();
  if (!isolated) {
    io.print(
      "This system allows no network namespace of our own (unshare --user --net): the office lies on loopback addresses, where",
    );
    io.print("ping always answers, so devices are judged by SNMP alone and there is no internet to cut.");
  }
  const page = await servePage(listen, socketPath);
  const { port } = page.address() as AddressInfo;
  io.print(`The simulated office opens at http://${listen.host}:${port}/ in a few seconds.`);
  const office = spawnOffice(isolated, folder, io);
  io.signal.addEventListener("abort", () => office.kill("SIGTERM"), { once: true });
  try {
    const [code] = await once(office, "exit");
    return io.signal.aborted ? 0 : (code ?? 1);
  } finally {
    page.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function namespacesAllowed(): Promise<boolean> {
  try {
    await run("unshare", [...isolate, "--", "ip", "link", "set", "lo", "up"]);
    return true;
  } catch {
    return false; // No unshare, no ip, or the system forbids it: the caller says so.
  }
}

function spawnOffice(isolated: boolean, folder: string, io: DemoProcess): ChildProcess {
  const inside = [io.script, "demo", "--inside", folder, isolated ? "namespace" : "loopback"];
  // The channel closes when this process ends, however it ends: the office ends with it.
  const options: SpawnOptions = { stdio: ["inherit", "inherit", "inherit", "ipc"] };
  return isolated
    ? spawn("unshare", [...isolate, "--", io.executable, ...inside], options)
    : spawn(io.executable, inside, options);
}

/** Hands each connection on to the Unix socket inside. */
async function servePage(
  listen: { readonly host: string; readonly port: number },
  socketPath: string,
): Promise<Server> {
  const server = createServer((outer) => {
    const inner = connect(socketPath);
    const end = () => {
      outer.destroy();
      inner.destroy();
    };
    outer.on("error", end).on("close", end);
    inner.on("error", end).on("close", end);
    outer.pipe(inner);
    inner.pipe(outer);
  });
  server.listen(listen.port, listen.host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new ApplianceError(
      "PORT_IN_USE",
      `${listen.host}:${listen.port} is taken. Stop what listens there, or choose another: --http 127.0.0.1:8081.`,
      { cause: error },
    );
  }
  return server;
}
