import type { Change, Incident } from "../model/alert.ts";
import type { OutboxEntry } from "../model/contracts.ts";
import { channelOf } from "./channels.ts";

export interface Receiver {
  /** Id of the notifier. */
  readonly id: string;
}

export interface Answer {
  readonly speak: boolean;
  /** A constant phrase, for the log. */
  readonly why: string;
}

/**
 * The one question of dispatch: should this receiver be told of this change, and why? Pure.
 *
 * @param said - what this incident has in the outbox already, all receivers, oldest first
 */
export function answerOf(
  { id }: Receiver,
  incident: Incident,
  change: Change,
  said: readonly OutboxEntry[],
): Answer {
  const own = said.filter((entry) => entry.notifier === id && entry.state !== "dropped");
  const knows = own.some((entry) => entry.change !== "closed");
  if (incident.alerts.some((alert) => channelOf(alert) === id))
    return { speak: false, why: "it is about this channel" };
  if (incident.severity === "info" && !knows) return { speak: false, why: "information is shown, not sent" };
  if (change === "closed")
    return knows
      ? { speak: own.at(-1)?.change !== "closed", why: "it was told of the beginning" }
      : { speak: false, why: "it was told nothing" };
  if (!isAddressed(id, incident)) return { speak: false, why: "its rules name others" };
  return { speak: true, why: change === "opened" ? "a new problem" : "it got worse" };
}

/** A rule that names nobody speaks to all. */
function isAddressed(id: string, { alerts }: Incident): boolean {
  return alerts.some(({ tell }) => tell.length === 0 || tell.includes(id));
}
