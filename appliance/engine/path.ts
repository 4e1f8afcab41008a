import type { DeviceAnswers, Inventory, Latest, LatestValue } from "../model/contracts.ts";
import { type PathChannel, type PathObservation, stationDevice } from "../model/path.ts";
import type { Clock } from "../model/time.ts";

export interface PathOptions {
  readonly clock: Clock;
  readonly inventory: Inventory;
  readonly latest: Latest;
  readonly answers: { of(device: PathObservation["device"]): DeviceAnswers };
}

export interface PathWatch {
  /** What was last measured of each station, in order from here to the names. */
  observe(): PathObservation[];
}

const stations = ["box", "gateway", "internet", "names"] as const;
type Station = (typeof stations)[number];
/** Values older than this say nothing of now. */
const freshMs = 60_000;
/** The slow mean moves by this share with each new round trip: about an hour at 10 s. */
const share = 1 / 360;
/** Round trips before the mean is called usual: ten minutes. */
const enough = 60;

interface Usual {
  mean: number;
  count: number;
  timeMs: number;
}

/** Where the way to the internet stands now, for the verdict. */
export function createPath({ clock, inventory, latest, answers }: PathOptions): PathWatch {
  const usual = new Map<Station, Usual>();

  function learn(station: Station, rttMs: number, timeMs: number): void {
    const known = usual.get(station);
    if (!known) usual.set(station, { mean: rttMs, count: 1, timeMs });
    else if (timeMs !== known.timeMs) {
      known.count++;
      known.mean += (rttMs - known.mean) * Math.max(share, 1 / known.count);
      known.timeMs = timeMs;
    }
  }

  function stationOf(station: Station): PathObservation[] {
    const device = inventory.device(stationDevice(station, inventory.devices()));
    if (!device) return [];
    const channels = channelsOf(latest.ofDevice(device.id), clock.nowMs());
    const best = bestOf(channels);
    if (best?.rttMs !== undefined && best.lossPercent === 0) learn(station, best.rttMs, best.timeMs);
    const known = usual.get(station);
    return [
      {
        station,
        device: device.id,
        answers: answers.of(device.id),
        channels,
        ...maybe("address", device.address),
        ...maybe("rttMs", best?.rttMs),
        ...maybe("lossPercent", best?.lossPercent),
        ...maybe("usualMs", known && known.count >= enough ? known.mean : undefined),
      },
    ];
  }

  return { observe: () => stations.flatMap(stationOf) };
}

/** A member with a value, or nothing. */
function maybe<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

const members: Readonly<Record<string, "rttMs" | "lossPercent" | "dnsMs">> = {
  ping_rtt: "rttMs",
  ping_loss: "lossPercent",
  dns_time: "dnsMs",
};

function channelsOf(values: readonly LatestValue[], nowMs: number): PathChannel[] {
  const found = new Map<string, { -readonly [K in keyof PathChannel]: PathChannel[K] }>();
  for (const { series, value, timeMs } of values) {
    const member = members[series.metric];
    if (!member || nowMs - timeMs > freshMs) continue;
    const channel = series.channel ?? "";
    const one = found.get(channel) ?? { channel, timeMs };
    one[member] = value;
    one.timeMs = Math.max(one.timeMs, timeMs);
    found.set(channel, one);
  }
  // A round trip from before everything was lost is none.
  for (const one of found.values()) if (one.lossPercent === 100) delete one.rttMs;
  return [...found.values()];
}

function bestOf(channels: readonly PathChannel[]): PathChannel | undefined {
  const measured = channels.filter(({ lossPercent }) => lossPercent !== undefined);
  return [...measured].sort(
    (a, b) => (a.lossPercent ?? 0) - (b.lossPercent ?? 0) || (a.rttMs ?? 0) - (b.rttMs ?? 0),
  )[0];
}
