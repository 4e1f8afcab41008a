import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { box, type Simulated } from "./plan.ts";

const ip = (...words: string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });
const fixtures = fileURLToPath(new URL("../../fixtures/profiles", import.meta.url));

/** Packets of one interface so far. */
function packets(name: string): { readonly sent: number; readonly received: number } {
  const line = readFileSync("/proc/net/dev", "utf8")
    .split("\n")
    .find((text) => text.trim().startsWith(`${name}:`));
  const fields = (line?.split(":")[1] ?? "").trim().split(/\s+/).map(Number);
  return { sent: fields[9] ?? 0, received: fields[1] ?? 0 };
}

export interface SimulatedNetwork {
  /** Packets that this side has sent since the call, and the most of them in one second. */
  watch(): { stop(): { readonly sent: number; readonly mostInASecond: number } };
  /** The device at one address of the plan takes another one. */
  move(from: string, to: string): Promise<void>;
  /** Somebody at an address behind a device of the plan, and the way there. */
  addBehind(address: string, router: string): Promise<void>;
  /** Requests to places where nobody was sent. */
  strays(): Promise<number>;
}

/**
 * Lays a cable from this namespace to another one in which the devices are. To be called inside a namespace of the
 * test's own.
 */
export async function simulatedNetwork(
  t: { teardown(end: () => unknown): void },
  plan: readonly Simulated[],
  { hasIpv6 = false }: { readonly hasIpv6?: boolean } = {},
): Promise<SimulatedNetwork> {
  const child = fork(
    fileURLToPath(new URL("./office.js", import.meta.url)),
    [JSON.stringify(plan), fixtures],
    {
      execPath: "/usr/bin/env",
      execArgv: ["unshare", "--net", process.execPath],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  t.teardown(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  await once(child, "message");
  ip("link", "add", "lan", "type", "veth", "peer", "name", "cable", "netns", String(child.pid));
  ip("address", "add", `${box}/24`, "dev", "lan");
  // With IPv6 the kernel itself speaks up from time to time, and packets are counted here.
  if (!hasIpv6) writeFileSync("/proc/sys/net/ipv6/conf/lan/disable_ipv6", "1");
  ip("link", "set", "lan", "up");
  child.send("begin");
  await once(child, "message");
  return {
    watch() {
      const start = packets("lan").sent;
      const readings: [number, number][] = [[performance.now(), start]];
      let most = 0;
      const timer = setInterval(() => {
        const nowMs = performance.now();
        const { sent } = packets("lan");
        readings.push([nowMs, sent]);
        while ((readings[1]?.[0] ?? nowMs) <= nowMs - 1_000) readings.shift();
        const [fromMs = nowMs, before = sent] = readings[0] ?? [];
        // A machine with other things to do reads late: the rate counts, over at least a second.
        const seconds = Math.max(1, (nowMs - fromMs) / 1_000);
        most = Math.max(most, Math.round((sent - before) / seconds));
      }, 20);
      return {
        stop() {
          clearInterval(timer);
          return { sent: packets("lan").sent - start, mostInASecond: most };
        },
      };
    },
    async move(from, to) {
      const answer = once(child, "message");
      child.send({ move: from, to });
      await answer;
    },
    async addBehind(address, router) {
      const answer = once(child, "message");
      child.send({ behind: address });
      await answer;
      ip("route", "add", `${address}/32`, "via", router);
    },
    async strays() {
      const answer = once(child, "message");
      child.send("strays?");
      const [{ strays }] = (await answer) as [{ strays: number }];
      return strays;
    },
  };
}
