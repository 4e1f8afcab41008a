import type { DeviceAnswers } from "./contracts.ts";
import { type Device, type DeviceId, deviceId } from "./site.ts";

/** The devices of the way to the internet. They are there without any configuration. */
export const pathDevices = {
  /** This box: kind `box`, collector `host`. */
  box: deviceId("box"),
  /**
   * The default gateway: kind `router`, collector `ping`; without a default route it has no address and no answers.
   * A device of the file with the gateway's address stands in its place: see `gatewayOf`.
   */
  gateway: deviceId("gateway"),
  /** The anchors, one channel each: kind `service`, collectors `ping` and `dns`; it answers when one anchor does. */
  internet: deviceId("internet"),
  /** Name resolution by the system's own servers: kind `service`, collector `dns`, one channel a server. */
  names: deviceId("names"),
} as const;

/** The device through which the way to the internet goes: the file's own where one has the gateway's address. */
export function gatewayOf(devices: readonly Pick<Device, "id" | "isGateway">[]): DeviceId {
  return devices.find(({ isGateway }) => isGateway)?.id ?? pathDevices.gateway;
}

/** The device of a station of the path. */
export function stationDevice(
  station: keyof typeof pathDevices,
  devices: readonly Pick<Device, "id" | "isGateway">[],
): DeviceId {
  return station === "gateway" ? gatewayOf(devices) : pathDevices[station];
}

/** One address of a station of the path, as last measured. */
export interface PathChannel {
  readonly channel: string;
  readonly rttMs?: number;
  readonly lossPercent?: number;
  readonly dnsMs?: number;
  readonly timeMs: number;
}

/** What is measured of one station of the path; the verdict makes the sentence of it. */
export interface PathObservation {
  readonly station: keyof typeof pathDevices;
  readonly device: DeviceId;
  /** Absent address: no default route, no name server. */
  readonly address?: string;
  readonly answers: DeviceAnswers;
  readonly channels: readonly PathChannel[];
  /** The best channel now: one slow anchor is the anchor's fault. */
  readonly rttMs?: number;
  readonly lossPercent?: number;
  /** Usual round trip: the slow mean of the best channel; undefined for the first ten minutes. */
  readonly usualMs?: number;
}
