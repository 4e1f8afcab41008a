import type { Finding, Path } from "./problems.ts";
import type { DeviceConfig, PluginSections } from "./schema.ts";

/** A device as its schema made it, sections still as written. */
type ParsedDevice = Omit<DeviceConfig, "name" | "sections"> & {
  readonly name?: string;
  readonly [section: string]: unknown;
};

/** Keys in a section of a collector that say where to ask, so that the device needs no address. */
const ownAddressKeys = ["url", "address", "host", "server"];

function hasOwnAddress(settings: unknown): boolean {
  return (
    typeof settings === "object" &&
    settings !== null &&
    ownAddressKeys.some((key) => typeof (settings as Record<string, unknown>)[key] === "string")
  );
}

/** The targets that a device has of each collector: its sections, and `ping` for whatever has an address. */
function targetsOf(
  device: ParsedDevice,
  written: Readonly<Record<string, unknown>>,
  collectors: PluginSections["collectors"],
): Record<string, readonly unknown[]> {
  const sections: Record<string, readonly unknown[]> = {};
  for (const [type, { target }] of collectors) {
    if (!target) continue;
    const pinged = type === "ping" && device.address !== undefined;
    // A schema with a default of its own gives one for an absent section too.
    const given = written[type] === undefined ? undefined : device[type];
    const section = given ?? (pinged ? target.parse({}) : "off");
    if (section !== "off") sections[type] = Array.isArray(section) ? section : [section];
  }
  return sections;
}

/**
 * Gives a device its targets. `ping: off` takes the ping away; a section that needs an address which is not there
 * is a finding.
 *
 * @param parsed - as the schema made it; `written` - as it stands in the file
 */
export function deviceConfig(
  parsed: unknown,
  written: unknown,
  collectors: PluginSections["collectors"],
  path: Path,
): { readonly device: DeviceConfig; readonly findings: readonly Finding[] } {
  const device = parsed as ParsedDevice;
  const sections = targetsOf(device, written as Readonly<Record<string, unknown>>, collectors);
  const homeless = device.address
    ? []
    : Object.entries(sections).filter(([, targets]) => !targets.every(hasOwnAddress));
  const { id, name, address, kind, room, group, behind } = device;
  return {
    device: {
      id,
      name: name ?? id,
      kind,
      ...(address === undefined ? {} : { address }),
      ...(room === undefined ? {} : { room }),
      ...(group === undefined ? {} : { group }),
      ...(behind === undefined ? {} : { behind }),
      sections,
    },
    findings: homeless.map(([type]) => ({
      path: [...path, "address"],
      message: `expected a host name or an IP address, because ${type} needs it, but it is missing`,
    })),
  };
}
