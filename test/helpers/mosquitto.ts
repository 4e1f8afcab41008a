import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** Of the process that runs now. */
  pid(): number;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same sessions. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real Mosquitto on loopback, with its own files. Messages wait for whoever has a session, without a limit. */
export async function startMosquitto(): Promise<Mosquitto> {
  const folder = mkdtempSync(path.join(tmpdir(), "mosquitto-"));
  const port = await freePort();
  const file = path.join(folder, "mosquitto.conf");
  writeFileSync(
    file,
    [
      `listener ${port} 127.0.0.1`,
      "allow_anonymous true",
      // Counts only for root, as in a namespace: nobody else is there to change to.
      "user root",
      "persistence true",
      `persistence_location ${folder}/`,
      "autosave_interval 1",
      "autosave_on_changes true",
      "set_tcp_nodelay true",
      "max_queued_messages 0",
      "max_inflight_messages 1000",
      "log_type none",
      "",
    ].join("\n"),
  );
  let child = await run(file, port);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    pid: () => child.pid ?? 0,
    kill: () => end("SIGKILL"),
    async restart() {
      child = await run(file, port);
    },
    async stop() {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function run(file: string, port: number): Promise<ChildProcess> {
  const child = spawn("mosquitto", ["-c", file], {
    stdio: "ignore",
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  for (let tries = 0; tries < 200; tries++) {
    if (await answers(port)) return child;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill("SIGKILL");
  throw new Error(`mosquitto did not listen on port ${port}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A port of loopback that was free a moment ago, for programs that cannot be given port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
