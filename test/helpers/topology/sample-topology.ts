import type { Device, DeviceId } from "../../../appliance/model/site.ts";
import type { Topology, TopologyLink } from "../../../appliance/model/topology.ts";

const announcing: ReadonlySet<string> = new Set(["switch", "router", "ap"]);

function linkTo(parent: Device, at: number, device: Device, nowMs: number): TopologyLink {
  const port = parent.ports[at];
  const own = device.ports.at(-1);
  const isHeard = announcing.has(device.kind);
  return {
    id: `${parent.id} ~ ${device.id}`,
    from: { device: parent.id, ...(port ? { port: port.id } : {}) },
    to: { device: device.id, ...(own ? { port: own.id } : {}) },
    evidence: isHeard ? ["lldp", "forwarding"] : ["forwarding"],
    confidence: isHeard ? "sure" : "likely",
    firstMs: nowMs - 8 * 86_400_000,
    lastMs: nowMs - 120_000,
  };
}

/** Links from what devices hang on: infrastructure announces itself, the rest was learned; one stranger. */
export function sampleTopology(devices: () => readonly Device[], nowMs: number): Topology {
  const make = (): TopologyLink[] => {
    const all = devices();
    const used = new Map<DeviceId, number>();
    const links = all.flatMap((device): TopologyLink[] => {
      const parent = all.find(({ id }) => id === device.behind);
      if (!parent) return [];
      const at = used.get(parent.id) ?? 0;
      used.set(parent.id, at + 1);
      return [linkTo(parent, at, device, nowMs)];
    });
    const last = all.findLast(({ kind, ports }) => kind === "switch" && ports.length > 0);
    const neighbour = {
      key: "heard:02aabbccddee",
      via: "lldp" as const,
      name: "Desk switch",
      mac: "02aabbccddee",
      description: "GS105Ev2",
      addresses: [],
      isBridge: true,
      at: { device: last?.id ?? ("box" as DeviceId) },
    };
    if (!last) return links;
    const stranger: TopologyLink = {
      id: "stranger",
      from: { device: last.id, ...(last.ports[0] ? { port: last.ports[0].id } : {}) },
      to: { neighbour: neighbour.key, portName: "1" },
      evidence: ["lldp"],
      confidence: "sure",
      firstMs: nowMs - 86_400_000,
      lastMs: nowMs - 120_000,
      neighbour,
    };
    return [...links, stranger];
  };
  return {
    links: make,
    linksOf: (id) => make().filter(({ from, to }) => from.device === id || to.device === id),
    at(id, port) {
      const links = make().filter(({ from, to }) =>
        [from, to].some((end) => end.device === id && end.port === port),
      );
      return { links, macs: links.length + 1, strangers: ["02aabbccdd01"], seenMs: nowMs - 120_000 };
    },
    pathTo: () => [],
    unknownNeighbours: () => [],
    sinceMs: () => nowMs - 8 * 86_400_000,
  };
}
