import type { Target } from "../model/contracts.ts";

/**
 * What tells several targets of one device and collector apart: `http` for the first, `http:2` for the second.
 * Their answers are kept under it.
 */
export function viaOf({ id, device, type }: Target): string {
  return id.startsWith(`${device}:`) ? id.slice(device.length + 1) : type;
}

/** The channel of a target's series: none for the only one, else what it is called or its number. */
export function channelOf(target: Target, name: string | undefined): string | undefined {
  if (name !== undefined) return name;
  const via = viaOf(target);
  return via === target.type ? undefined : via.slice(target.type.length + 1);
}

/** A member with a value, or nothing: for optional members that may not be `undefined`. */
export function maybe<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
