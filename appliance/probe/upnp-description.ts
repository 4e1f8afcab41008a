/** What a UPnP device says of itself in its description document. */
export interface UpnpDescription {
  readonly deviceType?: string;
  readonly friendlyName?: string;
  readonly manufacturer?: string;
  readonly modelName?: string;
  readonly modelNumber?: string;
  readonly serialNumber?: string;
}

const fields = [
  "deviceType",
  "friendlyName",
  "manufacturer",
  "modelName",
  "modelNumber",
  "serialNumber",
] as const;

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads the first `device` of a description. No document type, no entities but the five of XML: whatever has more is
 * taken as text.
 *
 * @returns undefined when there is no such element
 * Source: UPnP Device Architecture 2.0 §2.3.
 */
export function readDescription(xml: string): UpnpDescription | undefined {
  const start = /<device>|<device\s[^>]{0,200}>/.exec(xml);
  if (!start) return undefined;
  const rest = xml.slice(start.index, start.index + 20_000);
  const found: Record<string, string> = {};
  for (const field of fields) {
    const text = new RegExp(`<${field}>([^<]{0,400})</${field}>`).exec(rest)?.[1];
    const clean = text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? "").trim();
    if (clean) found[field] = clean;
  }
  return found;
}

/** Headers of a datagram in the form of HTTP, names in lower case; undefined for what is no answer of SSDP. */
export function readSsdp(text: string): ReadonlyMap<string, string> | undefined {
  const [status = "", ...lines] = text.slice(0, 4_000).split("\r\n");
  if (!/^HTTP\/1\.[01] 200\b/.test(status)) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

/** The address of a description, when it is at the device that answered and nothing more than that. */
export function ownUrl(location: string, address: string): URL | undefined {
  if (location.length > 500 || !URL.canParse(location)) return undefined;
  const url = new URL(location);
  const isOwn =
    url.protocol === "http:" && url.hostname === address && url.username === "" && url.password === "";
  return isOwn ? url : undefined;
}
