import type { Check, CheckPlugin, DeviceAnswers } from "../../appliance/model/contracts.ts";
import type { Series } from "../../appliance/model/series.ts";
import { type Device, deviceId, seriesId } from "../../appliance/model/site.ts";

const id = deviceId("printer");
export const nowMs = Date.UTC(2026, 2, 2, 9);

export const device = (more: Partial<Device> = {}): Device => ({
  id,
  name: "Printer 2nd floor",
  kind: "printer",
  group: "Printers",
  identity: {},
  ports: [],
  sensors: [],
  collectors: ["ping"],
  source: "file",
  approved: true,
  firstSeenMs: 0,
  ...more,
});

export const seriesOf = (metric: string, channel?: string, more: Partial<Series> = {}): Series => ({
  id: seriesId(id, metric, channel),
  index: 0,
  device: id,
  metric,
  unit: "%",
  kind: "gauge",
  ...(channel === undefined ? {} : { channel }),
  ...more,
});

export const silence: DeviceAnswers = { by: new Map() };
export const at = (...values: number[]) => ({ timesMs: values.map((_, n) => nowMs + n), values });

/** A check as the engine runs it: settings and context given, whatever it needs of them. */
export const make = <S>(plugin: Pick<CheckPlugin<S>, "create">): Check<S> => plugin.create();

export interface Said {
  readonly online: boolean;
  readonly agoMs?: number;
  readonly sinceAgoMs?: number;
  readonly misses?: number;
  readonly reason?: string;
}
export const answersOf = (by: Record<string, Said>, more: Partial<DeviceAnswers> = {}): DeviceAnswers => ({
  by: new Map(
    Object.entries(by).map(
      ([via, { online, agoMs = 0, sinceAgoMs = 10_000, misses = online ? 0 : 3, reason }]) => [
        via,
        {
          online,
          atMs: nowMs - agoMs,
          sinceMs: nowMs - sinceAgoMs,
          misses,
          ...(reason === undefined ? {} : { reason }),
        },
      ],
    ),
  ),
  ...more,
});
