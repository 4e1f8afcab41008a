import type { Target } from "../model/contracts.ts";
import type { DeviceId } from "../model/site.ts";
import type { Access } from "./connect.ts";
import { literalAddress } from "./reader.ts";
import type { TrapSender, TrapSenders } from "./trap-guard.ts";
import type { EngineTime } from "./usm-cipher.ts";
import type { PolledEngine } from "./usm-engine.ts";
import { UsmUser } from "./usm-keys.ts";

/** What a device's `snmp` section says; a trap may come with another community than polls use. */
type SenderSettings = Access & { readonly trapCommunity?: Access["community"] };

const none: readonly TrapSender<DeviceId>[] = [];

/** Who may send traps: the devices that are polled by SNMP, by the addresses their names have now. */
export class SenderBook implements TrapSenders<DeviceId> {
  readonly #targets: () => readonly Target[];
  readonly #engines: ReadonlyMap<string, PolledEngine>;
  readonly #made = new Map<unknown, readonly TrapSender<DeviceId>[]>();
  #byAddress: ReadonlyMap<string, readonly TrapSender<DeviceId>[]> = new Map();
  #byDevice: ReadonlyMap<DeviceId, readonly TrapSender<DeviceId>[]> = new Map();

  constructor(targets: () => readonly Target[], engines: ReadonlyMap<string, PolledEngine>) {
    this.#targets = targets;
    this.#engines = engines;
  }

  at(address: string): readonly TrapSender<DeviceId>[] {
    return this.#byAddress.get(address) ?? none;
  }

  ofEngine(engineId: string): readonly TrapSender<DeviceId>[] {
    const polled = this.#engines.get(engineId);
    return polled ? (this.#byDevice.get(polled.device) ?? none) : none;
  }

  timeOf(engineId: string, nowMs: number): EngineTime | undefined {
    return this.#engines.get(engineId)?.engine.timeAt(nowMs);
  }

  /** Follows what is polled now. A name without an address is left out until it has one. */
  async refresh(): Promise<void> {
    const byAddress = new Map<string, TrapSender<DeviceId>[]>();
    const byDevice = new Map<DeviceId, TrapSender<DeviceId>[]>();
    const targets = this.#targets().filter(({ type }) => type === "snmp");
    const addresses = await Promise.all(
      targets.map(({ address }) => literalAddress(address).catch(() => undefined)),
    );
    for (const [place, target] of targets.entries()) {
      const address = addresses[place];
      const senders = this.#of(target);
      byDevice.set(target.device, [...(byDevice.get(target.device) ?? []), ...senders]);
      if (address !== undefined) byAddress.set(address, [...(byAddress.get(address) ?? []), ...senders]);
    }
    this.#byAddress = byAddress;
    this.#byDevice = byDevice;
    const kept = new Set<unknown>(targets.map(({ settings }) => settings));
    for (const settings of this.#made.keys()) if (!kept.has(settings)) this.#made.delete(settings);
  }

  /** Kept while the settings are the same object: the keys of a user take a while to make. */
  #of({ device, settings }: Target): readonly TrapSender<DeviceId>[] {
    const known = this.#made.get(settings);
    if (known?.[0]?.device === device) return known;
    const made = sendersOf(device, settings as SenderSettings);
    this.#made.set(settings, made);
    return made;
  }
}

function sendersOf(device: DeviceId, settings: SenderSettings): TrapSender<DeviceId>[] {
  const senders: TrapSender<DeviceId>[] = [];
  if (settings.version === "3" && settings.user !== undefined)
    senders.push({ device, user: new UsmUser({ ...settings, user: settings.user }) });
  const community = settings.trapCommunity ?? (settings.version === "3" ? undefined : settings.community);
  const isCommunity = settings.version !== "3" || settings.trapCommunity !== undefined;
  if (isCommunity) senders.push({ device, community: Buffer.from(community?.reveal() ?? "public", "utf8") });
  return senders;
}
