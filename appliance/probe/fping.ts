import { spawn } from "node:child_process";
import { isIP } from "node:net";
import { codeOf } from "./reason.ts";

export interface EchoOptions {
  /** Echo requests to each address. */
  readonly count: number;
  /** Between two requests to one address. */
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** Between the packets to two addresses; 1 when absent. */
  readonly spreadMs?: number;
  readonly signal: AbortSignal;
  /** The program, for tests. */
  readonly program?: string;
}

export interface EchoResult {
  /** Round trips in ms of the requests that were answered. */
  readonly rttsMs: readonly number[];
  readonly sent: number;
  /** A router or our own system said that there is no way there. */
  readonly isUnreachable: boolean;
}

/** Why no echo request could be sent at all: the program is missing, or the system does not allow it. */
export class EchoError extends Error {
  readonly reason: "tool" | "permission";

  constructor(reason: "tool" | "permission", message: string) {
    super(message);
    this.name = "EchoError";
    this.reason = reason;
  }
}

/** Lines fping may write before we stop reading: 200 addresses with an ICMP error for each request. */
const longestOutput = 1_000_000;

interface Ended {
  readonly exitCode: number | null;
  readonly text: string;
}

function run(program: string, args: readonly string[], signal: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      signal,
      killSignal: "SIGKILL",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (part: string) => {
      if (text.length < longestOutput) text += part;
    });
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, text }));
  });
}

/** `10.0.0.1 : 0.05 - 0.07`: a number for an answer, `-` for none. */
const resultLine = /^(\S+)\s+: ((?:-|[\d.]+)(?: (?:-|[\d.]+))*)\s*$/;
/** `ICMP Host Unreachable from 10.0.0.1 for ICMP Echo sent to 10.0.0.2`, `10.0.0.2: error while sending ping: ...`. */
const noWayLine = /Unreachable .* sent to (\S+)|^(\S+): error while sending ping/;

/** Reads what `fping -q -C` wrote. Addresses that are not in it are not in the result. */
export function parseEchoes(text: string): Map<string, EchoResult> {
  const unreachable = new Set<string>();
  const results = new Map<string, EchoResult>();
  for (const line of text.split("\n")) {
    const found = resultLine.exec(line.trim());
    if (found?.[1] && found[2]) {
      const fields = found[2].split(" ");
      const rttsMs = fields.map(Number).filter((rtt) => Number.isFinite(rtt));
      results.set(found[1], {
        rttsMs,
        sent: fields.length,
        isUnreachable: rttsMs.length === 0 && unreachable.has(found[1]),
      });
      continue;
    }
    const noWay = noWayLine.exec(line.trim());
    const address = noWay?.[1] ?? noWay?.[2];
    if (address) unreachable.add(address);
  }
  return results;
}

function refused(ended: Ended): EchoError | undefined {
  if (/not permitted|permission denied|must run as root|can't create (?:raw )?socket/i.test(ended.text))
    return new EchoError("permission", "The system does not let us send echo requests (ICMP).");
  if (ended.exitCode !== null && ended.exitCode <= 2) return undefined;
  const line = ended.text.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return new EchoError("tool", `fping ended with code ${ended.exitCode}: ${line}`);
}

/**
 * Sends echo requests to many addresses from one process.
 *
 * @param addresses - literal IP addresses, at most 200; anything else is left out, so that no text becomes an option
 * @throws EchoError when fping is missing or may not send; the signal's reason when aborted
 * Source: fping(8); -i spreads the packets.
 */
export async function echo(
  addresses: readonly string[],
  { count, periodMs, timeoutMs, spreadMs = 1, signal, program = "fping" }: EchoOptions,
): Promise<Map<string, EchoResult>> {
  const checked = [...new Set(addresses)].filter((address) => isIP(address) !== 0);
  if (checked.length === 0) return new Map();
  const options = ["-q", "-C", count, "-p", periodMs, "-t", timeoutMs, "-i", spreadMs, "-r", 0, "--"].map(
    String,
  );
  try {
    const ended = await run(program, [...options, ...checked], signal);
    const problem = refused(ended);
    if (problem) throw problem;
    return parseEchoes(ended.text);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") throw new EchoError("tool", "The program fping is not installed.");
    if (code === "EACCES" || code === "EPERM")
      throw new EchoError("permission", "The system does not let us run fping.");
    throw error;
  }
}
