import type { DeviceKind } from "../model/site.ts";
import type { Reading } from "./reading.ts";
import type { SurveyedPort } from "./survey.ts";

/*
 * Which rows of an interface table become series; each series costs memory for as long as the box runs. Every socket,
 * radio, line and group of ports does. Numbers are IANAifType's.
 */

/** softwareLoopback. */
const loopback = 24;
/** other, propVirtual, tunnel, l2vlan, l3ipvlan, mplsTunnel, bridge: counted again what the sockets count. */
const virtual: ReadonlySet<number> = new Set([1, 53, 131, 135, 136, 150, 209]);
/** Rows of Linux and of its containers, and the bin of routers; the numbered ones come and go. */
const noise =
  /^(?:lo\d*|null\d*|dummy\d*|ifb\d*|sit\d*|tunl0|gre0|gretap0|erspan0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0|teql0|veth.*|cali.*|docker\d*|br-[0-9a-f]{12}|vnet\d+|tap\d.*|fw(?:br|ln|pr)\d+.*|virbr\d+-nic|cpu interface.*)$/i;

const nameOf = ({ ifName, ifDescr }: SurveyedPort) => (ifName ?? ifDescr ?? "").trim();

/** Whether octets have gone through a row since its device started. */
function carrying(readings: readonly Reading[]): (index: string) => boolean {
  const busy = new Set<string>();
  for (const { list, metric, index, value = 0 } of readings)
    if (list === "ports" && (metric === "if_in_octets" || metric === "if_out_octets") && value > 0)
      busy.add(index);
  return (index) => busy.has(index);
}

/**
 * Tells whether a port's readings are kept. Virtual rows (VLANs, tunnels, bridges) are kept where they carry traffic and
 * the device is no switch: on a router they tell the networks apart, on a switch they repeat its sockets.
 */
export function portInterest(
  ports: readonly SurveyedPort[],
  readings: readonly Reading[],
  kind: DeviceKind | undefined,
): (index: string) => boolean {
  const isCarrying = carrying(readings);
  const left = new Set(
    ports
      .filter((port) => {
        if (port.ifType === loopback || noise.test(nameOf(port))) return true;
        if (port.ifType === undefined || !virtual.has(port.ifType)) return false;
        return kind === "switch" || !isCarrying(port.index);
      })
      .map(({ index }) => index),
  );
  // A device that has nothing else is not left without any port.
  return left.size === ports.length ? () => true : (index) => !left.has(index);
}
