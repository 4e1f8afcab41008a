import systemPing from "ping";
import type { Clock } from "../model/time.ts";
import { EchoError, type EchoOptions, type EchoResult, echo } from "./fping.ts";
import { systemEcho } from "./system-ping.ts";

/** One process for each address, begun one after the other. */
async function spreadOut(
  clock: Clock,
  addresses: readonly string[],
  options: EchoOptions,
): Promise<Map<string, EchoResult>> {
  const { spreadMs = 1, signal } = options;
  const all = addresses.map(async (address, at) => {
    await clock.sleep(at * spreadMs, { signal });
    return systemEcho(systemPing.promise, [address], options);
  });
  return new Map((await Promise.all(all)).flatMap((results) => [...results]));
}

/**
 * Which of the addresses answer an echo request: by fping, else by the system's own ping.
 *
 * @throws EchoError when neither may send
 */
export async function answering(
  clock: Clock,
  addresses: readonly string[],
  options: EchoOptions,
): Promise<Set<string>> {
  const results = await echo(addresses, options).catch(async (error: unknown) => {
    if (!(error instanceof EchoError) || error.reason !== "tool") throw error;
    try {
      return await spreadOut(clock, addresses, options);
    } catch {
      // Neither program is there: what is said names the first.
      options.signal.throwIfAborted();
      throw error;
    }
  });
  return new Set([...results].filter(([, { rttsMs }]) => rttsMs.length > 0).map(([address]) => address));
}
