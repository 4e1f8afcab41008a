import { type Json, member } from "./json.ts";
import type { Output } from "./output.ts";
import { toNumber } from "./units.ts";

/** rssi and snr of the gateway that heard it best; entries without an rssi are left out. */
export function readBestGateway(
  out: Output,
  device: string,
  gateways: Json | undefined,
  timeMs: number | undefined,
  missingSnr?: number,
): void {
  if (!Array.isArray(gateways)) return;
  let best: { readonly rssi: number; readonly snr: number | undefined } | undefined;
  for (const gateway of gateways) {
    const rssi = toNumber(member(gateway, "rssi"));
    if (rssi !== undefined && (!best || rssi > best.rssi))
      best = { rssi, snr: toNumber(member(gateway, "snr")) ?? missingSnr };
  }
  if (!best) return;
  out.sample(device, "rssi", best.rssi, { timeMs });
  out.sample(device, "snr", best.snr, { timeMs });
}

/** 16 hex digits in lower case; undefined for anything else. */
export function devEuiOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{16}$/i.test(text) ? text.toLowerCase() : undefined;
}
