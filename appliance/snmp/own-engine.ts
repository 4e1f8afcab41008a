import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { EngineTime } from "./usm-cipher.ts";

/** The box as an SNMP engine of its own: what senders of informs sign for. */
export interface OwnEngine {
  readonly id: Buffer;
  timeAt(monotonicMs: number): EngineTime;
}

const fileName = "snmp-engine.json";
const mostBoots = 0x7fff_ffff;

/**
 * Reads the engine's id and counts this start; both are kept in the data directory. A file that is missing or broken
 * gives a new engine, to which senders of informs adapt by themselves.
 *
 * Source: RFC 3411 §5 (an id of octets that its administrator chose), RFC 3414 §2.2.2.
 */
export async function openOwnEngine(dataDir: string, startMs: number): Promise<OwnEngine> {
  const file = path.join(dataDir, fileName);
  const known = await readFile(file, "utf8").then(parse, () => undefined);
  const id = known?.id ?? Buffer.concat([Buffer.of(0x80, 0, 0, 0, 5), randomBytes(8)]);
  const boots = (known?.boots ?? 0) + 1;
  await writeFile(`${file}.new`, `${JSON.stringify({ id: id.toString("hex"), boots })}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return {
    id,
    timeAt: (monotonicMs) => ({ boots, seconds: Math.floor((monotonicMs - startMs) / 1000) }),
  };
}

function parse(text: string): { readonly id: Buffer; readonly boots: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Cut by a power failure: a new engine is as good.
    return undefined;
  }
  const { id, boots } = (value ?? {}) as { readonly id?: unknown; readonly boots?: unknown };
  if (typeof id !== "string" || !/^[0-9a-f]{10,64}$/.test(id)) return undefined;
  if (typeof boots !== "number" || !Number.isInteger(boots) || boots < 0 || boots >= mostBoots)
    return undefined;
  return { id: Buffer.from(id, "hex"), boots };
}
