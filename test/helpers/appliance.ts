import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The compiled program beside the compiled tests. */
export const program = fileURLToPath(new URL("../../appliance/main.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function gather(child: ChildProcess): { out: string; err: string } {
  const texts = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (part: string) => {
    texts.out += part;
  });
  child.stderr?.setEncoding("utf8").on("data", (part: string) => {
    texts.err += part;
  });
  return texts;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the program to its end. */
export async function runToEnd(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
  });
  const texts = gather(child);
  const [code] = await once(child, "close");
  return { code, ...texts };
}

/** A folder of its own, removed at the end of the test. */
export function folderFor(t: { teardown(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks over a Unix socket, as from the machine itself, or over TCP. */
export function askAt(
  where: { readonly socketPath: string } | { readonly host: string; readonly port: number },
  path: string,
  { method = "GET", body, headers = {} }: AskOptions = {},
): Promise<Answer> {
  const host = "host" in where ? `${where.host}:${where.port}` : "localhost";
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const options = { ...where, path, method, headers: { host, ...type, ...headers }, agent: false };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Asks over a Unix socket, as from the machine itself. */
export const askSocket = (socketPath: string, path: string, options?: AskOptions): Promise<Answer> =>
  askAt({ socketPath }, path, options);

export interface Appliance {
  readonly folder: string;
  readonly socketPath: string;
  readonly configFile: string;
  readonly process: ChildProcess;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Standard output and error so far. */
  output(): { readonly out: string; readonly err: string };
  /** Ends it as the service manager does; gives the exit code. */
  stop(): Promise<number | null>;
}

/** Tries until `found` gives something; the test's own time limit ends it. */
export async function until<T>(
  found: () => Promise<T | undefined> | T | undefined,
  everyMs = 100,
): Promise<T> {
  for (;;) {
    const value = await found();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface StartOptions extends RunOptions {
  readonly folder: string;
  /** Text of the configuration; absent: none. */
  readonly config?: string;
  readonly args?: readonly string[];
  /** `file`: the configuration's `web.listen` holds the socket `page.sock` of the folder, among others. */
  readonly listen?: "socket" | "file";
}

/** Starts the program with its page on a Unix socket; resolves when the page answers, rejects when it ends before. */
export async function startAppliance(
  t: { teardown(end: () => unknown): void },
  { folder, config, args = [], env, listen = "socket" }: StartOptions,
): Promise<Appliance> {
  const socketPath = join(folder, "page.sock");
  const configFile = join(folder, "porchlight.yaml");
  if (config !== undefined) writeFileSync(configFile, config);
  const child = spawn(
    process.execPath,
    [
      program,
      "run",
      "--data",
      join(folder, "data"),
      ...(listen === "socket" ? ["--http", `unix:${socketPath}`] : []),
      ...args,
    ],
    { stdio: ["ignore", "pipe", "pipe"], cwd: folder, env: { ...process.env, ...env } },
  );
  const texts = gather(child);
  const ended = once(child, "close");
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  t.teardown(stop);
  const ask: Appliance["ask"] = (path, options) => askSocket(socketPath, path, options);
  await until(async () => {
    if (child.exitCode !== null)
      throw new Error(`It ended with ${child.exitCode}:\n${texts.err}\n${texts.out}`);
    if (!existsSync(socketPath)) return undefined;
    const { status } = await ask("/").catch(() => ({ status: 0 }));
    return status === 200 ? true : undefined;
  });
  return { folder, socketPath, configFile, process: child, ask, output: () => texts, stop };
}
