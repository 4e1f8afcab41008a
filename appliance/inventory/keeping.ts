import type { CandidateKeeper, Discovered, Discovery } from "../model/discovery.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Watched } from "./watched.ts";

/** What was not seen for so long is gone; candidates are forgotten then. */
export const rememberedMs = 30 * 86_400_000;
/** A box that was off, or has just begun, gives its devices so long to be heard. */
const patienceMs = 3_600_000;

type Place = { readonly device: DeviceId; readonly port: string };

export interface KeepingDeps {
  readonly keeper: CandidateKeeper;
  readonly watched: Watched;
  readonly devices: () => readonly Device[];
  readonly lastSeenMs: (device: DeviceId) => number | undefined;
  /** The port of another device that it hangs on, as far as the switches tell. */
  readonly placeOf: (device: DeviceId) => Place | undefined;
  readonly onChange: (change: Discovered) => void;
}

/** Watched devices between scans: what is gone, what hangs elsewhere now. */
export interface Keeping {
  run(nowMs: number): void;
  gone(nowMs: number): ReturnType<Discovery["gone"]>;
}

export function createKeeping({
  keeper,
  watched,
  devices,
  lastSeenMs,
  placeOf,
  onChange,
}: KeepingDeps): Keeping {
  let begunMs = Number.NaN;
  const gone = (nowMs: number) => {
    if (!(nowMs - begunMs >= patienceMs)) return [];
    return devices().flatMap(({ id, firstSeenMs }) => {
      const seenMs = Math.max(firstSeenMs, lastSeenMs(id) ?? 0, watched.sighting(id)?.seenMs ?? 0);
      return seenMs < nowMs - rememberedMs ? [{ device: id, seenMs }] : [];
    });
  };

  function tellGone(nowMs: number): void {
    const names = new Map(devices().map(({ id, name }) => [id, name]));
    const away = gone(nowMs);
    for (const { device, seenMs } of away) {
      const sighting = watched.sighting(device);
      if (sighting?.isGone) continue;
      watched.put({ keys: [], ...sighting, device, seenMs, isGone: true });
      onChange({ kind: "gone", device, name: names.get(device) ?? device, atMs: nowMs, text: "" });
    }
  }

  function placeText({ device, port }: Place): string {
    const known = devices().find(({ id }) => id === device);
    const { ifName, ifDescr } = known?.ports.find(({ id }) => id === port) ?? {};
    return `${known?.name ?? device} ${ifName ?? ifDescr ?? port}`;
  }

  function tellPlaces(nowMs: number): void {
    for (const { id, name } of devices()) {
      const at = placeOf(id);
      const sighting = watched.sighting(id);
      if (!at || (sighting?.at?.device === at.device && sighting.at.port === at.port)) continue;
      watched.put({ seenMs: nowMs, keys: [], ...sighting, device: id, at });
      if (!sighting?.at) continue;
      const text = `${placeText(sighting.at)} → ${placeText(at)}`;
      onChange({ kind: "port", device: id, name, atMs: nowMs, text });
    }
  }

  return {
    gone,
    run(nowMs) {
      if (Number.isNaN(begunMs)) begunMs = nowMs;
      keeper.prune(nowMs - rememberedMs);
      watched.tidy();
      tellGone(nowMs);
      tellPlaces(nowMs);
    },
  };
}
