import { isIP } from "node:net";

/** One address that a DHCP server has given away. */
export interface Lease {
  readonly address: string;
  /** Lower-case hex digits only. */
  readonly mac?: string;
  readonly name?: string;
}

const macDigits = (text: string) => text.toLowerCase().replace(/[^0-9a-f]/g, "");

function lease(address: string, mac: string, name: string): Lease[] {
  if (isIP(address) === 0) return [];
  const digits = macDigits(mac);
  const isNamed = name !== "" && name !== "*";
  return [{ address, ...(digits.length === 12 ? { mac: digits } : {}), ...(isNamed ? { name } : {}) }];
}

/** `expiry MAC address name client-id`, expiry in Unix seconds or 0 for never. Source: dnsmasq(8). */
function ofDnsmasq(text: string, nowMs: number): Lease[] {
  return text.split("\n").flatMap((line) => {
    const [expiry = "", mac = "", address = "", name = ""] = line.trim().split(/\s+/);
    if (!/^\d+$/.test(expiry)) return [];
    const isOver = expiry !== "0" && Number(expiry) * 1_000 < nowMs;
    return isOver ? [] : lease(address, mac, name);
  });
}

/** `2026/11/24 19:40:12` in UTC, `never`, or `epoch 1790000000`. */
function iscEnd(block: string): number {
  const epoch = /\n\s*ends epoch (\d+)/.exec(block)?.[1];
  if (epoch) return Number(epoch) * 1_000;
  const parts = /\n\s*ends \d (\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)/.exec(block);
  if (!parts) return Number.POSITIVE_INFINITY;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Blocks of `lease ADDRESS { ... }`; the last one of an address counts. Source: dhcpd.leases(5). */
function ofIsc(text: string, nowMs: number): Lease[] {
  const found = new Map<string, Lease[]>();
  for (const [, address = "", block = ""] of text.matchAll(/^lease\s+(\S+)\s*\{([^}]*)\}/gm)) {
    const isActive = /\n\s*binding state active;/.test(block) && iscEnd(block) >= nowMs;
    const mac = /\n\s*hardware ethernet ([0-9a-f:]+);/i.exec(block)?.[1] ?? "";
    const name = /\n\s*client-hostname "([^"\n]*)";/.exec(block)?.[1] ?? "";
    found.set(address, isActive ? lease(address, mac, name) : []);
  }
  return [...found.values()].flat();
}

/**
 * `address,hwaddr,client_id,valid_lifetime,expire,...,hostname,state`; the columns are named in the first line, and the
 * last line of an address counts. State 0 is a lease in use. Source: Kea Administrator Reference Manual, memfile.
 */
function ofKea(text: string, nowMs: number): Lease[] {
  const [first = "", ...lines] = text.split("\n");
  const columns = first.trim().split(",");
  const found = new Map<string, Lease[]>();
  for (const line of lines) {
    const cells = line.trim().split(",");
    const cell = (name: string) => cells[columns.indexOf(name)] ?? "";
    const isOver = Number(cell("expire")) * 1_000 < nowMs || (cell("state") !== "" && cell("state") !== "0");
    found.set(
      cell("address"),
      isOver ? [] : lease(cell("address"), cell("hwaddr"), cell("hostname").replace(/\.$/, "")),
    );
  }
  return [...found.values()].flat();
}

/** Leases in force of a file of dnsmasq, ISC dhcpd or Kea; told apart by their form. What is not understood is left out. */
export function readLeases(text: string, nowMs: number): Lease[] {
  if (/^address,hwaddr,/.test(text)) return ofKea(text, nowMs);
  if (/^lease\s+\S+\s*\{/m.test(text)) return ofIsc(text, nowMs);
  return ofDnsmasq(text, nowMs);
}
