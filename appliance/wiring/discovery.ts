import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { ApproveRule } from "../config/discover.ts";
import type { Config } from "../config/schema.ts";
import { createDiscovery, type DiscoveryPart } from "../inventory/discover.ts";
import type { InventoryBook } from "../inventory/inventory.ts";
import { openMakers } from "../inventory/makers.ts";
import { createPace } from "../inventory/pace.ts";
import type { RunningFinder } from "../inventory/scan.ts";
import type { Counters, FinderDeps, Log } from "../model/contracts.ts";
import type { Approval, Candidate, Discovered, Network4, SnmpCredential } from "../model/discovery.ts";
import { confidences } from "../model/discovery.ts";
import type { Event } from "../model/observation.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import { contains4, interfacesOf, networksFor } from "../probe/networks.ts";
import { createAddressBook } from "../probe/resolve.ts";
import type { ProfileShelf } from "../snmp/profile-shelf.ts";
import type { Judging } from "./judging.ts";
import type { Measuring } from "./measuring.ts";
import type { Memory } from "./memory.ts";
import { type Plugins, programPath } from "./plugins.ts";
import type { LayeredSettings } from "./settings.ts";

export interface DiscoveryDeps {
  readonly config: Config;
  readonly settings: LayeredSettings;
  readonly plugins: Plugins;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly inventory: InventoryBook;
  readonly profiles: ProfileShelf;
  readonly memory: Memory;
  readonly measuring: Measuring;
  readonly judging: Judging;
  readonly topology?: Topology | undefined;
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
}

/** Discovery over the plugins and the settings: what it looks through, knows, and makes devices of. */
export function discoveryOf(deps: DiscoveryDeps): DiscoveryPart {
  const { config, settings, clock, inventory, memory, measuring, judging, topology } = deps;
  const log = deps.log.part("discover");
  const { ranges, rate, intervalMs, approve: rules } = config.discover;
  const pace = createPace(clock, rate);
  const devices = () => configured(inventory, settings);
  const credentials = () => credentialsOf(settings);
  const makerOf = openMakers(programPath("deploy/makers.bin"));
  return createDiscovery({
    clock,
    log,
    keeper: memory.candidates,
    finders: findersOf(deps, {
      clock,
      log,
      counters: deps.counters,
      pace,
      profiles: deps.profiles,
      credentials,
      tries: memory.candidates,
      neighbours: () => topology?.unknownNeighbours() ?? [],
    }),
    pace,
    makerOf,
    networks: () => networksFor(ranges),
    interfaces: (networks) => interfacesOf(networks),
    ownMacs,
    devices,
    speakers: () => inventory.devices().filter(({ source, approved }) => source === "mqtt" && !approved),
    isTaken: (id) => inventory.device(id) !== undefined,
    writtenAddress: (id) => settings.config().devices.find((one) => one.id === id)?.address,
    ...addressesOf(devices, clock),
    lastSeenMs: (device) => judging.status.device(device).lastSeenMs,
    placeOf: (device) => placeOf(topology, device),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    rate,
    clear: () => credentials().flatMap(({ id, version }) => (version === "3" ? [] : [id])),
    judge: (candidate) => verdictOf(rules, candidate, networksFor(ranges)),
    approve(candidate, approval) {
      settings.save("device", candidate.id, documentOf(candidate, approval), { by: approval.by, version: 0 });
      void measuring.schedule.pollDevice(candidate.id);
    },
    learn: (device, mac) => learn(deps, device, mac, makerOf(mac)),
    onMoved: () => measuring.arrange(),
    onDiscovered(change) {
      log.info("Something changed in the network", {
        kind: change.kind,
        name: change.name,
        text: change.text,
      });
      const event = eventOf(change);
      if (event) deps.onEvent(event);
    },
  });
}

/** Literal addresses of devices; names are looked up before a scan. */
function addressesOf(devices: () => readonly Device[], clock: Clock) {
  const names = createAddressBook(clock);
  const resolved = new Map<string, string>();
  return {
    addressOf: ({ address }: Device) => address && (resolved.get(address) ?? address),
    async prepare() {
      for (const { address } of devices()) {
        if (address === undefined || isIP(address) !== 0) continue;
        const found = await names.find(address);
        if (found !== undefined) resolved.set(address, found);
      }
    },
  };
}

/** The MAC of a device that says none itself, and with it who made it. */
function learn(
  { inventory, clock }: DiscoveryDeps,
  device: DeviceId,
  mac: string,
  maker: string | undefined,
): void {
  const isUnknown = maker !== undefined && inventory.device(device)?.identity.vendor === undefined;
  inventory.apply(
    { record: "describe", device, mac, ...(isUnknown ? { manufacturer: maker } : {}) },
    clock.nowMs(),
  );
}

function findersOf({ config, plugins }: DiscoveryDeps, deps: FinderDeps): RunningFinder[] {
  return [...plugins.finders.values()].flatMap(({ type, stage, create }) =>
    Object.hasOwn(config.discover.finders, type)
      ? [
          {
            type,
            stage,
            finder: create(config.discover.finders[type], { ...deps, log: deps.log.part(type) }),
          },
        ]
      : [],
  );
}

/** Devices that people put here or that speak by themselves, with the address that a person wrote. */
function configured(inventory: InventoryBook, settings: LayeredSettings): Device[] {
  const written = new Map(settings.config().devices.map(({ id, address }) => [id, address]));
  return inventory
    .devices()
    .filter(({ source }) => source !== "built-in")
    .map((device) => {
      const address = written.get(device.id);
      return address === undefined ? device : { ...device, address };
    });
}

function credentialsOf(settings: LayeredSettings): SnmpCredential[] {
  return [...settings.snmpCredentials()].map(([id, one]) => {
    const { version } = one as { readonly version?: unknown };
    return { id, version: String(version ?? "2c"), settings: one };
  });
}

function ownMacs(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [...new Set(all.map(({ mac }) => mac.toLowerCase().replaceAll(":", "")))];
}

/** Where the switches agree that it hangs. */
function placeOf(topology: Topology | undefined, device: DeviceId) {
  const places = (topology?.linksOf(device) ?? []).flatMap(({ from, to, confidence, goneMs }) =>
    to.device === device && from.device && from.port && confidence !== "unsure" && goneMs === undefined
      ? [{ device: from.device, port: from.port as string }]
      : [],
  );
  return places.length === 1 ? places[0] : undefined;
}

/** As a person would have written it into the file. */
function documentOf(candidate: Candidate, approval: Approval): Record<string, unknown> {
  const { id, addresses, checks } = candidate;
  const { room, group } = approval;
  const sections = Object.fromEntries(checks.map(({ type, settings }) => [type, settings]));
  return {
    id,
    name: approval.name ?? candidate.name,
    kind: approval.kind ?? candidate.kind,
    ...(addresses[0] === undefined ? {} : { address: addresses[0] }),
    ...(room === undefined ? {} : { room }),
    ...(group === undefined ? {} : { group }),
    // Whatever has an address is pinged, unless it says otherwise.
    ...(sections.ping === undefined ? { ping: "off" } : {}),
    ...sections,
  };
}

/** Whether it was itself seen at its address, which is not only what a neighbour or the device tells of. */
function isSeenThere({ addresses: [first], mac }: Candidate, networks: readonly Network4[]): boolean {
  if (first === undefined) return false;
  return first.includes(":") ? mac !== undefined : networks.some(({ cidr }) => contains4(cidr, first));
}

/** What the first rule that fits says. */
function verdictOf(rules: readonly ApproveRule[], candidate: Candidate, networks: readonly Network4[]) {
  const { kind, confidence, addresses, maker, identity, isRandomMac } = candidate;
  const rule = rules.find(
    (one) =>
      (one.kind?.includes(kind) ?? true) &&
      confidences.indexOf(confidence) <= confidences.indexOf(one.confidence) &&
      (one.range?.some((cidr) => addresses.some((address) => contains4(cidr, address))) ?? true) &&
      (one.vendor === undefined ||
        [maker, identity.vendor].some((text) => text !== undefined && fits(one.vendor ?? "", text))),
  );
  // What passes by is nobody's to watch, whatever it looks like, and nothing goes to where somebody only points.
  const mayApprove = !isRandomMac && isSeenThere(candidate, networks);
  if (!rule || (rule.action === "approve" && !mayApprove)) return undefined;
  const { room, group } = rule;
  const approval = {
    by: "discover.approve",
    ...(room === undefined ? {} : { room }),
    ...(group === undefined ? {} : { group }),
  };
  return { action: rule.action, approval };
}

/** Whether a text is what a pattern with `*` says, any case. */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(text);
}

const metrics: Readonly<Partial<Record<Discovered["kind"], string>>> = {
  new: "found",
  address: "address",
  replaced: "replaced",
  port: "moved",
  gone: "gone",
  back: "back",
};

/** A candidate's id becomes the device's: what was noted of it is then the device's history. */
function eventOf({
  kind,
  device,
  candidate,
  text,
  atMs,
}: Discovered): (Event & { timeMs: number }) | undefined {
  const metric = metrics[kind];
  const about = device ?? candidate;
  return metric === undefined || about === undefined
    ? undefined
    : { record: "event", device: about, metric, value: text, timeMs: atMs };
}
