import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../model/time.ts";

/** How long an address found for a name is used without asking again. */
const freshMs = 300_000;

/** Names to addresses, with memory: while no name server answers, the last address goes on being used. */
export interface AddressBook {
  /** @returns a literal IP address; undefined when the name was never resolved */
  find(host: string): Promise<string | undefined>;
}

export function createAddressBook(
  clock: Clock,
  ask: (host: string) => Promise<string> = async (host) => (await lookup(host)).address,
): AddressBook {
  const known = new Map<string, { address: string; atMs: number }>();
  const asking = new Map<string, Promise<string | undefined>>();

  async function fetch(host: string): Promise<string | undefined> {
    try {
      const address = await ask(host);
      known.set(host, { address, atMs: clock.monotonicMs() });
      return address;
    } catch {
      // The name servers are away or the name is gone: the last address is the best there is.
      return known.get(host)?.address;
    } finally {
      asking.delete(host);
    }
  }

  return {
    async find(host) {
      if (isIP(host) !== 0) return host;
      const last = known.get(host);
      if (last && clock.monotonicMs() - last.atMs < freshMs) return last.address;
      const open = asking.get(host) ?? fetch(host);
      asking.set(host, open);
      return open;
    },
  };
}
