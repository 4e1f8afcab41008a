import type { Identity } from "../model/site.ts";

/** Serial numbers that are none: what vendors leave in the field. */
const placeholders = new Set([
  "",
  "0",
  "none",
  "n/a",
  "na",
  "unknown",
  "default",
  "default string",
  "to be filled by o.e.m.",
  "not specified",
  "system serial number",
  "123456789",
  "0123456789",
]);

/** First digits of addresses that several boxes share: VRRP (RFC 5798), HSRP, Hyper-V, VMware, VirtualBox, Xen, QEMU. */
const virtualMacs = [
  "00005e0001",
  "00005e0002",
  "00000c07ac",
  "00155d",
  "000569",
  "000c29",
  "005056",
  "080027",
  "00163e",
  "525400",
];

/** A MAC or EUI-64 that belongs to one device alone, as a key; undefined for shared, local and empty ones. */
export function macKey(mac: string | undefined): string | undefined {
  const digits = mac?.toLowerCase().replace(/[^0-9a-f]/g, "") ?? "";
  if (digits.length !== 12 && digits.length !== 16) return undefined;
  if (/^(?:0+|f+)$/.test(digits)) return undefined;
  // IEEE 802: bit 0 of the first octet is a group address, bit 1 a locally administered one.
  const first = Number.parseInt(digits.slice(0, 2), 16);
  if ((first & 1) === 1) return undefined;
  if (digits.length === 12 && (first & 2) === 2) return undefined;
  if (virtualMacs.some((prefix) => digits.startsWith(prefix))) return undefined;
  return `mac:${digits}`;
}

/** Vendor and serial number together; undefined while one is missing or a placeholder. */
export function serialKey({ vendor, serial }: Identity): string | undefined {
  const number = serial?.trim().toLowerCase() ?? "";
  if (!vendor || number.length < 4 || placeholders.has(number) || /^(.)\1*$/.test(number)) return undefined;
  return `serial:${vendor.trim().toLowerCase()}/${number}`;
}

/** SNMP engine id (RFC 3411), 5 to 32 octets in hex. */
export const engineKey = (id: string | undefined) =>
  id !== undefined && /^[0-9a-f]{10,64}$/.test(id) ? `engine:${id}` : undefined;

/** MAC of one port, also a random one: it tells devices apart, and `macKey` whether it can tell who one is. */
export const portKey = (mac: string | undefined) =>
  mac !== undefined && /^[0-9a-f]{12}$/.test(mac) && !/^(?:0+|f+)$/.test(mac) ? `port:${mac}` : undefined;

export const addressKey = (address: string) => `address:${address}`;

export const mqttKey = (ref: string) => `mqtt:${ref}`;

/**
 * What a device is called before it says its name. The last part of its key; of a bare topic the last three levels
 * without the first, which only says where all of them are: `json:site/freezer/climate` is "freezer climate".
 */
export function nameOfRef(ref: string): string {
  if (!ref.startsWith("json:")) return ref.slice(ref.search(/[:/][^:/]*$/) + 1);
  const levels = ref.slice("json:".length).split("/").filter(Boolean);
  return (levels.length > 1 ? levels.slice(1).slice(-3) : levels).join(" ");
}

/** The topic in a dialect's key: `zigbee2mqtt/hall` of `z2m:zigbee2mqtt/hall`. */
export const topicOfRef = (ref: string) => ref.slice(ref.indexOf(":") + 1);

/** Kinds of keys, strongest first. */
const strength = ["mac:", "serial:", "engine:", "port:", "mqtt:", "address:"];

export const rankOf = (key: string) => strength.findIndex((kind) => key.startsWith(kind));

/** Whether two devices show different keys of a kind stronger than `key`: then they are two, whatever they share. */
export function differInStronger(a: readonly string[], b: readonly string[], key: string): boolean {
  return strength.slice(0, rankOf(key)).some((kind) => {
    const ofA = a.filter((one) => one.startsWith(kind));
    const ofB = b.filter((one) => one.startsWith(kind));
    return ofA.length > 0 && ofB.length > 0 && !ofA.some((one) => ofB.includes(one));
  });
}
