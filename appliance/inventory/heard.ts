import type { Device, DeviceId, Port } from "../model/site.ts";
import type { HeardNeighbour, LinkEnd, Neighbours, UnknownNeighbour } from "../model/topology.ts";
import { cleanText } from "../model/words.ts";
import { type Matcher, portBy } from "./match.ts";

/** A neighbour as one device heard it, with the ends that were found for it. */
export interface Heard {
  readonly via: "lldp" | "cdp";
  readonly device: DeviceId;
  readonly port: Port | undefined;
  /** Node of the neighbour: a device's id, or the key of an unknown one. */
  readonly node: string;
  readonly end: LinkEnd;
  readonly isBridge: boolean;
  readonly unknown?: UnknownNeighbour;
}

/** Lasting name of a neighbour that is no known device; no device id holds `:`. */
function unknownKey({ chassis, name }: HeardNeighbour): string {
  const text = chassis.mac ?? chassis.address ?? chassis.text ?? name ?? "";
  return `heard:${cleanText(text, 80).toLowerCase()}`;
}

function unknownOf(heard: HeardNeighbour, device: DeviceId, port: Port | undefined): UnknownNeighbour {
  const { via, chassis, addresses, isBridge } = heard;
  const name = cleanText(heard.name ?? "", 100);
  const description = cleanText(heard.description ?? "");
  return {
    key: unknownKey(heard),
    via,
    ...(name === "" ? {} : { name }),
    ...(chassis.mac ? { mac: chassis.mac } : {}),
    ...(description === "" ? {} : { description }),
    addresses: chassis.address ? [chassis.address, ...addresses] : addresses,
    isBridge,
    at: { device, ...(port ? { port: port.id } : {}) },
  };
}

function endOf(heard: HeardNeighbour, remote: Device | undefined, key: string): LinkEnd {
  const portName = cleanText(heard.port.names[0] ?? "", 60);
  const named = portName === "" ? {} : { portName };
  if (!remote) return { neighbour: key, ...named };
  const port = portBy(remote.ports, heard.port);
  return { device: remote.id, ...(port ? { port: port.id } : named) };
}

/** What a device heard of its neighbours. Itself, heard through a loop, is none. */
export function heardOf(
  tables: Neighbours,
  device: Device,
  matcher: Matcher,
  known: (id: DeviceId) => Device | undefined,
): Heard[] {
  return tables.heard.flatMap((row): Heard[] => {
    const id = matcher.find(row);
    if (id === device.id) return [];
    const remote = id && known(id);
    const port = portBy(device.ports, row.local);
    const unknown = remote ? undefined : unknownOf(row, device.id, port);
    const node = remote?.id ?? unknownKey(row);
    return [
      {
        via: row.via,
        device: device.id,
        port,
        node,
        end: endOf(row, remote, node),
        isBridge: row.isBridge,
        ...(unknown ? { unknown } : {}),
      },
    ];
  });
}
