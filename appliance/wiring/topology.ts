import { networkInterfaces } from "node:os";
import { isMissing } from "../engine/cause.ts";
import type { EngineIncidents } from "../engine/incidents.ts";
import type { InventoryBook } from "../inventory/inventory.ts";
import { type PortEvent, watchPorts } from "../inventory/port-watch.ts";
import { createTopology, type TopologyBook } from "../inventory/topology.ts";
import type { Counters, DeviceAnswers, Latest, LinkKeeper, Log } from "../model/contracts.ts";
import type { Event } from "../model/observation.ts";
import { type DeviceId, seriesId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import type { AddressRow } from "../model/topology.ts";
import { cleanText } from "../model/words.ts";
import { readArp } from "../probe/neighbours.ts";

export interface TopologyPartDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly inventory: InventoryBook;
  readonly latest: Latest;
  readonly memory: { readonly links: LinkKeeper };
  readonly measuring: { readonly answers: { of(device: DeviceId): DeviceAnswers | undefined } };
  readonly judging: { readonly book: Pick<EngineIncidents, "openOf" | "record" | "onChange" | "get"> };
  readonly onEvent: (event: Event & { readonly timeMs: number }) => void;
}

/** How the network hangs together, and what happens at its ports. */
export interface TopologyPart {
  readonly book: TopologyBook;
  start(): Promise<void>;
  stop(): void;
}

const arpEveryMs = 60_000;
/** A link that went down this long before or after a device fell silent speaks for the cause. */
const nearMs = 3 * 60_000;
const mostNoted = 1_000;

/** MAC addresses of this machine, hex digits only. */
function ownMacs(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [
    ...new Set(
      all.filter(({ internal }) => !internal).map(({ mac }) => mac.replaceAll(":", "").toLowerCase()),
    ),
  ];
}

/** Adds to an incident that the link to the device went down at about the same time. */
function portEvidence(
  { clock, inventory, judging: { book: incidents } }: TopologyPartDeps,
  book: TopologyBook,
) {
  let recent: PortEvent[] = [];
  /** Evidence that stands in its incident already; the newest. */
  const noted = new Set<string>();
  const note = (event: PortEvent, device: DeviceId) => {
    const incident = incidents.openOf(device);
    const key = `${incident?.id}/${event.device}/${event.channel}/${event.timeMs}`;
    if (!incident || incident.device !== device || noted.has(key)) return;
    if (Math.abs(incident.startedMs - event.timeMs) > nearMs) return;
    noted.add(key);
    if (noted.size > mostNoted) noted.delete(noted.values().next().value ?? "");
    const at = inventory.device(event.device);
    const port = at?.ports.find(({ id }) => id === event.channel);
    const name = cleanText(port?.ifName ?? port?.ifDescr ?? event.channel, 60);
    const text = `Port ${name} of ${cleanText(at?.name ?? "", 80)}: link ${event.value}.`;
    incidents.record(incident.id, { atMs: event.timeMs, kind: "evidence", text });
  };
  const othersOf = ({ device, channel }: PortEvent) =>
    (book.at(device, channel)?.links ?? []).flatMap(({ from, to }) =>
      [from.device, to.device].filter((id) => id !== undefined && id !== device),
    ) as DeviceId[];
  return {
    take(event: PortEvent) {
      if (event.metric !== "link" || event.value === "up") return;
      recent = [...recent.filter(({ timeMs }) => clock.nowMs() - timeMs < nearMs), event];
      for (const device of othersOf(event)) note(event, device);
    },
    look(id: number) {
      const device = incidents.get(id)?.device;
      for (const event of recent) if (device && othersOf(event).includes(device)) note(event, device);
    },
  };
}

export function createTopologyPart(deps: TopologyPartDeps): TopologyPart {
  const { clock, inventory, latest, counters } = deps;
  let addresses: readonly AddressRow[] = [];
  const rate = (device: DeviceId, metric: string, port: string) =>
    latest.value(seriesId(device, metric, port))?.value ?? Number.NaN;
  const book = createTopology({
    clock,
    log: deps.log.part("topology"),
    counters,
    inventory,
    keeper: deps.memory.links,
    box: () => ({ macs: ownMacs(), addresses }),
    isSilent: (device) => isMissing(deps.measuring.answers.of(device)),
    rateOf(device, port) {
      const sum = rate(device, "if_in_octets", port) + rate(device, "if_out_octets", port);
      return Number.isFinite(sum) ? sum : undefined;
    },
    onEvent: deps.onEvent,
  });
  const evidence = portEvidence(deps, book);
  const watch = watchPorts({
    clock,
    inventory,
    onEvent(event) {
      deps.onEvent(event);
      evidence.take(event);
    },
  });
  let timer: Timer | undefined;
  let isStopped = false;
  let stopWatching = () => {};
  const readAddresses = async () => {
    addresses = await readArp();
    if (!isStopped) timer = clock.timer(() => void readAddresses(), arpEveryMs);
  };
  return {
    book,
    async start() {
      stopWatching = deps.judging.book.onChange((id) => evidence.look(id));
      await readAddresses();
    },
    stop() {
      isStopped = true;
      timer?.cancel();
      stopWatching();
      watch.stop();
      book.stop();
    },
  };
}
