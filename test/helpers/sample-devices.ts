import type { Device, DeviceKind, Identity, Port, PortId, Sensor } from "../../appliance/model/site.ts";
import { deviceId, slug } from "../../appliance/model/site.ts";
import type { Shape } from "./sample-series.ts";

/** A made-up device and how its numbers move, by `metric[:channel]`. */
export interface SampleDevice {
  readonly device: Device;
  readonly shapes: Readonly<Record<string, Shape>>;
}

interface Plan {
  readonly id: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly group: string;
  readonly room?: string;
  readonly address?: string;
  readonly behind?: string;
  readonly identity?: Identity;
  readonly ports?: readonly Port[];
  readonly sensors?: readonly (readonly [Sensor, Shape])[];
  readonly collectors?: readonly string[];
  readonly rttMs?: number;
  readonly shapes?: Readonly<Record<string, Shape>>;
}

const firstSeenMs = Date.UTC(2025, 8, 1, 8, 0, 0);

function port(ifIndex: number, ifName: string, more: Partial<Port>): Port {
  return {
    id: slug(ifName) as PortId,
    ifIndex,
    ifName,
    ifDescr: ifName,
    ifType: 6,
    mtu: 1500,
    speedBps: 1e9,
    adminStatus: "up",
    operStatus: "up",
    ...more,
  };
}

function switchPorts(count: number, unused: readonly number[]): Port[] {
  const ports = Array.from({ length: count }, (_, index) =>
    port(index + 1, `gi${index + 1}`, {
      ifDescr: `GigabitEthernet${index + 1}`,
      ...(unused.includes(index + 1) ? { operStatus: "down", speedBps: 0 } : {}),
      ...(index === 0 ? { ifAlias: "Router" } : {}),
      ...(index === 6 ? { ifAlias: "Printer 2nd floor" } : {}),
      ...(index === count - 1 ? { ifAlias: "Switch 2", speedBps: 1e10 } : {}),
      ...(index === 11 ? { adminStatus: "down", operStatus: "down" } : {}),
    }),
  );
  return [...ports, port(1000, "vlan1", { ifType: 53, speedBps: 0 })];
}

const traffic = (base: number): Shape => ({
  base,
  day: 6,
  noise: base,
  peak: base * 12,
});

function portShapes(ports: readonly Port[]): Record<string, Shape> {
  const shapes: Record<string, Shape> = {};
  for (const { id, operStatus, ifIndex } of ports) {
    const up = operStatus === "up";
    const base = up ? 40_000 + ((ifIndex * 7_919) % 13) * 90_000 : 0;
    shapes[`if_in_octets:${id}`] = up ? traffic(base) : { base: 0 };
    shapes[`if_out_octets:${id}`] = up ? traffic(base * 0.4) : { base: 0 };
    shapes[`if_in_errors:${id}`] = { base: ifIndex === 7 ? 0.4 : 0, noise: ifIndex === 7 ? 0.5 : 0 };
    shapes[`if_in_discards:${id}`] = { base: ifIndex === 7 ? 2.4 : 0, noise: ifIndex === 7 ? 3 : 0 };
    shapes[`if_oper_status:${id}`] = { base: up ? 1 : 2 };
  }
  return shapes;
}

function sensor(
  metric: string,
  unit: string,
  description: string,
  shape: Shape,
  more: Partial<Sensor> = {},
): readonly [Sensor, Shape] {
  return [{ metric, unit, description, ...more }, shape];
}

const processor = sensor("cpu_used", "%", "Processor", { base: 9, day: 0.8, noise: 8, peak: 40, max: 100 });
const memory = sensor("memory_used", "%", "Memory", { base: 46, noise: 3, max: 100 });
const warmth = (base: number) =>
  sensor(
    "temperature",
    "°C",
    "Chassis",
    { base, day: 0.08, noise: 1.2 },
    { channel: "chassis", limits: { highWarn: 60, high: 70 }, origin: "1.3.6.1.2.1.99.1.1.1.4" },
  );
const fan = (n: number) =>
  sensor(
    "fan_speed",
    "rpm",
    `Fan ${n}`,
    { base: 3_900 + n * 60, noise: 90, whole: true },
    { channel: `fan-${n}` },
  );

const backbone: readonly Plan[] = [
  {
    id: "box",
    name: "Porchlight",
    kind: "box",
    group: "This box",
    room: "Rack",
    address: "127.0.0.1",
    collectors: ["host"],
    sensors: [
      processor,
      memory,
      sensor("disk_used", "%", "Disk", { base: 21, noise: 0.4 }, { channel: "data" }),
      sensor("temperature", "°C", "Processor", { base: 48, noise: 3 }, { channel: "cpu" }),
      sensor(
        "clock_synchronised",
        "",
        "Clock",
        { base: 1 },
        {
          words: {
            "0": { text: "not synchronised", severity: "warning" },
            "1": { text: "synchronised", severity: "ok" },
          },
        },
      ),
    ],
  },
  {
    id: "router",
    name: "Router",
    kind: "router",
    group: "Network",
    room: "Rack",
    address: "10.0.0.1",
    rttMs: 0.6,
    identity: { vendor: "MikroTik", model: "RB5009UG+S+IN", version: "7.16.1", serial: "HF409B2XQ" },
    ports: [
      port(1, "ether1", { ifAlias: "Provider", speedBps: 1e9 }),
      port(2, "ether2", { ifAlias: "Switch 1", speedBps: 2.5e9 }),
      port(3, "ether3", { operStatus: "down", speedBps: 0 }),
      port(4, "ether4", { operStatus: "down", speedBps: 0 }),
    ],
    sensors: [processor, memory, warmth(44)],
  },
  {
    id: "switch-1",
    name: "Switch 1",
    kind: "switch",
    group: "Network",
    room: "Rack",
    address: "10.0.0.2",
    behind: "router",
    rttMs: 1.2,
    identity: { vendor: "Cisco", model: "SG350-26", version: "2.5.9.54", serial: "DNI2217A0QK" },
    ports: switchPorts(26, [3, 9, 14, 15, 19, 22]),
    sensors: [
      processor,
      memory,
      warmth(41),
      fan(1),
      fan(2),
      sensor("power", "W", "PoE delivered", { base: 62, noise: 4 }, { channel: "poe" }),
    ],
  },
  {
    id: "switch-2",
    name: "Switch 2",
    kind: "switch",
    group: "Network",
    room: "2nd floor",
    address: "10.0.0.12",
    behind: "switch-1",
    rttMs: 1.4,
    identity: { vendor: "Cisco", model: "SG350-10", version: "2.5.9.54", serial: "DNI2231B1TT" },
    ports: switchPorts(10, [4, 8]),
    sensors: [processor, memory, warmth(39)],
  },
  {
    id: "switch-3",
    name: "Switch 3",
    kind: "switch",
    group: "Network",
    room: "Workshop",
    address: "10.0.0.13",
    behind: "switch-1",
    rttMs: 1.3,
    identity: { vendor: "Netgear", model: "GS308T", version: "1.0.4.12" },
    ports: switchPorts(8, [5, 6]),
  },
  ...["Kitchen", "Reception", "Meeting room", "2nd floor", "Workshop"].map(
    (room, index): Plan => ({
      id: `ap-${index + 1}`,
      name: `AP ${room.toLowerCase()}`,
      kind: "ap",
      group: "Wi-Fi",
      room,
      address: `10.0.0.${40 + index}`,
      behind: index === 3 ? "switch-2" : "switch-1",
      rttMs: 2.1 + index / 5,
      identity: { vendor: "Ubiquiti", model: "U6 Pro", version: "6.6.77" },
      sensors: [
        sensor("count", "", "Clients", { base: 7, day: 2, noise: 4, whole: true }, { channel: "clients" }),
      ],
    }),
  ),
  {
    id: "nas-1",
    name: "Files",
    kind: "nas",
    group: "Storage",
    room: "Rack",
    address: "10.0.0.20",
    behind: "switch-1",
    rttMs: 0.5,
    identity: { vendor: "Synology", model: "DS923+", version: "DSM 7.2.2" },
    sensors: [
      processor,
      memory,
      sensor("disk_used", "%", "Volume 1", { base: 74, noise: 0.5 }, { channel: "volume-1" }),
      sensor("temperature", "°C", "Disk 1", { base: 36, noise: 1 }, { channel: "disk-1" }),
      sensor("temperature", "°C", "Disk 2", { base: 37, noise: 1 }, { channel: "disk-2" }),
    ],
  },
  {
    id: "nas-2",
    name: "Backup",
    kind: "nas",
    group: "Storage",
    room: "Workshop",
    address: "10.0.0.21",
    behind: "switch-3",
    rttMs: 0.8,
    identity: { vendor: "Synology", model: "DS223", version: "DSM 7.2.2" },
    sensors: [sensor("disk_used", "%", "Volume 1", { base: 58, noise: 0.5 }, { channel: "volume-1" })],
  },
  ...["Accounts", "Print and scan", "Door control"].map(
    (name, index): Plan => ({
      id: `server-${index + 1}`,
      name,
      kind: "server",
      group: "Servers",
      room: "Rack",
      address: `10.0.0.${25 + index}`,
      behind: "switch-1",
      rttMs: 0.4,
      identity: { vendor: "Debian", version: "12" },
      sensors: [
        processor,
        memory,
        sensor("disk_used", "%", "Disk /", { base: 31 + index * 9, noise: 0.3 }, { channel: "root" }),
      ],
    }),
  ),
  {
    id: "ups-rack",
    name: "UPS rack",
    kind: "ups",
    group: "Power",
    room: "Rack",
    address: "10.0.0.30",
    behind: "switch-1",
    rttMs: 3.1,
    identity: { vendor: "APC", model: "Smart-UPS 1500", version: "UPS 09.8" },
    sensors: [
      sensor("battery", "%", "Battery", { base: 61, noise: 1, max: 100 }),
      sensor("battery_runtime", "s", "Runtime", { base: 1_380, noise: 60 }),
      sensor("load", "%", "Load", { base: 34, day: 0.3, noise: 3 }),
      sensor(
        "ups_source",
        "",
        "Output source",
        { base: 3 },
        { words: { "3": { text: "mains", severity: "ok" }, "5": { text: "battery", severity: "critical" } } },
      ),
    ],
  },
  {
    id: "ups-2",
    name: "UPS workshop",
    kind: "ups",
    group: "Power",
    room: "Workshop",
    address: "10.0.0.31",
    behind: "switch-3",
    rttMs: 3.4,
    identity: { vendor: "Eaton", model: "5P 1150i" },
    sensors: [
      sensor("battery", "%", "Battery", { base: 100, max: 100 }),
      sensor("load", "%", "Load", { base: 18, noise: 2 }),
    ],
  },
  {
    id: "printer-1",
    name: "Printer reception",
    kind: "printer",
    group: "Printers",
    room: "Reception",
    address: "10.0.0.50",
    behind: "switch-1",
    rttMs: 4,
    identity: { vendor: "Brother", model: "HL-L6400DW" },
    sensors: [
      sensor(
        "supply_level",
        "%",
        "Black toner",
        { base: 58, fall: 1, max: 100, whole: true },
        { channel: "black" },
      ),
    ],
  },
  {
    id: "printer-2",
    name: "Printer 2nd floor",
    kind: "printer",
    group: "Printers",
    room: "2nd floor",
    address: "10.0.0.51",
    behind: "switch-2",
    rttMs: 5,
    identity: { vendor: "Kyocera", model: "ECOSYS M6635cidn", version: "2VD_2000.004" },
    sensors: [
      ...["black", "cyan", "magenta", "yellow"].map((colour, index) =>
        sensor(
          "supply_level",
          "%",
          `Toner ${colour}`,
          { base: [6, 44, 52, 38][index] ?? 50, max: 100, whole: true },
          { channel: colour, limits: { lowWarn: 10 } },
        ),
      ),
      sensor(
        "printer_state",
        "",
        "Printer",
        { base: 3 },
        { words: { "3": { text: "idle", severity: "ok" }, "4": { text: "printing", severity: "ok" } } },
      ),
    ],
  },
  {
    id: "printer-3",
    name: "Label printer",
    kind: "printer",
    group: "Printers",
    room: "Workshop",
    address: "10.0.0.52",
    behind: "switch-3",
    rttMs: 6,
    identity: { vendor: "Zebra", model: "ZD421" },
  },
];

const edge: readonly Plan[] = [
  ...["Entrance", "Yard", "Loading dock", "Stairs"].map(
    (name, index): Plan => ({
      id: `camera-${index + 1}`,
      name: `Camera ${name.toLowerCase()}`,
      kind: "camera",
      group: "Cameras",
      room: name,
      address: `10.0.0.${60 + index}`,
      behind: index === 3 ? "switch-2" : "switch-3",
      rttMs: 2.6,
      identity: { vendor: "Axis", model: "P3265-LV" },
    }),
  ),
  ...["Reception", "Accounts", "Meeting room", "Workshop", "2nd floor east", "2nd floor west"].map(
    (name, index): Plan => ({
      id: `phone-${index + 1}`,
      name: `Phone ${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      kind: "voip",
      group: "Phones",
      room: name,
      address: `10.0.0.${70 + index}`,
      behind: index > 3 ? "switch-2" : "switch-1",
      rttMs: 2.2,
      identity: { vendor: "Yealink", model: "T54W", version: "96.86.0.70" },
    }),
  ),
  ...[
    "Server room",
    "Archive",
    "Freezer",
    "Meeting room",
    "Office east",
    "Office west",
    "Workshop",
    "Kitchen",
  ].map(
    (room, index): Plan => ({
      id: `climate-${index + 1}`,
      name: room,
      kind: "sensor",
      group: "Sensors",
      room,
      collectors: ["mqtt"],
      identity: { vendor: "Aqara", model: "WSDCGQ11LM" },
      sensors: [
        sensor("temperature", "°C", "Temperature", {
          base: [22.9, 20.1, -18.4, 21.6, 22.2, 21.9, 18.7, 21][index] ?? 21,
          day: index === 2 ? 0 : 0.05,
          noise: 0.5,
          min: -40,
        }),
        sensor("humidity", "%", "Humidity", { base: 43 + index * 3, noise: 4, max: 100 }),
        sensor("battery", "%", "Battery", { base: 92 - index * 6, max: 100, whole: true }),
      ],
    }),
  ),
  ...["Main door", "Server room door", "Yard gate"].map(
    (name, index): Plan => ({
      id: `door-${index + 1}`,
      name,
      kind: "sensor",
      group: "Sensors",
      room: name,
      collectors: ["mqtt"],
      identity: { vendor: "Sonoff", model: "SNZB-04" },
      sensors: [
        sensor(
          "open",
          "",
          "Door",
          { base: 0 },
          { words: { "0": { text: "closed", severity: "ok" }, "1": { text: "open", severity: "ok" } } },
        ),
        sensor("battery", "%", "Battery", { base: 81, max: 100, whole: true }),
      ],
    }),
  ),
  ...["Name lookup", "Accounting cloud", "E-mail"].map(
    (name, index): Plan => ({
      id: `service-${index + 1}`,
      name,
      kind: "service",
      group: "Services",
      address: ["10.0.0.1", "accounting.example", "mail.example"][index] ?? "",
      collectors: [index === 0 ? "dns" : "http"],
      shapes: { [index === 0 ? "dns_time" : "http_time"]: { base: 60 + index * 40, noise: 30, peak: 200 } },
    }),
  ),
  { id: "anchor-1", name: "Internet", kind: "service", group: "Internet", address: "192.0.2.1", rttMs: 18 },
];

function build(plan: Plan): SampleDevice {
  const shapes: Record<string, Shape> = { ...plan.shapes };
  if (plan.rttMs !== undefined) {
    const base = plan.rttMs;
    const spread = { noise: base * 0.4, peak: base * 14 };
    shapes["ping_rtt"] = { base, day: 0.15, ...spread };
    for (const [name, factor] of [
      ["p10", 0.8],
      ["p25", 0.9],
      ["p50", 1],
      ["p75", 1.25],
      ["p90", 1.6],
    ] as const)
      shapes[`ping_rtt_${name}`] = {
        base: base * factor,
        day: 0.15,
        noise: base * 0.3 * factor,
        peak: base * 3 * factor,
      };
    shapes["ping_loss"] = { base: 0 };
  }
  const ports = plan.ports ?? [];
  Object.assign(shapes, portShapes(ports));
  for (const [{ metric, channel }, shape] of plan.sensors ?? [])
    shapes[channel === undefined ? metric : `${metric}:${channel}`] = shape;
  if (plan.kind === "switch" || plan.kind === "router") shapes["uptime"] = { base: 112 * 86_400 };
  const device: Device = {
    id: deviceId(plan.id),
    name: plan.name,
    kind: plan.kind,
    group: plan.group,
    ...(plan.room === undefined ? {} : { room: plan.room }),
    ...(plan.address === undefined ? {} : { address: plan.address }),
    ...(plan.behind === undefined ? {} : { behind: deviceId(plan.behind) }),
    identity: plan.identity ?? {},
    ports,
    sensors: (plan.sensors ?? []).map(([described]) => described),
    collectors: plan.collectors ?? (ports.length > 0 || plan.sensors ? ["ping", "snmp"] : ["ping"]),
    source: plan.kind === "box" ? "built-in" : plan.collectors?.includes("mqtt") ? "mqtt" : "file",
    approved: true,
    firstSeenMs,
  };
  return { device, shapes };
}

/** A small office: 50 devices with ports, sensors and numbers that move. */
export function sampleDevices(): SampleDevice[] {
  return [...backbone, ...edge].map(build);
}
