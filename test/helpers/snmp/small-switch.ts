import { fileURLToPath } from "node:url";
import type {
  Availability,
  Description,
  Observation,
  Readings,
} from "../../../appliance/model/observation.ts";
import { compareOids } from "../../../appliance/snmp/ber.ts";
import { parseRecording, type Recorded, readRecording } from "./replay.ts";

export const switchFile = fileURLToPath(new URL("../../fixtures/snmp/small-switch.snmprec", import.meta.url));

export const readingsOf = (list: readonly Observation[]) =>
  list.find((one): one is Readings => one.record === "readings");
export const describeOf = (list: readonly Observation[]) =>
  list.find((one): one is Description => one.record === "describe");
export const availabilityOf = (list: readonly Observation[]) =>
  list.find((one): one is Availability => one.record === "availability");
export const valueAt = (readings: Readings | undefined, id: string) => {
  const at = readings?.series.findIndex((series) => series.id === `device-1:${id}`) ?? -1;
  return at < 0 ? undefined : readings?.values[at];
};

/** The recording with some lines changed; an empty value takes the line away. */
export function changed(lines: Readonly<Record<string, string>>): Recorded[] {
  const extra = parseRecording(
    Object.entries(lines)
      .filter(([, value]) => value !== "")
      .map(([oid, value]) => `${oid}|${value}`)
      .join("\n"),
  );
  const rest = readRecording(switchFile).filter(({ oid }) => lines[oid] === undefined);
  return [...rest, ...extra].sort((a, b) => compareOids(a.oid, b.oid));
}
