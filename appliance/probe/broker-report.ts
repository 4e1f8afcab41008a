import type { Collector, CollectorDeps } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import type { Clock, Timer } from "../model/time.ts";

export type Sink = Parameters<NonNullable<Collector["listen"]>>[0];

/** Key of an external broker as a device. */
export function brokerKey(id: string): string {
  return `mqtt-broker:${id}`;
}

export interface BrokerReport {
  online(): void;
  offline(): void;
  silent(isSilent: boolean): void;
  refused(filters: string): void;
  failed(error: Error): void;
  stop(): void;
}

/** Says how the broker is, as a device: changes only. */
export function createReport(
  { id, url }: { readonly id: string; readonly url: string },
  sink: Sink,
  { log, counters }: Pick<CollectorDeps, "log" | "counters">,
): BrokerReport {
  const device = brokerKey(id);
  let state: "online" | "offline" | undefined;
  let silent: boolean | undefined;
  let lastError: Error | undefined;
  let stopped = false;
  const say = (...records: Observation[]) => {
    if (!stopped) sink(records).catch(() => counters.add("mqtt_not_committed"));
  };
  return {
    online() {
      if (state === "online") return;
      state = "online";
      lastError = undefined;
      log.info("connected to the broker", { broker: id });
      say(
        { record: "describe", device, name: `MQTT broker ${id}`, kind: "service" },
        { record: "availability", device, via: "mqtt", state: "online" },
      );
    },
    offline() {
      if (state === "offline" || stopped) return;
      state = "offline";
      const detail = detailOf(lastError, url);
      log.warn("the broker is away", { broker: id, detail });
      say({
        record: "availability",
        device,
        via: "mqtt",
        state: "offline",
        reason: reasonOf(lastError),
        detail,
      });
    },
    silent(isSilent) {
      if (silent === isSilent) return;
      silent = isSilent;
      say({
        record: "sample",
        device,
        metric: "problem",
        channel: "silent",
        value: isSilent,
      });
    },
    refused(filters) {
      state = "offline";
      log.error("the broker refuses a subscription", { broker: id, filters });
      say({
        record: "availability",
        device,
        via: "mqtt",
        state: "offline",
        reason: "permission",
        detail: `subscription refused: ${filters}`.slice(0, 200),
      });
    },
    failed(error) {
      lastError = error;
    },
    stop() {
      stopped = true;
    },
  };
}

function detailOf(error: Error | undefined, url: string): string {
  const where = url.replace(/\/\/[^@/]*@/, "//");
  return `${error ? error.message : "connection lost"} (${where})`.slice(0, 200);
}

function reasonOf(error: Error | undefined) {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "names";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "unreachable";
  // CONNACK: 4, 5 in MQTT 3.1.1, 134, 135 in MQTT 5 are about the credential.
  if (code === 4 || code === 5 || code === 134 || code === 135) return "auth";
  return "timeout";
}

/**
 * Runs `onSilence` when a connected broker has sent nothing for `silentMs`, and again after each such time.
 * The caller says when it connected, when something was heard and when the connection was lost.
 */
export function createWatchdog(silentMs: number, clock: Clock, onSilence: () => void) {
  let timer: Timer | undefined;
  let heardMs = 0;
  const arm = (delayMs: number) => {
    timer?.cancel();
    timer = clock.timer(look, delayMs);
  };
  const look = () => {
    const quietMs = clock.monotonicMs() - heardMs;
    if (quietMs < silentMs) return arm(silentMs - quietMs);
    heardMs = clock.monotonicMs();
    arm(silentMs);
    onSilence();
  };
  return {
    connected() {
      heardMs = clock.monotonicMs();
      arm(silentMs);
    },
    heard() {
      heardMs = clock.monotonicMs();
    },
    lost() {
      timer?.cancel();
    },
  };
}
