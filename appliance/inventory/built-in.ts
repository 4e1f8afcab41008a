import { pathDevices } from "../model/path.ts";
import type { DeviceId } from "../model/site.ts";
import type { DeviceSeed } from "./inventory.ts";

/** What of the machine's network and of the settings the built-in devices follow. */
export interface Surroundings {
  /** Address of the default gateway; absent without a default route. */
  readonly gateway?: string;
  /** Addresses of the name servers of this system. */
  readonly resolvers: readonly string[];
  /** Addresses beyond the provider; none: the internet is not checked. */
  readonly anchors: readonly string[];
  readonly boxName?: string;
  /** The file's device with the gateway's address: it is the gateway then, and none is made. */
  readonly gatewayDevice?: DeviceId;
}

/** One thing to measure of a built-in device, its settings as a person would write them. */
export interface BuiltInTarget {
  readonly device: DeviceId;
  readonly type: "host" | "ping" | "dns";
  readonly address: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

const pathSettings = { interval: "10s" } as const;

/** The box, the gateway, the internet and the names: the devices that are there without any configuration. */
export function builtInDevices({
  gateway,
  gatewayDevice,
  resolvers,
  anchors,
  boxName,
}: Surroundings): DeviceSeed[] {
  const { box, internet, names } = pathDevices;
  const gatewayId = gatewayDevice ?? pathDevices.gateway;
  const source = "built-in" as const;
  return [
    { id: box, name: boxName ?? "This box", kind: "box", collectors: ["host"], address: "localhost", source },
    ...(gatewayDevice
      ? []
      : [
          {
            id: gatewayId,
            name: "Router",
            kind: "router" as const,
            collectors: ["ping"],
            isGateway: true,
            source,
            ...(gateway === undefined ? {} : { address: gateway }),
          },
        ]),
    ...(anchors.length === 0
      ? []
      : [
          {
            id: internet,
            name: "Internet",
            kind: "service" as const,
            group: "Internet",
            collectors: ["ping", "dns"],
            behind: gatewayId,
            source,
          },
        ]),
    {
      id: names,
      name: "Name lookup",
      kind: "service",
      group: "Internet",
      collectors: ["dns"],
      source,
      ...(resolvers[0] === undefined ? {} : { address: resolvers[0] }),
    },
  ];
}

/** What is polled of them. Stored every 10 s: the path is what people ask about first. */
export function builtInTargets({
  gateway,
  gatewayDevice,
  resolvers,
  anchors,
}: Surroundings): BuiltInTarget[] {
  const { box, internet, names } = pathDevices;
  const ping = { ...pathSettings, store: "10s" };
  const gatewayId = gatewayDevice ?? pathDevices.gateway;
  return [
    { device: box, type: "host", address: "localhost", settings: {} },
    ...(gateway === undefined
      ? []
      : [{ device: gatewayId, type: "ping" as const, address: gateway, settings: ping }]),
    ...anchors.map((address) => ({
      device: internet,
      type: "ping" as const,
      address,
      settings: { ...ping, channel: address },
    })),
    ...anchors.map((address) => ({
      device: internet,
      type: "dns" as const,
      address,
      settings: { ...pathSettings, channel: address },
    })),
    ...resolvers.map((address) => ({
      device: names,
      type: "dns" as const,
      address,
      settings: { ...pathSettings, channel: address },
    })),
  ];
}
