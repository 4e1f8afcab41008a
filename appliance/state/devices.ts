import type { DeviceKeeper, KnownDevice } from "../model/contracts.ts";
import { readBodies } from "./body.ts";
import type { StateDatabase } from "./database.ts";

/** Devices as they were last known, in state.db. */
export function createDeviceKeeper({ db }: StateDatabase): DeviceKeeper {
  const all = db.prepare<[], { body: string }>("SELECT body FROM devices ORDER BY id");
  const upsert = db.prepare<[string, string]>(
    "INSERT INTO devices (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
  );
  return {
    load: () => readBodies<KnownDevice>(all.all(), isKnownDevice),
    save: (known) => void upsert.run(known.device.id, JSON.stringify(known)),
  };
}

function isKnownDevice({ device, keys }: Partial<KnownDevice>): boolean {
  return (
    typeof device?.id === "string" &&
    typeof device.name === "string" &&
    typeof device.identity === "object" &&
    Array.isArray(device.ports) &&
    Array.isArray(device.sensors) &&
    Array.isArray(device.collectors) &&
    Array.isArray(keys)
  );
}
