import type { EchoResult } from "./fping.ts";

/** What the package `ping` offers of what we use. */
export interface SystemPing {
  probe(
    address: string,
    config: { timeout: number; min_reply: number; numeric: boolean },
  ): Promise<{ alive: boolean; times?: readonly (number | string)[] }>;
}

/** Processes of the system's ping at one time: it takes one for each address. */
const atOnce = 16;

/** Echo requests by the system's own ping, for machines without fping. Slower and dearer, same result. */
export async function systemEcho(
  ping: SystemPing,
  addresses: readonly string[],
  options: { readonly count: number; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Map<string, EchoResult>> {
  const results = new Map<string, EchoResult>();
  const waiting = [...new Set(addresses)];
  const work = async () => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      options.signal.throwIfAborted();
      const answer = await ping.probe(address, {
        timeout: Math.ceil(options.timeoutMs / 1_000),
        min_reply: options.count,
        numeric: true,
      });
      const rttsMs = (answer.times ?? []).map(Number).filter((rtt) => Number.isFinite(rtt));
      results.set(address, { rttsMs, sent: Math.max(options.count, rttsMs.length), isUnreachable: false });
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, work));
  return results;
}
