import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { CheckPlugin, DeviceAnswers, Judgement } from "../model/contracts.ts";
import type { Device } from "../model/site.ts";
import { durationWords } from "../model/words.ts";

const config = z.strictObject({
  after: duration({ min: "10s" })
    .optional()
    .describe("Silent after this time. Default: three times the usual gap, learned over days."),
});
type Settings = z.infer<typeof config>;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Gaps needed before the learned rhythm counts. */
const enoughGaps = 20;
/** Zigbee2MQTT's passive default: battery devices may sleep a day. */
const batteryMs = 25 * hourMs;

const runsOnBattery = ({ sensors }: Device) =>
  sensors.some(({ metric }) => ["battery", "battery_low", "battery_voltage"].includes(metric));

/**
 * How long a device may be silent: as it says itself (`expire_after` of Home Assistant); else `max(3 x median gap, 2 x 99th percentile, 15 min)` once 20 gaps are known,
 * before that 25 h on battery and 1 h else.
 */
export function patienceMs(device: Device, answers: DeviceAnswers): number {
  const { rhythm } = answers;
  if (device.silentAfterMs !== undefined) return device.silentAfterMs;
  if (rhythm && rhythm.gaps >= enoughGaps)
    return Math.max(3 * rhythm.medianMs, 2 * rhythm.p99Ms, 15 * minuteMs);
  return runsOnBattery(device) ? batteryMs : hourMs;
}

export const check = {
  type: "silent",
  summary: "A device that speaks by itself has said nothing for too long.",
  config,
  about: "device",
  windowMs: 0,
  create: () => ({
    judge({ device, answers }, { after }, { nowMs }): Judgement {
      const { lastSeenMs, said, watchedSinceMs } = answers;
      const summary = "No data from {name}.";
      if (said === "offline")
        return {
          broken: true,
          summary: "{name} is offline.",
          evidence: ["it said so itself"],
          ...(lastSeenMs === undefined ? {} : { sinceMs: lastSeenMs }),
        };
      if (lastSeenMs === undefined) return { broken: false, unknown: true, summary, evidence: [] };
      const limitMs = after ?? patienceMs(device, answers);
      // We were away ourselves until `watchedSinceMs`: silence counts from there.
      const quietMs = nowMs - Math.max(lastSeenMs, watchedSinceMs ?? lastSeenMs);
      const isBroken = quietMs > limitMs;
      return {
        broken: isBroken,
        unknown: !isBroken && nowMs - lastSeenMs > limitMs,
        sinceMs: lastSeenMs,
        summary,
        evidence: [
          `last heard ${durationWords(nowMs - lastSeenMs)} ago`,
          `usually heard within ${durationWords(limitMs)}`,
        ],
      };
    },
  }),
} satisfies CheckPlugin<Settings>;
