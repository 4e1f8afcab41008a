import { isIP } from "node:net";
import type { CandidateKeeper, Discovered, Sighting } from "../model/discovery.ts";
import type { Device, DeviceId } from "../model/site.ts";
import { addressKey, differInStronger, macKey, portKey, rankOf, serialKey } from "./keys.ts";
import { addressesOf } from "./looks.ts";
import { isRandomMac } from "./makers.ts";
import type { Thing } from "./things.ts";

export interface WatchedDeps {
  readonly keeper: CandidateKeeper;
  /** Devices that people put here: not the box's own. */
  readonly devices: () => readonly Device[];
  /** The address that a person wrote. */
  readonly writtenAddress: (device: DeviceId) => string | undefined;
  /** The literal address behind the one that is configured. */
  readonly addressOf: (device: Device) => string | undefined;
  readonly onChange: (change: Discovered) => void;
  /** The MAC of a device that says none itself. */
  readonly learn: (device: DeviceId, mac: string) => void;
  /** It is to be asked at another address from now on. */
  readonly onMoved: () => void;
}

interface Known {
  readonly device: Device;
  readonly address: string | undefined;
  readonly keys: readonly string[];
}

/** Watched devices as scans see them: found again by their keys, wherever they are. */
export interface Watched {
  /** Devices of the things that are watched ones; the others are left. */
  recognise(things: readonly Thing[], nowMs: number): readonly Thing[];
  /** Addresses to ask instead of the configured ones. */
  moves(): ReadonlyMap<DeviceId, string>;
  /** Tells which device is at an address or has a MAC, as things are now. */
  locator(): (address: string, mac?: string) => DeviceId | undefined;
  sighting(device: DeviceId): Sighting | undefined;
  put(sighting: Sighting): void;
  /** Devices that are no longer there are forgotten. */
  tidy(): void;
}

const isLearned = (key: string) => key.startsWith("port:");

class WatchedDevices implements Watched {
  readonly #deps: WatchedDeps;
  readonly #sightings: Map<DeviceId, Sighting>;

  constructor(deps: WatchedDeps) {
    this.#deps = deps;
    this.#sightings = new Map(deps.keeper.sightings().map((one) => [one.device, one]));
  }

  sighting(device: DeviceId): Sighting | undefined {
    return this.#sightings.get(device);
  }

  put(sighting: Sighting): void {
    this.#sightings.set(sighting.device, sighting);
    this.#deps.keeper.saveSighting(sighting);
  }

  moves(): ReadonlyMap<DeviceId, string> {
    const moved = new Map<DeviceId, string>();
    for (const { device, movedTo, movedFrom } of this.#sightings.values()) {
      // A person who writes another address knows better.
      if (movedTo !== undefined && movedFrom === this.#deps.writtenAddress(device))
        moved.set(device, movedTo);
    }
    return moved;
  }

  tidy(): void {
    const there = new Set(this.#deps.devices().map(({ id }) => id));
    for (const device of [...this.#sightings.keys()]) {
      if (there.has(device)) continue;
      this.#sightings.delete(device);
      this.#deps.keeper.removeSighting(device);
    }
  }

  #known(): Known[] {
    const moved = this.moves();
    return this.#deps.devices().map((device) => {
      const address = moved.get(device.id) ?? this.#deps.addressOf(device);
      const { identity, ports } = device;
      const keys = [
        macKey(identity.mac),
        serialKey(identity),
        portKey(identity.mac),
        ...ports.map(({ mac }) => portKey(mac)),
        ...(this.#sightings.get(device.id)?.keys ?? []),
        ...(address === undefined ? [] : [addressKey(address)]),
      ];
      const found = [...new Set(keys.flatMap((key) => key ?? []))];
      return { device, address, keys: found.sort((a, b) => rankOf(a) - rankOf(b)) };
    });
  }

  locator(): ReturnType<Watched["locator"]> {
    const byAddress = new Map<string, DeviceId>();
    const byPort = new Map<string, DeviceId>();
    for (const { device, address, keys } of this.#known()) {
      if (address !== undefined) byAddress.set(address, device.id);
      for (const key of keys) if (isLearned(key)) byPort.set(key, device.id);
    }
    return (address, mac) => byPort.get(portKey(mac) ?? "") ?? byAddress.get(address);
  }

  recognise(things: readonly Thing[], nowMs: number): readonly Thing[] {
    const known = this.#known();
    const byKey = new Map<string, Known>();
    for (const one of known) for (const key of one.keys) if (!byKey.has(key)) byKey.set(key, one);
    const rest: Thing[] = [];
    const seen = new Map<Known, Thing[]>();
    const add = (one: Known, thing: Thing) => void seen.set(one, [...(seen.get(one) ?? []), thing]);
    // First those that are sure, so that an address alone is the last resort.
    const unsure = things.filter((thing) => {
      const one = byIdentity(thing, byKey);
      if (one) add(one, thing);
      return !one;
    });
    for (const thing of unsure) {
      const one = addressesOf(thing.evidence).flatMap((address) => byKey.get(addressKey(address)) ?? [])[0];
      // What is known elsewhere by its MAC has left its address to somebody new.
      if (one && !seen.has(one)) add(one, thing);
      else rest.push(thing);
    }
    let hasMoved = false;
    for (const [one, group] of seen) hasMoved = this.#see(one, group, nowMs) || hasMoved;
    if (hasMoved) this.#deps.onMoved();
    return rest;
  }

  /** @returns whether it is to be asked elsewhere than before */
  #see(one: Known, things: readonly Thing[], nowMs: number): boolean {
    const { device } = one;
    const before = this.#sightings.get(device.id);
    const evidence = things.flatMap((thing) => thing.evidence);
    if (!evidence.some(({ isPresent }) => isPresent)) return false;
    const addresses = addressesOf(evidence).filter((address) => isIP(address) === 4);
    const macs = evidence.flatMap(({ mac }) => mac ?? []);
    this.#learn(one, macs, nowMs);
    const place = this.#placeOf(one, addresses, before, nowMs);
    const strong = macs.filter((mac) => !isRandomMac(mac));
    // An address drawn by lot takes no other's place.
    const usable = strong.length > 0 || (before?.keys.some(isLearned) ?? false) ? strong : macs;
    const learned = usable.flatMap((mac) => portKey(mac) ?? []);
    const engines = things.flatMap(({ keys }) => keys.filter((key) => key.startsWith("engine:")));
    const { movedTo: _to, movedFrom: _from, isGone: _gone, ...rest } = before ?? { device: device.id };
    this.put({
      ...rest,
      device: device.id,
      seenMs: nowMs,
      ...(addresses[0] === undefined ? {} : { address: addresses[0] }),
      ...place,
      keys: learned.length > 0 ? [...new Set([...engines, ...learned])] : (before?.keys ?? []),
    });
    if (before?.isGone) this.#tell("back", device, nowMs, addresses[0] ?? "");
    return place.movedTo !== before?.movedTo;
  }

  /** Other hardware at its address; and the MAC of what never says one. */
  #learn({ device, keys }: Known, macs: readonly string[], nowMs: number): void {
    const mac = macs.find((one) => !isRandomMac(one));
    if (mac === undefined) return;
    const before = this.#sightings.get(device.id)?.keys.filter(isLearned) ?? [];
    if (
      before.length > 0 &&
      !keys.includes(`port:${mac}`) &&
      !before.some((key) => isRandomMac(key.slice(5)))
    )
      this.#tell("replaced", device, nowMs, `${before[0]?.slice(5)} → ${mac}`);
    if (device.identity.mac === undefined && device.ports.length === 0 && macKey(mac))
      this.#deps.learn(device.id, mac);
  }

  /** Where it is asked: at its configured address, unless it was found elsewhere alone. */
  #placeOf(
    { device, address }: Known,
    addresses: readonly string[],
    before: Sighting | undefined,
    nowMs: number,
  ): Pick<Sighting, "movedTo" | "movedFrom"> {
    const [now] = addresses;
    const isLiteral = device.address !== undefined && isIP(device.address) === 4;
    if (!isLiteral || device.address === undefined || now === undefined) return {};
    if (addresses.includes(device.address)) {
      if (before?.movedTo !== undefined)
        this.#tell("address", device, nowMs, `${before.movedTo} → ${device.address}`);
      return {};
    }
    const old = before?.movedTo ?? address ?? device.address;
    const to = addresses.includes(old) ? old : now;
    if (to !== old) this.#tell("address", device, nowMs, `${old} → ${to}`);
    return { movedTo: to, movedFrom: device.address };
  }

  #tell(kind: Discovered["kind"], { id, name }: Device, atMs: number, text: string): void {
    this.#deps.onChange({ kind, device: id, name, atMs, text });
  }
}

/**
 * Keys that prove who a thing is: MACs that were seen on the wire, random ones left out. What a device says of itself
 * counts when that is signed, or from behind a router, where no MAC can be seen: else anybody could say it is another.
 */
function proofsOf({ evidence, keys }: Thing): string[] {
  const macs = evidence.flatMap(({ mac }) => (mac !== undefined && macKey(mac) ? [`port:${mac}`] : []));
  const isBelieved =
    evidence.some(({ isSigned }) => isSigned) || evidence.every(({ mac }) => mac === undefined);
  return isBelieved ? [...keys.filter((key) => !key.startsWith("address:")), ...macs] : macs;
}

function byIdentity(thing: Thing, byKey: ReadonlyMap<string, Known>): Known | undefined {
  for (const key of proofsOf(thing)) {
    const one = byKey.get(key);
    if (one && !differInStronger(one.keys, thing.keys, key)) return one;
  }
  return undefined;
}

export function createWatched(deps: WatchedDeps): Watched {
  return new WatchedDevices(deps);
}
