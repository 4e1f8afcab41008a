import type { Counters, EventKeeper, Log } from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";

export interface EventDeps {
  readonly keeper: Pick<EventKeeper, "add">;
  readonly counters: Counters;
  readonly log: Log;
}

/**
 * Where all parts tell their events. Timers and sockets are among them: where state.db takes none, such as at a full
 * disk, an event is counted as lost, and nothing else is.
 */
export function eventSink({ keeper, counters, log }: EventDeps) {
  let isLosing = false;
  return (event: Event & { readonly timeMs: number }): void => {
    try {
      keeper.add(event);
      isLosing = false;
    } catch (error) {
      counters.add("events_not_saved");
      if (!isLosing) log.error("Events cannot be written down", { error });
      isLosing = true;
    }
  };
}
