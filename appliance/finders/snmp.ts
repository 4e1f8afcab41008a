import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Finder, FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence, FindRange, FoundAddress, SnmpCredential } from "../model/discovery.ts";
import { contains4 } from "../probe/networks.ts";
import { type Access, connect } from "../snmp/connect.ts";
import { readMarks } from "../snmp/device-marks.ts";
import { Exchange } from "../snmp/exchange.ts";
import { pacedReader } from "../snmp/paced-reader.ts";
import type { ProfileLibrary } from "../snmp/profiles.ts";
import { SnmpFailure } from "../snmp/reader.ts";
import { survey } from "../snmp/survey.ts";

const config = z
  .strictObject({
    timeout: duration({ min: "100ms", max: "10s" })
      .prefault("1500ms")
      .describe("How long one answer may take."),
    again: duration({ min: "10m", max: "30d" })
      .prefault("1h")
      .describe("How long after one try a credential is not tried again at the same address."),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

/** Devices that are asked at one time; the pace decides how fast. */
const atOnce = 8;
/** What an agent that answers is asked. */
const surveyPackets = 30;
const order = ["3", "2c", "1"];

/** Tries the credentials of the settings at every address found, version 3 first, each once. */
class Snmp implements Finder {
  readonly #settings: Settings;
  readonly #deps: FinderDeps;

  constructor(settings: Settings, deps: FinderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  packets({ found }: FindRange): number {
    const credentials = this.#deps.credentials().length;
    // One in four answers in an office, and is then asked for some more.
    return credentials === 0 ? 0 : Math.round(found.length * (3 * credentials + surveyPackets / 4));
  }

  async find(range: FindRange, { signal, progress }: Parameters<Finder["find"]>[1]): Promise<Evidence[]> {
    const { credentials, clock, counters, profiles } = this.#deps;
    const known = [...credentials()].sort((a, b) => order.indexOf(a.version) - order.indexOf(b.version));
    // Watched addresses are asked anyway.
    const places = range.found.filter((place) => place.device === undefined && isNear(range, place));
    if (known.length === 0 || places.length === 0) return [];
    const library = (await profiles.library()) as ProfileLibrary;
    const exchange = new Exchange({ clock, counters });
    const found: Evidence[] = [];
    let at = 0;
    const work = async () => {
      while (at < places.length && !signal.aborted) {
        const place = places[at++] as FoundAddress;
        const evidence = await this.#tryAll(place, known, { exchange, library, signal });
        if (evidence) found.push(evidence);
        progress?.(at, places.length);
      }
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, work));
    } finally {
      exchange.close();
    }
    return found;
  }

  async #tryAll(
    { address }: FoundAddress,
    credentials: readonly SnmpCredential[],
    tools: { exchange: Exchange; library: ProfileLibrary; signal: AbortSignal },
  ): Promise<Evidence | undefined> {
    const { clock, tries } = this.#deps;
    let refusal: Evidence | undefined;
    for (const credential of credentials) {
      const nowMs = clock.nowMs();
      const lastMs = tries.lastMs(address, credential.id);
      if (lastMs !== undefined && nowMs - lastMs >= 0 && nowMs - lastMs < this.#settings.again) continue;
      tries.tried(address, credential.id, nowMs);
      const evidence = await this.#tryOne(address, credential, tools);
      if (evidence?.credential !== undefined || tools.signal.aborted) return evidence;
      refusal ??= evidence;
    }
    return refusal;
  }

  async #tryOne(
    address: string,
    credential: SnmpCredential,
    { exchange, library, signal }: { exchange: Exchange; library: ProfileLibrary; signal: AbortSignal },
  ): Promise<Evidence | undefined> {
    const { clock, counters, pace } = this.#deps;
    const patience = { timeoutMs: this.#settings.timeout, tries: 1 };
    try {
      const connection = await connect(address, credential.settings as Access, exchange);
      const reader = pacedReader(connection.reader(patience, signal), (packets) =>
        pace.take(packets, signal),
      );
      const found = await survey(reader, { library, clock, counters, neighbours: false, depth: "identity" });
      // An agent that has nothing of a system group is none.
      if (found.identity.sysObjectID === undefined && found.identity.sysDescr === undefined) return undefined;
      const { identity, kind, name } = found;
      return {
        finder: "snmp",
        words: `SNMP ${reader.version === "3" ? "v3" : `v${reader.version}`}`,
        isPresent: true,
        trust: "answer",
        address,
        credential: credential.id,
        ...(reader.version === "3" && isSigned(credential) ? { isSigned: true } : {}),
        identity,
        ...(kind ? { kind } : {}),
        ...(name === undefined ? {} : { name }),
        ...(await readMarks(reader, clock)),
      };
    } catch (error) {
      // No answer, or not to us; an abort ends the round.
      if (signal.aborted || (error instanceof SnmpFailure && error.reason !== "auth")) return undefined;
      if (!(error instanceof SnmpFailure)) throw error;
      return {
        finder: "snmp",
        words: `speaks SNMP but refuses ${credential.id}`,
        isPresent: false,
        address,
      };
    }
  }
}

/**
 * Whether credentials may be offered there: an address that a device only tells of, of itself or of a neighbour, may be
 * anybody's. IPv6 must have been seen on the wire; link-local ones have an IPv4 address too.
 */
function isNear({ networks }: FindRange, { address, mac }: FoundAddress): boolean {
  if (address.includes(":")) return mac !== undefined && !address.includes("%");
  return networks.some(({ cidr }) => contains4(cidr, address));
}

const isSigned = ({ settings }: SnmpCredential) => (settings as Access).auth !== undefined;

export const finder = {
  type: "snmp",
  summary:
    "Tries the SNMP credentials of discover.snmp at every address found, version 3 first, each once an hour.",
  config,
  stage: "ask",
  create: (settings, deps) => new Snmp(settings, deps),
} satisfies FinderPlugin<Settings>;
