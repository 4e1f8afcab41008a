import type { Alert } from "../model/alert.ts";
import type { Health } from "../model/contracts.ts";
import { pathDevices } from "../model/path.ts";

/** Rule and check of the alert that a dead channel raises. */
export const channelRule = "channel";
/** Not reaching anybody for this long makes a channel dead while the internet works. */
const silentMs = 15 * 60_000;

export type ChannelProblem = ReturnType<Health["check"]>["problems"][number];

interface Trouble {
  readonly sinceMs: number;
  readonly error: string;
  readonly isDead: boolean;
}

export function channelKey(notifier: string): string {
  return `${channelRule}/${pathDevices.box}/${notifier}`;
}

/** The channel that the alert is about; undefined for any other alert. */
export function channelOf(alert: Alert): string | undefined {
  return alert.rule === channelRule ? alert.key.split("/").slice(2).join("/") : undefined;
}

export interface ChannelsDeps {
  readonly nowMs: () => number;
  /** Raised and ended as any other alert; the others are told. */
  readonly onAlert: (alert: Alert) => void;
  /** Whether the line outside works: without it a silent channel is no news. */
  readonly isOnline: () => boolean;
}

/** How each channel fares: which cannot tell anybody, and since when. */
export class Channels {
  readonly #deps: ChannelsDeps;
  readonly #troubles = new Map<string, Trouble>();

  constructor(deps: ChannelsDeps) {
    this.#deps = deps;
  }

  /** Also ends an alert from before a restart. */
  worked(notifier: string): void {
    this.#troubles.delete(notifier);
    this.#deps.onAlert(this.#alertOf(notifier, this.#deps.nowMs(), "", "resolved"));
  }

  /** @param isFinal - the receiver refused for good, or all tries are used up */
  failed(notifier: string, error: string, isFinal: boolean): void {
    const nowMs = this.#deps.nowMs();
    const known = this.#troubles.get(notifier);
    const sinceMs = known?.sinceMs ?? nowMs;
    const isSilent = Math.abs(nowMs - sinceMs) >= silentMs && this.#deps.isOnline();
    const isDead = known?.isDead === true || isFinal || isSilent;
    this.#troubles.set(notifier, { sinceMs, error, isDead });
    if (isDead && !known?.isDead) this.#deps.onAlert(this.#alertOf(notifier, sinceMs, error, "firing"));
  }

  /** A channel that is no longer configured, but still has an alert. */
  gone(notifier: string): void {
    this.worked(notifier);
  }

  problems(): ChannelProblem[] {
    return [...this.#troubles].map(([notifier, { sinceMs, error }]) => ({
      part: `notify.${notifier}`,
      what: `messages cannot be sent: ${error}`,
      remedy: `Check the section notify.${notifier} of the configuration, and that its receiver works.`,
      sinceMs,
    }));
  }

  #alertOf(notifier: string, startedMs: number, error: string, state: "firing" | "resolved"): Alert {
    const nowMs = this.#deps.nowMs();
    return {
      key: channelKey(notifier),
      rule: channelRule,
      check: channelRule,
      device: pathDevices.box,
      severity: "warning",
      state,
      startedMs,
      ...(state === "firing" ? { firedMs: nowMs } : { endedMs: nowMs }),
      summary: `Messages by "${notifier}" cannot be sent.`,
      evidence: error ? [error] : [],
      tell: [],
    };
  }
}
