import type { Alert, Incident } from "../model/alert.ts";
import { pathDevices } from "../model/path.ts";
import { parseSeriesId } from "../model/site.ts";
import { chainOf, type Devices, devicesBehind } from "./cause.ts";
import type { IncidentBook } from "./incident-book.ts";
import { isDown, isFiring } from "./incident-edits.ts";

/** Problems that began within this time of each other may have one cause. */
const sameCauseMs = 5 * 60_000;

/** The open incident of something in front of the device that does not answer and explains this alert. */
export function causeOf(alert: Alert, book: IncidentBook, inventory: Devices): Incident | undefined {
  if (alert.device === pathDevices.box) return undefined;
  return [...chainOf(alert.device, inventory), pathDevices.box]
    .map((ancestor) => {
      const incident = book.openOf(ancestor);
      return incident?.device === ancestor ? incident : undefined;
    })
    .findLast(
      (incident) => incident && isDown(incident) && alert.startedMs > incident.startedMs - sameCauseMs,
    );
}

const powerMetrics: ReadonlySet<string | undefined> = new Set(["on_battery", "ups_source"]);

/** Whether it says that a UPS runs on battery. */
export function isPowerCut({ series }: Alert): boolean {
  return powerMetrics.has(parseSeriesId(series ?? "")?.metric);
}

/** The power fails for a whole office: the open incident of another UPS that lost it at about the same time. */
export function powerCutOf(alert: Alert, book: IncidentBook): Incident | undefined {
  if (!isPowerCut(alert)) return undefined;
  return book
    .open()
    .find(({ alerts }) =>
      alerts.some(
        (other) =>
          isPowerCut(other) && isFiring(other) && Math.abs(other.startedMs - alert.startedMs) < sameCauseMs,
      ),
    );
}

/** Open incidents of devices behind that began about when the cause did, or after it; oldest first. */
export function effectsOf(cause: Alert, book: IncidentBook, inventory: Devices): Incident[] {
  const behind = new Set(devicesBehind(cause.device, inventory).map(({ id }) => id));
  return book
    .open()
    .filter((incident) => behind.has(incident.device) && isDown(incident))
    .filter(({ startedMs }) => startedMs > cause.startedMs - sameCauseMs)
    .sort((a, b) => a.id - b.id);
}
