import type { Inventory } from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";
import type { Device, DeviceId, Port, PortId } from "../model/site.ts";
import type { Clock } from "../model/time.ts";

export interface PortWatchOptions {
  readonly clock: Clock;
  readonly inventory: Pick<Inventory, "device" | "onChange">;
  readonly onEvent: (event: PortEvent) => void;
}

export type PortEvent = Event & {
  readonly device: DeviceId;
  readonly channel: PortId;
  readonly metric: "link" | "port_speed" | "duplex";
  readonly timeMs: number;
};

/** What of a port is compared from one description to the next. */
type Mark = Pick<Port, "operStatus" | "adminStatus" | "speedBps" | "duplex" | "use">;

/** A port that goes up and down all the time tells so often an hour; the check `flapping` says the rest. */
const mostAnHour = 6;
const hourMs = 3_600_000;

const markOf = ({ operStatus, adminStatus, speedBps, duplex, use }: Port): Mark => ({
  ...(operStatus ? { operStatus } : {}),
  ...(adminStatus ? { adminStatus } : {}),
  ...(speedBps === undefined ? {} : { speedBps }),
  ...(duplex ? { duplex } : {}),
  ...(use ? { use } : {}),
});

/** "100 Mbit/s", "2.5 Gbit/s". */
function speedText(speedBps: number): string {
  return speedBps >= 1e9 ? `${speedBps / 1e9} Gbit/s` : `${Math.round(speedBps / 1e6)} Mbit/s`;
}

/** What is news between two states of a port. One that nobody uses has none. */
function newsOf(before: Mark, now: Mark): { metric: PortEvent["metric"]; value: string }[] {
  if (!before.use && !now.use) return [];
  const wasUp = before.operStatus === "up";
  const isUp = now.operStatus === "up";
  if (wasUp !== isUp) return before.operStatus && now.operStatus ? [linkNews(now)] : [];
  return isUp ? [...speedNews(before, now), ...duplexNews(before, now)] : [];
}

function linkNews({ operStatus, adminStatus }: Mark) {
  const down = adminStatus === "down" ? "switched off" : "down";
  return { metric: "link" as const, value: operStatus === "up" ? "up" : down };
}

function speedNews({ speedBps: old = 0 }: Mark, { speedBps = 0 }: Mark) {
  if (old <= 0 || speedBps <= 0 || old === speedBps) return [];
  return [{ metric: "port_speed" as const, value: `${speedText(speedBps)}, before ${speedText(old)}` }];
}

const duplexNews = (before: Mark, now: Mark) =>
  now.duplex === "half" && before.duplex !== "half"
    ? [{ metric: "duplex" as const, value: "half duplex" }]
    : [];

/** Tells what happens to the ports that matter: link, speed, duplex. Listens until `stop`. */
export function watchPorts({ clock, inventory, onEvent }: PortWatchOptions): { stop(): void } {
  const marks = new Map<
    DeviceId,
    { readonly ports: Device["ports"]; readonly by: ReadonlyMap<PortId, Mark> }
  >();
  const told = new Map<string, number[]>();
  const isTooMuch = (key: string): boolean => {
    const nowMs = clock.monotonicMs();
    const recent = (told.get(key) ?? []).filter((atMs) => nowMs - atMs < hourMs);
    if (recent.length < mostAnHour) recent.push(nowMs);
    else return true;
    told.set(key, recent);
    return false;
  };
  const compare = (id: DeviceId, known: ReadonlyMap<PortId, Mark>, by: ReadonlyMap<PortId, Mark>) => {
    for (const [port, now] of by) {
      const before = known.get(port);
      for (const news of before ? newsOf(before, now) : [])
        if (!isTooMuch(`${id}/${port}/${news.metric}`))
          onEvent({ record: "event", device: id, channel: port, ...news, timeMs: clock.nowMs() });
    }
  };
  const look = (id: DeviceId) => {
    const device = inventory.device(id);
    const known = marks.get(id);
    if (!device) marks.delete(id);
    if (!device || known?.ports === device.ports || device.ports.length === 0) return;
    const by = new Map(device.ports.map((port) => [port.id, markOf(port)]));
    marks.set(id, { ports: device.ports, by });
    if (known) compare(id, known.by, by);
  };
  const stop = inventory.onChange(look);
  return { stop };
}
