import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";

/** An entry of the kernel's tables of neighbours (ARP, IPv6 neighbour discovery). */
export interface Neighbour {
  readonly address: string;
  /** Lower-case hex digits only. */
  readonly mac: string;
  readonly interface: string;
  /** How long ago it was last heard, in ms; undefined where the system does not say. */
  readonly heardMs?: number;
}

const longestOutput = 4_000_000;

/** Output of a program; undefined when it is missing or fails. */
function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };
    execFile(program, args, { env, timeout: 5_000, maxBuffer: longestOutput }, (error, out) =>
      resolve(error ? undefined : out),
    );
  });
}

/** States in which the kernel has an address but no neighbour. */
const empty = new Set(["FAILED", "INCOMPLETE", "NOARP", "NONE"]);

/** Reads what `ip -j -s neigh show` wrote. Source: ip-neighbour(8). */
export function parseIpNeigh(text: string): Neighbour[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  return parsed.flatMap((entry: unknown) => {
    const { dst, dev, lladdr, state, confirmed } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    const mac = macOf(lladdr);
    if (typeof dst !== "string" || isIP(dst) === 0 || typeof dev !== "string" || !mac) return [];
    if (Array.isArray(state) && state.some((word) => empty.has(String(word)))) return [];
    const heardMs = typeof confirmed === "number" && confirmed >= 0 ? confirmed * 1_000 : undefined;
    return [{ address: dst, mac, interface: dev, ...(heardMs === undefined ? {} : { heardMs }) }];
  });
}

function macOf(text: unknown): string | undefined {
  if (typeof text !== "string" || !/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const digits = text.toLowerCase().replaceAll(":", "");
  return /^(?:0+|f+)$/.test(digits) ? undefined : digits;
}

/** Reads /proc/net/arp: flag 0x2 is a complete entry. Source: proc(5). */
export function parseProcArp(text: string): Neighbour[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [address = "", , flags = "0", mac, , name = ""] = line.trim().split(/\s+/);
      const digits = macOf(mac);
      if (isIP(address) === 0 || (Number.parseInt(flags, 16) & 2) === 0 || !digits) return [];
      return [{ address, mac: digits, interface: name }];
    });
}

/** The kernel's neighbours, IPv6 too where the program `ip` is there. */
export async function readNeighbours(): Promise<Neighbour[]> {
  const text = await run("ip", ["-j", "-s", "neigh", "show"]);
  const found = text === undefined ? undefined : parseIpNeigh(text === "" ? "[]" : text);
  return found ?? readArp();
}

/** The kernel's IPv4 neighbours, without ages; no process is started for it. */
export async function readArp(): Promise<Neighbour[]> {
  try {
    return parseProcArp(await readFile("/proc/net/arp", "utf8"));
  } catch {
    // No such file without IPv4.
    return [];
  }
}
