import type { Evidence } from "../model/discovery.ts";
import type { DeviceKind, Identity } from "../model/site.ts";
import { cleanText } from "../model/words.ts";
import { type DnsRecord, recordTypes } from "./mdns-message.ts";

/** What offering a service says of the kind of a device; strongest first. Names: IANA service name registry. */
const kinds: readonly (readonly [service: string, kind: DeviceKind])[] = [
  ["_pdl-datastream._tcp", "printer"],
  ["_ipp._tcp", "printer"],
  ["_ipps._tcp", "printer"],
  ["_printer._tcp", "printer"],
  ["_uscan._tcp", "printer"],
  ["_axis-video._tcp", "camera"],
  ["_rtsp._tcp", "camera"],
  ["_sip._udp", "voip"],
  ["_sips._tcp", "voip"],
  ["_adisk._tcp", "nas"],
  ["_afpovertcp._tcp", "nas"],
  ["_nfs._tcp", "nas"],
  ["_shelly._tcp", "sensor"],
  ["_esphomelib._tcp", "sensor"],
  ["_hap._tcp", "sensor"],
  ["_hap._udp", "sensor"],
];
/** Services that say nothing of a kind but bring a name. */
const others = [
  "_http._tcp",
  "_https._tcp",
  "_smb._tcp",
  "_ssh._tcp",
  "_workstation._tcp",
  "_device-info._tcp",
  "_airplay._tcp",
  "_googlecast._tcp",
];

/** Asked for by name: some devices do not list their types when asked for all. */
export const usualServices: readonly string[] = [...kinds.map(([service]) => service), ...others].map(
  (service) => `${service}.local`,
);

/** Keys of TXT records that name maker and model: Bonjour Printing 1.2.1 §9.2, and what vendors use. */
const modelKeys = ["ty", "usb_mdl", "model", "md", "am"];
const makerKeys = ["usb_mfg", "mfg", "manufacturer"];

const ports: Readonly<Partial<Record<DeviceKind, readonly string[]>>> = {
  printer: ["_pdl-datastream._tcp", "_ipp._tcp", "_printer._tcp"],
};

const serviceOf = (name: string) => /(_[a-z0-9-]+\._(?:tcp|udp))\.local$/.exec(name.toLowerCase())?.[1];

function firstText(records: readonly DnsRecord[], keys: readonly string[]): string | undefined {
  for (const key of keys)
    for (const { texts } of records) {
      const text = cleanText(texts?.get(key) ?? "", 100);
      if (text !== "") return text;
    }
  return undefined;
}

/** The port of the kind's own service. */
function servicePort(records: readonly DnsRecord[], kind: DeviceKind | undefined): number | undefined {
  for (const service of (kind && ports[kind]) ?? []) {
    const found = records.find(({ type, name }) => type === recordTypes.srv && serviceOf(name) === service);
    // RFC 6763 §4.4.1: port 0 is a place kept free, no service.
    if (found?.port) return found.port;
  }
  return undefined;
}

function nameIn(records: readonly DnsRecord[], kind: DeviceKind | undefined): string | undefined {
  const offered = records.filter(
    ({ name, type, label }) => type === recordTypes.ptr && serviceOf(name) && label,
  );
  const best = offered.find(({ name }) =>
    kinds.some(([service, of]) => of === kind && serviceOf(name) === service),
  );
  const label = (best ?? offered[0])?.label ?? "";
  // `Name [00:11:22:33:44:55]` of _workstation, `001122334455@Name` of _raop.
  return (
    cleanText(label.replace(/\s*\[[0-9a-f:]{17}\]$/i, "").replace(/^[0-9A-F]{12}@/, ""), 100) || undefined
  );
}

/** What the records of one device say of it; undefined when it offers nothing. */
export function describeServices(
  records: readonly DnsRecord[],
): Pick<Evidence, "words" | "name" | "kind" | "identity" | "servicePort"> | undefined {
  const offered = new Set(
    records.flatMap(({ type, name }) =>
      type === recordTypes.txt || type === recordTypes.srv || type === recordTypes.ptr
        ? (serviceOf(name) ?? [])
        : [],
    ),
  );
  offered.delete("_dns-sd._udp");
  if (offered.size === 0) return undefined;
  const [service, kind] = kinds.find(([one]) => offered.has(one)) ?? [];
  const vendor = firstText(records, makerKeys);
  const model = firstText(records, modelKeys);
  const identity: Identity = { ...(vendor ? { vendor } : {}), ...(model ? { model } : {}) };
  const name = nameIn(records, kind);
  const port = servicePort(records, kind);
  return {
    words: `mDNS ${service ?? [...offered][0]}`,
    ...(name ? { name } : {}),
    ...(kind ? { kind } : {}),
    ...(vendor || model ? { identity } : {}),
    ...(port === undefined ? {} : { servicePort: port }),
  };
}
