import { networkInterfaces } from "node:os";
import { tags } from "./ber.ts";
import type { Mib } from "./mib.ts";
import { branch, type OfficeDevice, office } from "./office.ts";
import { type OfficePort, portsOf } from "./sockets.ts";
import { fixed } from "./weather.ts";

/** A made-up, locally administered MAC address (IEEE 802: second lowest bit of the first octet set). */
export function macOf(name: string): Uint8Array {
  const number = Math.floor(fixed(`mac-${name}`) * 2 ** 24);
  return Uint8Array.from([0x02, 0x50, 0x4c, number >> 16, (number >> 8) & 0xff, number & 0xff]);
}

/** Who says by LLDP that it is there. */
const announcing: ReadonlySet<string> = new Set(["switch", "router", "ap", "voip", "lte-router"]);
/** LldpSystemCapabilitiesMap of each: bridge, access point, router, telephone. */
const capabilities: Readonly<Record<string, number>> = {
  switch: 0x20,
  ap: 0x30,
  router: 0x28,
  "lte-router": 0x28,
};
const powered: ReadonlySet<string> = new Set(["ap", "camera", "voip"]);
/** A small switch of somebody's own, under a desk: it announces itself and is in no configuration. */
const stranger = {
  on: "switch-5",
  name: "GS105E under the desk",
  description: "GS105Ev2 - 5-Port Gigabit Plus Switch",
};

const rootSwitch = "switch-1";

/** The address that a device sends from. */
const senderOf = (device: OfficeDevice) =>
  device.kind === "switch" ? macOf(device.id) : macOf(`${device.id}/${portsOf(device).at(-1)?.name ?? ""}`);

/** MAC addresses of the machine on which the box runs. */
function boxMacs(): Uint8Array[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ mac }) => Uint8Array.from(Buffer.from(mac.replaceAll(":", ""), "hex")));
}

const isUplink = (device: OfficeDevice, port: OfficePort) =>
  port.index === device.ports && device.id !== rootSwitch;

/** What was learned behind a port: the devices there, and the computers and phones of people. */
function learnedBehind(device: OfficeDevice, port: OfficePort): Uint8Array[] {
  const own = new Set(branch(device.id).map(({ id }) => id));
  if (isUplink(device, port)) return [...office.filter(({ id }) => !own.has(id)).map(senderOf), ...boxMacs()];
  if (device.id === rootSwitch && port.index === device.ports) return boxMacs();
  if (!port.up) return [];
  if (!port.child) return [macOf(`pc-${device.id}-${port.index}`)];
  const there = branch(port.child.id);
  const clients = there
    .filter(({ kind }) => kind === "ap")
    .flatMap(({ id }) => [1, 2, 3, 4].map((number) => macOf(`client-${id}-${number}`)));
  return [...there.map(senderOf), ...clients];
}

// BRIDGE-MIB, Q-BRIDGE-MIB
function addForwarding(mib: Mib, device: OfficeDevice): void {
  const bridge = "1.3.6.1.2.1.17";
  mib.add(`${bridge}.1.1.0`, tags.text, macOf(device.id));
  const known = new Set<string>();
  for (const port of portsOf(device)) {
    mib.add(`${bridge}.1.4.1.2.${port.index}`, tags.integer, port.index);
    mib.add(`${bridge}.7.1.4.5.1.1.${port.index}`, tags.gauge, port.child?.kind === "camera" ? 30 : 1);
    for (const mac of learnedBehind(device, port)) {
      const index = [...mac].join(".");
      if (known.has(index)) continue;
      known.add(index);
      mib.add(`${bridge}.7.1.2.2.1.2.1.${index}`, tags.integer, port.index);
      mib.add(`${bridge}.7.1.2.2.1.3.1.${index}`, tags.integer, 3);
    }
  }
}

// POWER-ETHERNET-MIB (RFC 3621), EtherLike-MIB (RFC 3635)
function addPower(mib: Mib, device: OfficeDevice): void {
  const power = "1.3.6.1.2.1.105.1.1.1";
  for (const port of portsOf(device)) {
    const isPowered = port.child !== undefined && powered.has(port.child.kind);
    mib.add(`${power}.3.1.${port.index}`, tags.integer, 1);
    mib.add(`${power}.6.1.${port.index}`, tags.integer, isPowered ? 3 : 2);
    mib.add(`${power}.10.1.${port.index}`, tags.integer, isPowered ? 4 : 1);
    mib.add(`1.3.6.1.2.1.10.7.2.1.19.${port.index}`, tags.integer, port.up ? 3 : 1);
  }
}

interface Heard {
  readonly mac: Uint8Array;
  readonly port: string;
  readonly name: string;
  readonly description: string;
  readonly capability: number;
}

function heardAt(device: OfficeDevice, port: OfficePort): Heard | undefined {
  const parent = office.find(({ id }) => id === device.behind);
  const other = isUplink(device, port) ? parent : port.child;
  if (other && announcing.has(other.kind)) {
    const there = portsOf(other);
    const end = other === parent ? there.find(({ child }) => child?.id === device.id) : there.at(-1);
    return {
      mac: macOf(other.id),
      port: end?.name ?? "",
      name: other.id,
      description: other.sysDescr,
      capability: capabilities[other.kind] ?? 0x04,
    };
  }
  const isStranger = device.id === stranger.on && !port.child && port.index === device.ports - 1;
  return isStranger ? { mac: macOf(stranger.name), port: "1", ...stranger, capability: 0x20 } : undefined;
}

// LLDP-MIB (IEEE 802.1AB): the own name, and the neighbours of switches and routers
function addHeard(mib: Mib, device: OfficeDevice): void {
  mib.add("1.0.8802.1.1.2.1.3.1.0", tags.integer, 4);
  mib.add("1.0.8802.1.1.2.1.3.2.0", tags.text, macOf(device.id));
  mib.add("1.0.8802.1.1.2.1.3.3.0", tags.text, device.id);
  if (device.kind !== "switch" && device.kind !== "router") return;
  const remote = "1.0.8802.1.1.2.1.4.1.1";
  for (const port of portsOf(device)) {
    const heard = heardAt(device, port);
    if (!heard) continue;
    const row = `0.${port.index}.1`;
    mib.add(`${remote}.4.${row}`, tags.integer, 4);
    mib.add(`${remote}.5.${row}`, tags.text, heard.mac);
    mib.add(`${remote}.6.${row}`, tags.integer, 5);
    mib.add(`${remote}.7.${row}`, tags.text, heard.port);
    mib.add(`${remote}.8.${row}`, tags.text, "uplink");
    mib.add(`${remote}.9.${row}`, tags.text, heard.name);
    mib.add(`${remote}.10.${row}`, tags.text, heard.description);
    mib.add(`${remote}.12.${row}`, tags.text, Uint8Array.of(heard.capability, 0));
  }
}

/** What a device knows of its neighbourhood. */
export function addNeighbours(mib: Mib, device: OfficeDevice): void {
  addHeard(mib, device);
  if (device.kind !== "switch") return;
  addForwarding(mib, device);
  addPower(mib, device);
}
