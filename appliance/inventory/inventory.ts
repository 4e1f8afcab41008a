import type { Counters, DeviceKeeper, Inventory, KnownDevice, Log } from "../model/contracts.ts";
import type { Description, Event, PortDescription } from "../model/observation.ts";
import { type Device, type DeviceId, type Port, type PortId, parseDeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { appeared, newDeviceId } from "./appear.ts";
import { changesOf, groupOf, heardOf, mergeDescription } from "./describe.ts";
import { differInStronger, macKey, mqttKey, rankOf, serialKey, topicOfRef } from "./keys.ts";
import { derivedBehind, hungOn, keepLearned, withLearnedPorts } from "./learned.ts";
import type { LearnedPort } from "./port-use.ts";
import { matchPorts, portOf } from "./ports.ts";

/** A device that the configuration or the box itself puts here; what it says of itself comes later. */
export type DeviceSeed = Pick<Device, "id" | "name" | "kind" | "collectors"> &
  Partial<Pick<Device, "group" | "room" | "address" | "behind" | "isGateway">> & {
    readonly source: "built-in" | "file" | "page";
  };

export interface InventoryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly keeper: DeviceKeeper;
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
  /** Devices that may appear by themselves. */
  readonly limit?: number;
}

export interface InventoryBook extends Inventory {
  /** Replaces what the configuration and the box put here. What is no longer among it is retired: kept, not listed. */
  configure(seeds: readonly DeviceSeed[]): void;
  /** Keys under which a device speaks by MQTT, as dialects write them. */
  refsOf(id: DeviceId): readonly string[];
  /** The MQTT topic that a device speaks under, as its first key has it; undefined for one that was never heard there. */
  topicOf(id: DeviceId): string | undefined;
  /** What devices hang on, as it was found out; what people wrote stays. Those left out stay as they are. */
  hangOn(behind: ReadonlyMap<DeviceId, DeviceId | undefined>): void;
  /** What was learned of a device's ports, instead of what was learned before. */
  learnPorts(id: DeviceId, learned: ReadonlyMap<PortId, LearnedPort>): void;
}

interface Known {
  device: Device;
  readonly keys: Set<string>;
  /** Every port ever seen, so that no id is given to another one. */
  ports: Port[];
}

const defaultLimit = 1_000;
/** Devices: from the configuration, built in, and those that appear by a key. Merges records that share a key. */
class Book implements InventoryBook {
  readonly #options: InventoryOptions;
  readonly #known = new Map<DeviceId, Known>();
  readonly #byKey = new Map<string, DeviceId>();
  /** Keys that two live devices showed: they are none. */
  readonly #blocked = new Set<string>();
  readonly #listeners = new Set<(device: DeviceId) => void>();
  #listed = new Set<DeviceId>();
  /** What was put here by the last `configure`. */
  #seeded = new Set<DeviceId>();
  #list: Device[] | undefined;
  #isFull = false;

  constructor(options: InventoryOptions) {
    this.#options = options;
    for (const { device, keys } of options.keeper.load()) {
      const id = parseDeviceId(device.id);
      if (!id) continue;
      this.#known.set(id, { device, keys: new Set(keys), ports: [...device.ports] });
      for (const key of keys) this.#byKey.set(key, id);
      // Without keys it was merged into another one.
      if (device.source === "mqtt" && keys.length > 0) this.#listed.add(id);
    }
  }

  configure(seeds: readonly DeviceSeed[]): void {
    const before = this.#listed;
    // What people wrote comes before what speaks up by itself.
    this.#listed = new Set(seeds.map(({ id }) => id));
    const seeded = this.#seeded;
    this.#seeded = new Set(this.#listed);
    for (const id of before) if (this.#known.get(id)?.device.source === "mqtt") this.#listed.add(id);
    for (const seed of seeds) this.#seed(seed);
    for (const id of seeded) if (!this.#seeded.has(id)) this.#disapprove(id);
    for (const id of new Set([...before, ...this.#listed]))
      if (before.has(id) !== this.#listed.has(id)) this.#changed(id);
  }

  #seed(seed: DeviceSeed): void {
    const known = this.#known.get(seed.id);
    const device: Device = {
      group: groupOf(seed.kind),
      ...seed,
      identity: known?.device.identity ?? {},
      ports: known?.device.ports ?? [],
      sensors: known?.device.sensors ?? [],
      ...(known?.device.source === "mqtt" ? heardOf(known.device, seed) : {}),
      ...(seed.behind === undefined ? derivedBehind(known?.device) : {}),
      approved: true,
      firstSeenMs: known?.device.firstSeenMs ?? this.#options.clock.nowMs(),
    };
    this.#put(seed.id, known ?? { device, keys: new Set(), ports: [] }, device);
  }

  /** A page approved it and took that back. A credential of the file approves it again at its next word. */
  #disapprove(id: DeviceId): void {
    const known = this.#known.get(id);
    if (known?.device.source === "mqtt") this.#put(id, known, { ...known.device, approved: false });
  }

  devices(): readonly Device[] {
    this.#list ??= [...this.#listed].flatMap((id) => this.#known.get(id)?.device ?? []);
    return this.#list;
  }

  device(id: DeviceId): Device | undefined {
    return this.#listed.has(id) ? this.#known.get(id)?.device : undefined;
  }

  resolve(ref: string): Device | undefined {
    if (!ref.includes(":")) return this.device(ref as DeviceId);
    const id = this.#byKey.get(mqttKey(ref));
    return (id && this.device(id)) ?? this.#appear(ref);
  }

  refsOf(id: DeviceId): readonly string[] {
    const prefix = mqttKey("");
    const keys = [...(this.#known.get(id)?.keys ?? [])];
    return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  topicOf(id: DeviceId): string | undefined {
    const [ref] = this.refsOf(id);
    return ref && topicOfRef(ref);
  }

  #rooms(): Set<string> {
    return new Set(this.devices().flatMap(({ room }) => room ?? []));
  }

  #appear(ref: string): Device | undefined {
    const speakers = this.devices().filter(({ source }) => source === "mqtt").length;
    if (ref.length > 300 || speakers >= (this.#options.limit ?? defaultLimit)) {
      this.#options.counters.add("inventory_devices_refused");
      if (!this.#isFull) this.#options.log.warn("There are as many devices as may be; new ones are left out");
      this.#isFull = true;
      return undefined;
    }
    const id = newDeviceId((taken) => this.#known.has(taken));
    const device = appeared(id, ref, this.#options.clock.nowMs(), this.#rooms());
    const key = mqttKey(ref);
    this.#byKey.set(key, id);
    this.#listed.add(id);
    this.#put(id, { device, keys: new Set([key]), ports: [] }, device);
    return device;
  }

  apply(description: Description, atMs: number): void {
    const found = this.resolve(description.device);
    const known = found && this.#known.get(found.id);
    if (!known) return;
    const before = known.device;
    let device = mergeDescription(before, description);
    // A bridge itself is never behind another thing by its own word.
    const behind = description.behind === undefined ? undefined : this.resolve(description.behind)?.id;
    if (behind && behind !== device.id && device.source === "mqtt") device = { ...device, behind };
    if (description.ports) device = { ...device, ports: this.#ports(known, description.ports) };
    this.#put(device.id, known, device);
    for (const { metric, value } of changesOf(before.identity, device.identity))
      this.#options.onEvent({ record: "event", device: device.id, metric, value, timeMs: atMs });
    for (const key of [macKey(device.identity.mac), serialKey(device.identity)])
      if (key) this.#addKey(known, key);
  }

  #ports(known: Known, rows: readonly PortDescription[]): Port[] {
    const ids = this.portIds(known.device.id, rows);
    const ports = rows.map((row, at) => portOf(row, ids[at] as PortId));
    return keepLearned(ports, known.device.ports);
  }

  hangOn(behind: ReadonlyMap<DeviceId, DeviceId | undefined>): void {
    for (const device of hungOn(this.devices(), behind)) this.#putKnown(device);
  }

  learnPorts(id: DeviceId, learned: ReadonlyMap<PortId, LearnedPort>): void {
    const device = this.device(id);
    if (device) this.#putKnown(withLearnedPorts(device, learned));
  }

  #putKnown(device: Device): void {
    const known = this.#known.get(device.id);
    if (known) this.#put(device.id, known, device);
  }

  portIds(id: DeviceId, rows: readonly PortDescription[]): readonly PortId[] {
    const known = this.#known.get(id);
    const ids = matchPorts(known?.ports ?? [], rows);
    if (!known) return ids;
    const now = rows.map((row, at) => portOf(row, ids[at] as PortId));
    const given = new Set(ids);
    known.ports = [...now, ...known.ports.filter((port) => !given.has(port.id))].slice(0, 10_000);
    return ids;
  }

  /** Two records that share a key are one device, unless a stronger key says that they are two. */
  #addKey(known: Known, key: string): void {
    if (known.keys.has(key) || this.#blocked.has(key)) return;
    const ownerId = this.#byKey.get(key);
    const owner = ownerId && this.#known.get(ownerId);
    if (!owner || owner === known || !this.#listed.has(owner.device.id)) {
      known.keys.add(key);
      this.#byKey.set(key, known.device.id);
      this.#save(known);
      return;
    }
    const isMergeable = owner.device.source === "mqtt" || known.device.source === "mqtt";
    if (isMergeable && !differInStronger([...owner.keys], [...known.keys], key)) {
      this.#merge(owner, known, key);
      return;
    }
    this.#blocked.add(key);
    this.#byKey.delete(key);
    owner.keys.delete(key);
    this.#save(owner);
    this.#options.log.warn("Two devices show the same key; it is used for neither", {
      devices: [owner.device.id, known.device.id],
      key,
    });
  }

  /** The configured one stays, else the older; the other's keys lead to it from now on. */
  #merge(owner: Known, other: Known, key: string): void {
    const keeps = other.device.source === "mqtt" ? owner : other;
    const goes = keeps === owner ? other : owner;
    for (const one of [...goes.keys, key]) {
      keeps.keys.add(one);
      this.#byKey.set(one, keeps.device.id);
    }
    goes.keys.clear();
    this.#save(goes);
    this.#listed.delete(goes.device.id);
    const { identity, sensors } = keeps.device;
    const has = new Set(sensors.map(({ metric, channel }) => `${metric}:${channel ?? ""}`));
    this.#put(keeps.device.id, keeps, {
      ...keeps.device,
      identity: { ...goes.device.identity, ...identity },
      sensors: [
        ...sensors,
        ...goes.device.sensors.filter(({ metric, channel }) => !has.has(`${metric}:${channel ?? ""}`)),
      ],
    });
    this.#options.log.info("Two records are one device", {
      kept: keeps.device.id,
      gone: goes.device.id,
      key,
    });
    this.#changed(goes.device.id);
  }

  /** Takes the new record unless it says the same as the old one. */
  #put(id: DeviceId, known: Known, device: Device): void {
    if (this.#known.has(id) && JSON.stringify(known.device) === JSON.stringify(device)) return;
    known.device = device;
    this.#known.set(id, known);
    this.#save(known);
    this.#changed(id);
  }

  #save({ device, keys }: Known): void {
    const sorted = [...keys].sort((a, b) => rankOf(a) - rankOf(b));
    const record: KnownDevice = { device, keys: sorted };
    try {
      this.#options.keeper.save(record);
    } catch (error) {
      this.#options.counters.add("inventory_not_saved");
      this.#options.log.warn("A device could not be saved; it is tried again at its next change", {
        device: device.id,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  onChange(listener: (device: DeviceId) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #changed(id: DeviceId): void {
    this.#list = undefined;
    for (const listener of this.#listeners) listener(id);
  }
}

export function createInventory(options: InventoryOptions): InventoryBook {
  return new Book(options);
}
