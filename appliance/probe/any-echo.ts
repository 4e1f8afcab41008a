import systemPing from "ping";
import { EchoError, type EchoOptions, echo } from "./fping.ts";
import { systemEcho } from "./system-ping.ts";

/**
 * Which of the addresses answer an echo request: by fping, else by the system's own ping.
 *
 * @throws EchoError when neither may send
 */
export async function answering(addresses: readonly string[], options: EchoOptions): Promise<Set<string>> {
  const results = await echo(addresses, options).catch(async (error: unknown) => {
    if (!(error instanceof EchoError) || error.reason !== "tool") throw error;
    try {
      return await systemEcho(systemPing.promise, addresses, options);
    } catch {
      // Neither program is there: what is said names the first.
      options.signal.throwIfAborted();
      throw error;
    }
  });
  return new Set([...results].filter(([, { rttsMs }]) => rttsMs.length > 0).map(([address]) => address));
}
