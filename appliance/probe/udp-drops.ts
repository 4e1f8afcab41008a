import { readFile } from "node:fs/promises";

/** Where Linux lists its UDP sockets, by IP family. */
const tables = ["/proc/net/udp", "/proc/net/udp6"];

/**
 * How many datagrams the kernel has thrown away because the receive buffers of this port's sockets were full, since they
 * were opened. Undefined where the system does not tell.
 * Source: proc(5), /proc/net/udp.
 */
export async function droppedByKernel(port: number): Promise<number | undefined> {
  let dropped: number | undefined;
  for (const table of tables) {
    const text = await readFile(table, "utf8").catch(() => "");
    const found = dropsOf(text, port);
    if (found !== undefined) dropped = (dropped ?? 0) + found;
  }
  return dropped;
}

/** The `drops` column of the lines whose local port is this one. */
export function dropsOf(text: string, port: number): number | undefined {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  let sum: number | undefined;
  for (const line of text.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    const local = fields[1]?.split(":")[1];
    const drops = Number(fields[12]);
    if (local === wanted && Number.isInteger(drops)) sum = (sum ?? 0) + drops;
  }
  return sum;
}
