import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { serverPath } from "./servers.ts";

export interface Influxd {
  readonly url: string;
  readonly port: number;
  readonly pid: () => number;
  readonly folder: string;
  /** Runs one query; the rows of its first series. */
  rows(query: string, database?: string): Promise<unknown[][]>;
  /** Ends it as a crash would, or politely. */
  end(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port, with the same data. */
  restart(): Promise<void>;
  /** Ends it and takes its files away. */
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const configuration = (folder: string, port: number, rpcPort: number) => `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
[logging]
  level = "error"
`;

async function run(file: string, port: number): Promise<ChildProcess> {
  const program = serverPath("influxd");
  if (!program) throw new Error("influxd is not installed (Debian package influxdb)");
  const child = spawn(program, ["-config", file], { stdio: "ignore" });
  for (let tries = 0; tries < 400; tries++) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/ping`);
      if (answer.ok) return child;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`influxd did not answer on port ${port}`);
}

/** A real InfluxDB 1.x on loopback, with its own files. */
export async function startInfluxd(parent = tmpdir()): Promise<Influxd> {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, "influxd-"));
  const port = await freePort();
  const file = path.join(folder, "influxd.conf");
  writeFileSync(file, configuration(folder, port, await freePort()));
  let child = await run(file, port);
  const end = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    pid: () => child.pid ?? 0,
    async rows(query, database = "porchlight") {
      const answer = await fetch(
        `http://127.0.0.1:${port}/query?epoch=ms&db=${database}&q=${encodeURIComponent(query)}`,
        { method: "POST" },
      );
      const { results, error } = (await answer.json()) as {
        error?: string;
        results?: { error?: string; series?: { values: unknown[][] }[] }[];
      };
      const problem = error ?? results?.[0]?.error;
      if (problem) throw new Error(problem);
      return (results?.[0]?.series ?? []).flatMap((series) => series.values);
    },
    end,
    async restart() {
      child = await run(file, port);
    },
    async stop() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
