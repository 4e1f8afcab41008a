import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock, Timer } from "../model/time.ts";

/** How this machine is connected. */
export interface Network {
  /** Address of the default gateway; absent without a default route, or where it has no address (point to point). */
  readonly gateway?: string;
  readonly interface?: string;
  /** Whether the interface of the default route has a carrier; undefined without one. */
  readonly hasCarrier?: boolean;
  /** Name servers of the system, in order; at most 3 (resolv.conf(5)). */
  readonly resolvers: readonly string[];
}

interface Route {
  readonly interface: string;
  readonly gateway?: string;
  readonly metric: number;
}

/** RTF_UP, RTF_GATEWAY of route(8). */
const up = 0x1;
const viaGateway = 0x2;

/** `0101A8C0` is 192.168.1.1: the kernel prints the address as a little-endian number. */
function address4(hex: string): string {
  const octets = hex.match(/../g) ?? [];
  return octets
    .reverse()
    .map((octet) => Number.parseInt(octet, 16))
    .join(".");
}

function address6(hex: string): string {
  return (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

function best(routes: readonly Route[]): Route | undefined {
  return [...routes].sort((a, b) => a.metric - b.metric)[0];
}

/** The default route of /proc/net/route with the lowest metric. */
export function defaultRoute4(text: string): Route | undefined {
  return best(
    text
      .split("\n")
      .slice(1)
      .flatMap((line): Route[] => {
        const [name = "", destination, gateway = "", flags = "0", , , metric = "0", mask] = line
          .trim()
          .split(/\s+/);
        const bits = Number.parseInt(flags, 16);
        if (destination !== "00000000" || mask !== "00000000" || (bits & up) === 0) return [];
        const found = { interface: name, metric: Number(metric) };
        return [(bits & viaGateway) === 0 ? found : { ...found, gateway: address4(gateway) }];
      }),
  );
}

/** The default route of /proc/net/ipv6_route with the lowest metric; a link-local gateway carries its interface as zone. */
export function defaultRoute6(text: string): Route | undefined {
  const zeros = "0".repeat(32);
  return best(
    text.split("\n").flatMap((line): Route[] => {
      const [destination, prefix, , , next = "", metric = "0", , , flags = "0", name = ""] = line
        .trim()
        .split(/\s+/);
      if (destination !== zeros || prefix !== "00" || next === zeros || name === "lo") return [];
      if ((Number.parseInt(flags, 16) & up) === 0) return [];
      const address = address6(next);
      const isLinkLocal = next.startsWith("fe8");
      return [
        {
          interface: name,
          gateway: isLinkLocal ? `${address}%${name}` : address,
          metric: Number.parseInt(metric, 16),
        },
      ];
    }),
  );
}

/** `nameserver` lines of resolv.conf(5): literal addresses only, the first 3. */
export function nameServers(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => isIP(address) !== 0)
    .slice(0, 3);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    // A machine without IPv6, or without resolv.conf, has none of it.
    return "";
  }
}

/** @param root - `/` but in tests */
export async function readNetwork(root = "/"): Promise<Network> {
  const read = (path: string) => textOf(join(root, path));
  const route =
    defaultRoute4(await read("proc/net/route")) ?? defaultRoute6(await read("proc/net/ipv6_route"));
  const resolvers = nameServers(await read("etc/resolv.conf"));
  if (!route) return { resolvers };
  const carrier = /^[\w.@-]{1,32}$/.test(route.interface)
    ? (await read(`sys/class/net/${route.interface}/carrier`)).trim()
    : "";
  return {
    resolvers,
    interface: route.interface,
    ...(route.gateway === undefined ? {} : { gateway: route.gateway }),
    ...(carrier === "" ? {} : { hasCarrier: carrier === "1" }),
  };
}

export interface NetworkWatch {
  /** As last read; before the first reading nothing is known. */
  readonly now: () => Network;
  /** Reads it once, then again every 10 s. */
  start(): Promise<void>;
  stop(): void;
}

const everyMs = 10_000;

/** Watches the default gateway and the name servers; `onChange` runs when they are others than before. */
export function watchNetwork(options: {
  readonly clock: Clock;
  readonly root?: string;
  readonly onChange: (network: Network) => void;
}): NetworkWatch {
  let network: Network = { resolvers: [] };
  let timer: Timer | undefined;
  let isStopped = false;
  const read = async () => {
    const next = await readNetwork(options.root);
    const isNews = JSON.stringify(next) !== JSON.stringify(network);
    network = next;
    if (isStopped) return isNews;
    timer = options.clock.timer(() => {
      void read().then((changed) => {
        if (changed && !isStopped) options.onChange(network);
      });
    }, everyMs);
    return isNews;
  };
  return {
    now: () => network,
    async start() {
      await read();
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
