import type { Device, DeviceId, Port, PortId } from "../model/site.ts";
import { type LearnedPort, learnedOf, withLearned } from "./port-use.ts";

/** Longer chains are a mistake. */
const longestChain = 64;

/** What a device hangs on by derivation, to be kept over a new configuration that says nothing of it. */
export function derivedBehind(
  device: Device | undefined,
): Pick<Device, "behind" | "isBehindDerived"> | undefined {
  return device?.isBehindDerived && device.behind
    ? { behind: device.behind, isBehindDerived: true }
    : undefined;
}

/**
 * The devices whose place is another one now. What the configuration or the device itself says comes first, and nothing
 * is derived that would make a device hang on itself.
 */
export function hungOn(
  devices: readonly Device[],
  behind: ReadonlyMap<DeviceId, DeviceId | undefined>,
): Device[] {
  const isDeclared = ({ behind: said, isBehindDerived, source, kind }: Device) =>
    (said !== undefined && !isBehindDerived) || source === "mqtt" || kind === "service" || kind === "box";
  const next = new Map<DeviceId, DeviceId>();
  for (const device of devices) {
    const parent = !isDeclared(device) && behind.has(device.id) ? behind.get(device.id) : device.behind;
    if (parent) next.set(device.id, parent);
  }
  const closes = (id: DeviceId): boolean => {
    let at = next.get(id);
    for (let steps = 0; at !== undefined && steps < longestChain; steps++) {
      if (at === id) return true;
      at = next.get(at);
    }
    return false;
  };
  return devices.flatMap((device) => {
    if (isDeclared(device) || !behind.has(device.id)) return [];
    if (closes(device.id)) next.delete(device.id);
    const parent = next.get(device.id);
    if (parent === device.behind) return [];
    const { behind: _behind, isBehindDerived: _derived, ...rest } = device;
    return [parent ? { ...rest, behind: parent, isBehindDerived: true as const } : rest];
  });
}

/** Ports with what was learned of them when they were last there. */
export function keepLearned(ports: readonly Port[], before: readonly Port[]): Port[] {
  const known = new Map(before.map((port) => [port.id, port]));
  return ports.map((port) => {
    const old = known.get(port.id);
    return old ? { ...port, ...learnedOf(old) } : port;
  });
}

/** The device with what was learned of its ports. */
export function withLearnedPorts(device: Device, learned: ReadonlyMap<PortId, LearnedPort>): Device {
  return { ...device, ports: device.ports.map((port) => withLearned(port, learned.get(port.id))) };
}
