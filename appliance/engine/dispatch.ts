import type { Alert, Change, Incident, TimelineEntry } from "../model/alert.ts";
import type {
  Counters,
  Inventory,
  Log,
  Notifier,
  OutboxEntry,
  OutboxKeeper,
  OutMessage,
} from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { pathDevices } from "../model/path.ts";
import type { Site } from "../model/site.ts";
import type { Clock } from "../model/time.ts";
import { type ChannelProblem, Channels, channelOf } from "./channels.ts";
import type { EngineIncidents } from "./incidents.ts";
import { SendQueue } from "./send-queue.ts";
import { answerOf, type Receiver } from "./speak.ts";

export interface DispatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly outbox: OutboxKeeper;
  /** By id, as configured. */
  readonly notifiers: ReadonlyMap<string, Notifier>;
  readonly incidents: Pick<EngineIncidents, "alert" | "decideBy" | "record" | "open">;
  readonly inventory: Pick<Inventory, "device">;
  readonly site: Site;
  /** The site's headline now. */
  readonly headline: () => string;
}

export interface Dispatch {
  /** Takes up what was not sent before the restart; after `incidents.start()`. */
  start(): void;
  /** Waits up to 3 s for what is being sent; the rest is sent after the next start. */
  stop(): Promise<void>;
  /** Sends a marked test by one channel at once. Rejects with NOT_FOUND or the channel's NotifyError. */
  test(notifier: string): Promise<void>;
  /** Channels that cannot tell anybody now, for /healthz. */
  problems(): readonly ChannelProblem[];
  /** Resolves when nothing is being sent and nothing is due; for tests and the stop. */
  idle(): Promise<void>;
}

const stopLimitMs = 3_000;

class Dispatcher implements Dispatch {
  readonly #deps: DispatchDeps;
  readonly #channels: Channels;
  readonly #queues: ReadonlyMap<string, SendQueue>;

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
    const { clock, log, outbox, notifiers, incidents } = deps;
    this.#channels = new Channels({
      nowMs: () => clock.nowMs(),
      onAlert: (alert) => incidents.alert(alert),
      isOnline: () => !incidents.open().some((one) => isPathDown(one, deps.inventory)),
    });
    this.#queues = new Map(
      [...notifiers].map(([id, notifier]) => [
        id,
        new SendQueue({ id, notifier, clock, log, outbox, onEnd: (entry) => this.#ended(entry) }),
      ]),
    );
    incidents.decideBy((incident, change) => this.#decide(incident, change));
  }

  start(): void {
    for (const entry of this.#deps.outbox.waiting()) {
      const queue = this.#queues.get(entry.notifier);
      if (queue) queue.restore(entry);
      else this.#update({ ...entry, state: "dropped", error: "the channel is no longer configured" });
    }
    for (const incident of this.#deps.incidents.open())
      for (const alert of incident.alerts) {
        const channel = channelOf(alert);
        if (channel !== undefined && !this.#queues.has(channel)) this.#channels.gone(channel);
      }
  }

  #update(entry: OutboxEntry): void {
    try {
      this.#deps.outbox.update(entry);
    } catch (error) {
      this.#deps.log.error("outbox not written", { error, message: entry.id });
    }
  }

  /** One question for each receiver: should we speak, and why? What is answered yes goes to the outbox at once. */
  #decide(incident: Incident, change: Change): void {
    const entries = this.#receivers().flatMap((receiver) => {
      const { speak, why } = answerOf(receiver, incident, change, this.#entriesOf(incident.id));
      this.#deps.log.debug("decision", { incident: incident.id, change, notifier: receiver.id, speak, why });
      return speak ? [this.#entry(receiver.id, incident, change)] : [];
    });
    if (entries.length === 0) return;
    try {
      this.#deps.outbox.add(entries);
    } catch (error) {
      // A full disk: what cannot be recorded is sent all the same.
      this.#deps.log.error("outbox not written", { error, incident: incident.id });
    }
    for (const entry of entries) this.#queues.get(entry.notifier)?.add(entry);
  }

  #receivers(): Receiver[] {
    return [...this.#queues.keys()].map((id) => ({ id }));
  }

  #entriesOf(incident: number): readonly OutboxEntry[] {
    try {
      return this.#deps.outbox.ofIncident(incident);
    } catch {
      // Unreadable now: as if nothing had been said, so that somebody is told rather than nobody.
      return [];
    }
  }

  #entry(notifier: string, incident: Incident, change: Change): OutboxEntry {
    const { clock, site } = this.#deps;
    const nowMs = clock.nowMs();
    const said = this.#entriesOf(incident.id).filter((entry) => entry.notifier === notifier).length;
    // The time of opening tells incidents apart whose numbers began anew with a new database.
    const id = `${site.id}-${incident.id}-${incident.openedMs.toString(36)}-${said + 1}-${change}-${notifier}`;
    return {
      id,
      notifier,
      incident: incident.id,
      change,
      createdMs: nowMs,
      tries: 0,
      nextTryMs: nowMs,
      state: "waiting",
      message: this.#message(id, incident, change),
    };
  }

  #message(id: string, incident: Incident, change: Change): OutMessage {
    const { inventory, site, headline } = this.#deps;
    const device = inventory.device(incident.device);
    return {
      id,
      change,
      incident,
      site,
      deviceName: device?.name ?? incident.device,
      ...(device?.address === undefined ? {} : { deviceAddress: device.address }),
      headline: headline(),
    };
  }

  /** A try has ended: well, badly, or for good. */
  #ended(entry: OutboxEntry): void {
    const { counters, incidents, clock, log } = this.#deps;
    const { notifier, change, state, error = "" } = entry;
    const line = (kind: TimelineEntry["kind"], text: string) =>
      incidents.record(entry.incident, { atMs: clock.nowMs(), kind, text });
    if (state === "sent") {
      counters.add("messages_sent");
      this.#channels.worked(notifier);
      line("told", `Told by ${notifier}: ${change}.`);
      return;
    }
    counters.add(state === "failed" ? "messages_failed" : "message_tries_failed");
    this.#channels.failed(notifier, error, state === "failed");
    if (state !== "failed") return;
    log.error("message not sent", { notifier, message: entry.id, error, tries: entry.tries });
    line("failed", `Not told by ${notifier}: ${error}.`);
  }

  async test(notifier: string): Promise<void> {
    const { clock } = this.#deps;
    const queue = this.#queues.get(notifier);
    if (!queue)
      throw new ApplianceError("NOT_FOUND", `There is no channel ${JSON.stringify(notifier.slice(0, 80))}.`);
    const nowMs = clock.nowMs();
    const alert: Alert = testAlert(nowMs);
    const { key: _, ...rest } = alert;
    const incident: Incident = {
      ...rest,
      id: 0,
      state: "closed",
      deviceState: "warning",
      openedMs: nowMs,
      endedMs: nowMs,
      alerts: [alert],
      affected: [],
      timeline: [],
    };
    await queue.sendNow(this.#message(`test-${nowMs.toString(36)}-${notifier}`, incident, "test"));
  }

  problems(): readonly ChannelProblem[] {
    return this.#channels.problems();
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.idle()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop(stopLimitMs)));
  }
}

/** Whether the way outside is broken: then a channel that reaches nobody is no news. */
function isPathDown({ device, deviceState }: Incident, inventory: Pick<Inventory, "device">): boolean {
  if (deviceState !== "down") return false;
  return (
    inventory.device(device)?.isGateway === true || Object.values(pathDevices).some((id) => id === device)
  );
}

function testAlert(nowMs: number): Alert {
  return {
    key: "test",
    rule: "test",
    check: "test",
    device: pathDevices.box,
    severity: "info",
    state: "resolved",
    startedMs: nowMs,
    endedMs: nowMs,
    summary: "This is a test. Nothing is wrong.",
    evidence: [],
    tell: [],
  };
}

/**
 * Tells people. Decides in the transaction that saves the incident, sends afterwards: each channel by itself, in the
 * order of the decisions.
 */
export function createDispatch(deps: DispatchDeps): Dispatch {
  return new Dispatcher(deps);
}
