import { Resolver } from "node:dns/promises";
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Finder, FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange } from "../model/discovery.ts";
import { cleanText } from "../model/words.ts";
import { isPrivate4 } from "../probe/networks.ts";

const config = z
  .strictObject({
    timeout: duration({ min: "100ms", max: "10s" })
      .prefault("1s")
      .describe("How long the name server may take for one name."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

/** After so many questions without any answer the name server is left alone. */
const patience = 5;
const atOnce = 8;

/** Asks the system's name servers for the names of the addresses found; private IPv4 addresses only. */
class Names implements Finder {
  readonly #settings: Settings;
  readonly #deps: FinderDeps;

  constructor(settings: Settings, deps: FinderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async find({ found: places }: FindRange, options: Parameters<Finder["find"]>[1]): Promise<Evidence[]> {
    const { signal, progress } = options;
    const resolver = new Resolver({ timeout: this.#settings.timeout, tries: 1 });
    const addresses = places.map(({ address }) => address).filter(isPrivate4);
    const found: Evidence[] = [];
    let silences = 0;
    let at = 0;
    const work = async () => {
      while (at < addresses.length && silences < patience && !signal.aborted) {
        const address = addresses[at++] as string;
        progress?.(at, addresses.length);
        await this.#deps.pace.take(1, signal).catch(() => undefined);
        if (signal.aborted) return;
        const name = await nameOf(resolver, address);
        // An answer counts for all: the server is there.
        silences = name === undefined ? silences + 1 : Number.NEGATIVE_INFINITY;
        if (name)
          found.push({ finder: "names", words: `called ${name} by DNS`, isPresent: false, address, name });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return found;
  }
}

/** The first label of the name; empty when there is none, undefined when nobody answered. */
async function nameOf(resolver: Resolver, address: string): Promise<string | undefined> {
  try {
    const [name = ""] = await resolver.reverse(address);
    const label = cleanText(name.split(".")[0] ?? "", 63);
    return isGenerated(label, address) ? "" : label;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    return code === "ETIMEOUT" || code === "ECONNREFUSED" ? undefined : "";
  }
}

/** `10-0-0-31`, `ip-10-0-0-31`, `dhcp31`: the address once more is no name. */
function isGenerated(label: string, address: string): boolean {
  const octets = address.split(".");
  return (
    octets.every((octet) => new RegExp(`(?:^|\\D)0*${octet}(?:\\D|$)`).test(label)) || /^\d+$/.test(label)
  );
}

export const finder = {
  type: "names",
  summary: "Asks this machine's name servers what the addresses found are called.",
  config,
  stage: "ask",
  create: (settings, deps) => new Names(settings, deps),
} satisfies FinderPlugin<Settings>;
