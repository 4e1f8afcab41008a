import { readFileSync } from "node:fs";

/** Who made the network card with this MAC; undefined for unknown, random and local ones. */
export type MakerOf = (mac: string) => string | undefined;

/** Bits of a prefix: IEEE MA-L, MA-M, MA-S. */
const prefixDigits = [6, 7, 9] as const;
const paddedDigits = 10;
const entryBytes = 7;
const prefixBytes = 5;
const headBytes = 20;

/**
 * Opens the list that the build makes (deploy/makers.mjs). A missing or damaged file knows no maker.
 *
 * @param path - of `makers.bin`
 */
export function openMakers(path: string): MakerOf {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Without the list candidates have no maker, and everything else goes on.
    return () => undefined;
  }
  if (bytes.length < headBytes || bytes.toString("latin1", 0, 4) !== "MAC1") return () => undefined;
  const counts = prefixDigits.map((_, at) => bytes.readUInt32BE(4 + 4 * at));
  const starts = counts.map(
    (_, at) => headBytes + entryBytes * counts.slice(0, at).reduce((sum, one) => sum + one, 0),
  );
  const namesAt = headBytes + entryBytes * counts.reduce((sum, one) => sum + one, 0);
  const names = bytes.toString("utf8", namesAt).split("\n");
  return (mac) => {
    if (!/^[0-9a-f]{12}$/.test(mac) || isRandomMac(mac)) return undefined;
    // The longest prefix belongs to the smallest buyer: it wins.
    for (let at = prefixDigits.length - 1; at >= 0; at--) {
      const wanted = Number.parseInt(mac.slice(0, prefixDigits[at]).padEnd(paddedDigits, "0"), 16);
      const name = search(bytes, starts[at] ?? 0, counts[at] ?? 0, wanted);
      if (name !== undefined) return names[name];
    }
    return undefined;
  };
}

/** Number of the name of a prefix, by halving; undefined when the list does not have it. */
function search(bytes: Buffer, start: number, count: number, wanted: number): number | undefined {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = start + middle * entryBytes;
    const prefix = bytes.readUIntBE(at, prefixBytes);
    if (prefix === wanted) return bytes.readUInt16BE(at + prefixBytes);
    if (prefix < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** IEEE 802: bit 1 of the first octet says "locally administered"; telephones draw such addresses by lot. */
export function isRandomMac(mac: string): boolean {
  return (Number.parseInt(mac.slice(0, 2), 16) & 2) === 2;
}
