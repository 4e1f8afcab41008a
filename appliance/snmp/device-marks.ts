import type { Clock } from "../model/time.ts";
import type { VarbindValue } from "./codec.ts";
import { type Reader, SnmpFailure } from "./reader.ts";
import { Walker } from "./walk.ts";

/** By what a device is found again when its address changes; lower-case hex digits only. */
export interface DeviceMarks {
  readonly engineId?: string;
  readonly chassis?: string;
}

const oids = {
  // SNMP-FRAMEWORK-MIB (RFC 3411)
  engineId: "1.3.6.1.6.3.10.2.1.1.0",
  // LLDP-MIB (IEEE 802.1AB): the chassis id, and what kind it is of
  chassisType: "1.0.8802.1.1.2.1.3.1.0",
  chassis: "1.0.8802.1.1.2.1.3.2.0",
  // BRIDGE-MIB (RFC 4188)
  bridge: "1.3.6.1.2.1.17.1.1.0",
} as const;
/** LldpChassisIdSubtype: macAddress. */
const isMac = 4;

function hex(value: VarbindValue | undefined, length?: number): string | undefined {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) return undefined;
  const digits = Buffer.from(value).toString("hex");
  return /^(?:0*|f*)$/.test(digits) ? undefined : digits;
}

/** Reads the marks; what the device does not have is not there. A device that falls silent has told what it has. */
export async function readMarks(reader: Reader, clock: Clock): Promise<DeviceMarks> {
  const walker = new Walker(reader, clock);
  try {
    const values = await walker.values(Object.values(oids));
    const value = (name: keyof typeof oids) => values.get(oids[name])?.value;
    // RFC 3411: 5 to 32 octets.
    const engineId = hex(value("engineId"));
    const chassis =
      (value("chassisType") === isMac ? hex(value("chassis"), 6) : undefined) ?? hex(value("bridge"), 6);
    return {
      ...(engineId && engineId.length >= 10 && engineId.length <= 64 ? { engineId } : {}),
      ...(chassis ? { chassis } : {}),
    };
  } catch (error) {
    if (error instanceof SnmpFailure) return {};
    throw error;
  }
}
