import type { Config, DeviceConfig } from "../config/schema.ts";
import {
  type BuiltInTarget,
  builtInDevices,
  builtInTargets,
  type Surroundings,
} from "../inventory/built-in.ts";
import type { DeviceSeed } from "../inventory/inventory.ts";
import type { CollectorPlugin, Target } from "../model/contracts.ts";
import { pathDevices } from "../model/path.ts";
import type { DeviceId } from "../model/site.ts";
import type { Network } from "../probe/network.ts";

type Devices = Pick<Config, "devices" | "collect" | "site"> & {
  /** Which of the devices a page made; absent: none. */
  readonly isOfPage?: (id: string) => boolean;
};
type Collectors = ReadonlyMap<string, CollectorPlugin>;

interface Times {
  readonly interval?: number | undefined;
  readonly timeout?: number | undefined;
}

/** Where a target is asked: the device's address, else what its own section names. */
function addressOf(device: DeviceConfig, settings: unknown): string {
  if (device.address !== undefined) return device.address;
  const { url, host, server, address } = settings as Readonly<Record<string, unknown>>;
  if (typeof url === "string" && URL.canParse(url)) return new URL(url).hostname;
  return [host, server, address].find((text) => typeof text === "string") ?? "";
}

interface Wanted {
  readonly device: DeviceId;
  readonly type: string;
  readonly address: string;
  /** Parsed by the plugin's `target` schema. */
  readonly settings: unknown;
}

function numbered(wanted: readonly Wanted[], collect: Config["collect"]): Target[] {
  const seen = new Map<string, number>();
  return wanted.map((one) => {
    const base = `${one.device}:${one.type}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    const own = (one.settings ?? {}) as Times;
    const common = (collect[one.type] ?? {}) as Times;
    return {
      id: count === 1 ? base : `${base}:${count}`,
      ...one,
      intervalMs: own.interval ?? common.interval ?? 60_000,
      timeoutMs: own.timeout ?? common.timeout ?? 5_000,
    };
  });
}

function ofFile({ devices }: Devices): Wanted[] {
  return devices.flatMap((device) =>
    Object.entries(device.sections).flatMap(([type, targets]) =>
      targets.map((settings) => ({
        device: device.id,
        type,
        address: addressOf(device, settings),
        settings,
      })),
    ),
  );
}

function ofBox(targets: readonly BuiltInTarget[], collectors: Collectors): Wanted[] {
  return targets.flatMap((target) => {
    const plugin = collectors.get(target.type);
    if (!plugin) return [];
    return [{ ...target, settings: plugin.target ? plugin.target.parse(target.settings) : {} }];
  });
}

/** What the built-in devices follow. The file's device with the gateway's address is the gateway. */
function surroundings({ gateway, resolvers }: Network, { site, devices }: Devices): Surroundings {
  const own = gateway === undefined ? undefined : devices.find(({ address }) => address === gateway);
  return {
    resolvers,
    anchors: site.anchors,
    ...(gateway === undefined ? {} : { gateway }),
    ...(own ? { gatewayDevice: own.id } : {}),
  };
}

/**
 * Everything that is polled: the way to the internet as the machine's network is now, and the file's devices.
 * Ids are `device:type`, for further ones of the same type `device:type:2`.
 */
export function targetsOf(config: Devices, network: Network, collectors: Collectors): Target[] {
  const around = surroundings(network, config);
  const builtIn = ofBox(builtInTargets(around), collectors);
  // The gateway is pinged as a station of the path, not once more as a device of the file.
  const own = ofFile(config).filter(
    ({ device, type }) => !(type === "ping" && device === around.gatewayDevice),
  );
  return numbered([...builtIn, ...own], config.collect);
}

/** The devices that the box and the file put into the inventory. */
export function seedsOf(config: Devices, network: Network): DeviceSeed[] {
  const around = surroundings(network, config);
  const { gatewayDevice } = around;
  return [
    ...builtInDevices(around),
    ...config.devices.map(({ sections, ...device }) => ({
      ...device,
      collectors: [...new Set([...Object.keys(sections), ...(device.id === gatewayDevice ? ["ping"] : [])])],
      source: config.isOfPage?.(device.id) ? ("page" as const) : ("file" as const),
      ...(device.id === gatewayDevice ? { isGateway: true } : {}),
      ...(gatewayDevice && device.behind === pathDevices.gateway ? { behind: gatewayDevice } : {}),
    })),
  ];
}
