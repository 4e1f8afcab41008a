import type { Port } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { indexBelow } from "./ber.ts";
import type { Varbind } from "./codec.ts";
import { octetsText } from "./decode.ts";
import type { Notification } from "./trap-message.ts";

interface Known {
  readonly name: string;
  /** What it says; `{port}` is the port it is about. */
  readonly sentence?: string;
}

/** Source: the modules named, each an RFC or the standard of its MIB. */
const standard: Readonly<Record<string, Known>> = {
  // SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863)
  "1.3.6.1.6.3.1.1.5.1": { name: "coldStart", sentence: "It has started anew" },
  "1.3.6.1.6.3.1.1.5.2": { name: "warmStart", sentence: "It has started again" },
  "1.3.6.1.6.3.1.1.5.3": { name: "linkDown", sentence: "The link of {port} went down" },
  "1.3.6.1.6.3.1.1.5.4": { name: "linkUp", sentence: "The link of {port} came up" },
  "1.3.6.1.6.3.1.1.5.5": {
    name: "authenticationFailure",
    sentence: "Somebody asked it with a wrong community or user",
  },
  "1.3.6.1.6.3.1.1.5.6": { name: "egpNeighborLoss" },
  // BRIDGE-MIB (RFC 4188)
  "1.3.6.1.2.1.17.0.1": { name: "newRoot", sentence: "It became the root of the spanning tree" },
  "1.3.6.1.2.1.17.0.2": { name: "topologyChange", sentence: "The spanning tree changed" },
  // RMON-MIB (RFC 2819)
  "1.3.6.1.2.1.16.0.1": { name: "risingAlarm" },
  "1.3.6.1.2.1.16.0.2": { name: "fallingAlarm" },
  // UPS-MIB (RFC 1628)
  "1.3.6.1.2.1.33.2.1": { name: "upsTrapOnBattery", sentence: "It runs on battery" },
  "1.3.6.1.2.1.33.2.2": { name: "upsTrapTestCompleted", sentence: "A test of the battery has ended" },
  "1.3.6.1.2.1.33.2.3": { name: "upsTrapAlarmEntryAdded", sentence: "It has a new alarm" },
  "1.3.6.1.2.1.33.2.4": { name: "upsTrapAlarmEntryRemoved", sentence: "An alarm of it has ended" },
  // Printer-MIB (RFC 3805)
  "1.3.6.1.2.1.43.18.2.0.1": { name: "printerV2Alert" },
  // ENTITY-MIB (RFC 6933)
  "1.3.6.1.2.1.47.2.0.1": { name: "entConfigChange", sentence: "A part was put in or taken out" },
  // POWER-ETHERNET-MIB (RFC 3621)
  "1.3.6.1.2.1.105.0.1": { name: "pethPsePortOnOffNotification" },
  "1.3.6.1.2.1.105.0.2": { name: "pethMainPowerUsageOnNotification" },
  "1.3.6.1.2.1.105.0.3": { name: "pethMainPowerUsageOffNotification" },
  // LLDP-MIB (IEEE 802.1AB)
  "1.0.8802.1.1.2.0.0.1": { name: "lldpRemTablesChange", sentence: "It has other neighbours" },
  // NET-SNMP-AGENT-MIB
  "1.3.6.1.4.1.8072.4.0.1": { name: "nsNotifyStart", sentence: "Its agent has started" },
  "1.3.6.1.4.1.8072.4.0.2": { name: "nsNotifyShutdown", sentence: "Its agent is being stopped" },
  "1.3.6.1.4.1.8072.4.0.3": { name: "nsNotifyRestart", sentence: "Its agent has started again" },
};

/** Columns of IF-MIB whose row says which port a trap is about. */
const ifColumns = ["1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"];
const longestText = 160;
const longestValue = 60;
const mostValues = 4;

export interface TrapWords {
  /** As its MIB has it, else its OID. */
  readonly name: string;
  readonly text: string;
}

/**
 * Says a trap in words. Texts that came with it are cut and cleaned; they are the device's, not ours.
 *
 * @param names - what files of the user and profiles call further traps, by OID
 */
export function trapWords(
  notification: Notification,
  names: ReadonlyMap<string, string>,
  ports: readonly Port[],
): TrapWords {
  const { oid, varbinds } = notification;
  const known = standard[oid];
  const name = names.get(oid) ?? known?.name ?? oid;
  if (known?.sentence)
    return { name, text: known.sentence.replace("{port}", () => trapPort(notification, ports) ?? "a port") };
  const values = varbinds.flatMap(({ value }) => readable(value)).slice(0, mostValues);
  return { name, text: cleanText(values.join(", "), longestText) || "received" };
}

/** The port that a trap is about, as people call it. */
export function trapPort({ varbinds }: Notification, ports: readonly Port[]): string | undefined {
  for (const { oid } of varbinds)
    for (const column of ifColumns) {
      const [, index] = (indexBelow(column, oid) ?? "").split(".");
      if (index === undefined || !/^\d+$/.test(index)) continue;
      const known = ports.find(({ ifIndex }) => ifIndex === Number(index));
      return known ? (known.ifName ?? known.ifDescr ?? known.id) : `port ${index}`;
    }
  return undefined;
}

function readable(value: Varbind["value"]): string[] {
  if (value === null) return [];
  const text = value instanceof Uint8Array ? (octetsText(value, undefined) ?? "") : String(value);
  const clean = cleanText(text, longestValue);
  return clean === "" ? [] : [clean];
}
