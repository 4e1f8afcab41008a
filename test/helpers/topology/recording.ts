import type { Port } from "../../../appliance/model/site.ts";
import type { Neighbours } from "../../../appliance/model/topology.ts";
import { parseRecording, type Recorded } from "../snmp/replay.ts";
import { type Cabling, devicesOf, macOf, tablesOf } from "./cabling.ts";

export interface RecordingOptions {
  /** The address that the box sends from, instead of the made-up one. */
  readonly boxMac: string;
  /** Ports without a link, as `device/number`. */
  readonly down?: readonly string[];
}

const decimal = (mac: string) =>
  (mac.match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16)).join(".");

function portLines(id: string, ports: readonly Port[], down: readonly string[]): string[] {
  return ports.flatMap(({ ifIndex, ifName, mac, operStatus }) => {
    const state = operStatus === "down" || down.includes(`${id}/${ifIndex}`) ? 2 : 1;
    return [
      `1.3.6.1.2.1.2.2.1.1.${ifIndex}|2|${ifIndex}`,
      `1.3.6.1.2.1.2.2.1.2.${ifIndex}|4|${ifName}`,
      `1.3.6.1.2.1.2.2.1.3.${ifIndex}|2|6`,
      `1.3.6.1.2.1.2.2.1.6.${ifIndex}|4x|${mac}`,
      `1.3.6.1.2.1.2.2.1.7.${ifIndex}|2|1`,
      `1.3.6.1.2.1.2.2.1.8.${ifIndex}|2|${state}`,
      `1.3.6.1.2.1.31.1.1.1.1.${ifIndex}|4|${ifName}`,
      `1.3.6.1.2.1.31.1.1.1.15.${ifIndex}|66|1000`,
    ];
  });
}

/** LLDP-MIB and BRIDGE-MIB. */
function neighbourLines({ heard, forwarding, ownMacs }: Neighbours): string[] {
  const remote = "1.0.8802.1.1.2.1.4.1.1";
  return [
    "1.0.8802.1.1.2.1.3.1.0|2|4",
    `1.0.8802.1.1.2.1.3.2.0|4x|${ownMacs[0]}`,
    ...heard.flatMap(({ local, chassis, port, name, isBridge }, at) => {
      const row = `0.${local.number}.${at + 1}`;
      return [
        `${remote}.4.${row}|2|4`,
        `${remote}.5.${row}|4x|${chassis.mac}`,
        `${remote}.6.${row}|2|5`,
        `${remote}.7.${row}|4|${port.names[0]}`,
        `${remote}.9.${row}|4|${name}`,
        `${remote}.12.${row}|4x|${isBridge ? "20" : "01"}00`,
      ];
    }),
    ...forwarding.flatMap(({ ifIndex, mac }) => [
      `1.3.6.1.2.1.17.4.3.1.2.${decimal(mac)}|2|${ifIndex}`,
      `1.3.6.1.2.1.17.4.3.1.3.${decimal(mac)}|2|3`,
    ]),
  ];
}

/** What the agent of each device of a cabling answers, by its id. */
export function recordingsOf(
  cabling: Cabling,
  { boxMac, down = [] }: RecordingOptions,
): Map<string, Recorded[]> {
  const tables = new Map(tablesOf(cabling, 0).map((one) => [one.device as string, one]));
  const real = (one: Neighbours): Neighbours => ({
    ...one,
    forwarding: one.forwarding.map((row) => (row.mac === macOf("box") ? { ...row, mac: boxMac } : row)),
  });
  return new Map(
    devicesOf(cabling).map(({ id, ports }) => {
      const own = tables.get(id);
      const lines = [
        `1.3.6.1.2.1.1.1.0|4|Invented ${id}`,
        "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10",
        "1.3.6.1.2.1.1.3.0|67|900000000",
        `1.3.6.1.2.1.1.5.0|4|${id}`,
        ...(own
          ? portLines(id, ports, down)
          : portLines(id, [{ id: "p1", ifIndex: 1, ifName: "p1", mac: macOf(id) } as unknown as Port], down)),
        ...(own ? neighbourLines(real(own)) : []),
      ];
      return [id, parseRecording(lines.join("\n"))];
    }),
  );
}
