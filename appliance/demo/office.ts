import type { DeviceKind } from "../model/site.ts";

/** A simulated device of the demo office; everything about it is made up. */
export interface OfficeDevice {
  readonly id: string;
  readonly name: string;
  readonly kind: DeviceKind;
  readonly address: string;
  readonly room: string;
  /** The device it hangs on. */
  readonly behind?: string;
  readonly sysDescr: string;
  readonly sysObjectID: string;
  readonly serial: string;
  readonly ports: number;
  /** Share of its ports that are in use. */
  readonly busy: number;
}

const subnet = "10.20.0";
export const gatewayAddress = `${subnet}.1`;
export const boxAddress = `${subnet}.250`;
export const anchors = ["1.1.1.1", "8.8.8.8", "9.9.9.9"];
export const community = "porchlight-demo";

const netSnmpLinux = "1.3.6.1.4.1.8072.3.2.10";

interface Family {
  readonly kind: DeviceKind;
  readonly sysDescr: string;
  readonly sysObjectID: string;
  readonly ports: number;
  readonly busy: number;
}
const families = {
  router: {
    kind: "router",
    sysDescr: "RouterOS RB4011iGS+",
    sysObjectID: "1.3.6.1.4.1.14988.1",
    ports: 11,
    busy: 0.4,
  },
  core: {
    kind: "switch",
    sysDescr: "SG300-28 28-Port Gigabit Managed Switch",
    sysObjectID: "1.3.6.1.4.1.9.6.1.83.28.1",
    ports: 28,
    busy: 0.7,
  },
  access: {
    kind: "switch",
    sysDescr: "SG300-10 10-Port Gigabit Managed Switch",
    sysObjectID: "1.3.6.1.4.1.9.6.1.83.10.1",
    ports: 10,
    busy: 0.7,
  },
  ap: {
    kind: "ap",
    sysDescr: "UAP-AC-Pro-Gen2 6.6.77.15402",
    sysObjectID: netSnmpLinux,
    ports: 4,
    busy: 0.75,
  },
  ups: { kind: "ups", sysDescr: "Network UPS card", sysObjectID: "1.3.6.1.2.1.33", ports: 1, busy: 1 },
  printer: {
    kind: "printer",
    sysDescr: "Brother NC-8900h, Firmware Ver.1.27",
    sysObjectID: "1.3.6.1.4.1.2435.2.3.9.1",
    ports: 1,
    busy: 1,
  },
  nas: {
    kind: "nas",
    sysDescr: "Linux diskstation 4.4.302+ #69057 SMP x86_64",
    sysObjectID: netSnmpLinux,
    ports: 2,
    busy: 1,
  },
  server: {
    kind: "server",
    sysDescr: "Linux srv 6.1.0-28-amd64 #1 SMP Debian 6.1.119-1 x86_64",
    sysObjectID: netSnmpLinux,
    ports: 3,
    busy: 0.7,
  },
  camera: {
    kind: "camera",
    sysDescr: "; AXIS P3245-V; Network Camera; 10.12.153",
    sysObjectID: "1.3.6.1.4.1.368.1.1",
    ports: 1,
    busy: 1,
  },
  voip: {
    kind: "voip",
    sysDescr: "GXW4216 V1.0.15.7",
    sysObjectID: "1.3.6.1.4.1.42397.1",
    ports: 1,
    busy: 1,
  },
  bmc: {
    kind: "bmc",
    sysDescr: "Remote management controller",
    sysObjectID: "1.3.6.1.4.1.674.10892.5",
    ports: 1,
    busy: 1,
  },
  lte: {
    kind: "lte-router",
    sysDescr: "Linux RUT950",
    sysObjectID: "1.3.6.1.4.1.48690",
    ports: 5,
    busy: 0.4,
  },
  env: { kind: "env", sysDescr: "Environment monitor", sysObjectID: netSnmpLinux, ports: 1, busy: 1 },
} satisfies Record<string, Family>;

type Row = readonly [id: string, name: string, family: keyof typeof families, room: string, behind?: string];

const rows: readonly Row[] = [
  ["router", "Router", "router", "Rack", "switch-1"],
  ["switch-1", "Switch 1", "core", "Rack"],
  ["switch-2", "Switch 2", "core", "2nd floor", "switch-1"],
  ["switch-3", "Switch 3", "access", "Ground floor", "switch-1"],
  ["switch-4", "Switch 4", "access", "Warehouse", "switch-1"],
  ["switch-5", "Switch 5", "access", "Meeting rooms", "switch-2"],
  ["switch-6", "Switch 6", "access", "Reception", "switch-3"],
  ["ap-reception", "AP reception", "ap", "Reception", "switch-6"],
  ["ap-ground", "AP ground floor", "ap", "Ground floor", "switch-3"],
  ["ap-kitchen", "AP kitchen", "ap", "Kitchen", "switch-3"],
  ["ap-2nd-east", "AP 2nd floor east", "ap", "2nd floor", "switch-2"],
  ["ap-2nd-west", "AP 2nd floor west", "ap", "2nd floor", "switch-2"],
  ["ap-meeting", "AP meeting rooms", "ap", "Meeting rooms", "switch-5"],
  ["ap-warehouse-1", "AP warehouse 1", "ap", "Warehouse", "switch-4"],
  ["ap-warehouse-2", "AP warehouse 2", "ap", "Warehouse", "switch-4"],
  ["ups-rack", "UPS rack", "ups", "Rack", "switch-1"],
  ["ups-warehouse", "UPS warehouse", "ups", "Warehouse", "switch-4"],
  ["printer-reception", "Printer reception", "printer", "Reception", "switch-6"],
  ["printer-2nd", "Printer 2nd floor", "printer", "2nd floor", "switch-2"],
  ["printer-accounts", "Printer accounts", "printer", "2nd floor", "switch-2"],
  ["printer-warehouse", "Label printer", "printer", "Warehouse", "switch-4"],
  ["printer-meeting", "Printer meeting rooms", "printer", "Meeting rooms", "switch-5"],
  ["nas-files", "File storage", "nas", "Rack", "switch-1"],
  ["nas-backup", "Backup storage", "nas", "Warehouse", "switch-4"],
  ["nas-cameras", "Camera storage", "nas", "Rack", "switch-1"],
  ["srv-domain", "Server domain", "server", "Rack", "switch-1"],
  ["srv-erp", "Server accounts", "server", "Rack", "switch-1"],
  ["srv-mail", "Server mail", "server", "Rack", "switch-1"],
  ["srv-phone", "Server telephone", "server", "Rack", "switch-1"],
  ["srv-build", "Server drawings", "server", "Rack", "switch-1"],
  ["cam-entrance", "Camera entrance", "camera", "Reception", "switch-6"],
  ["cam-yard", "Camera yard", "camera", "Warehouse", "switch-4"],
  ["cam-dock", "Camera loading dock", "camera", "Warehouse", "switch-4"],
  ["cam-stairs", "Camera stairs", "camera", "2nd floor", "switch-2"],
  ["voip-door", "Door phone", "voip", "Reception", "switch-6"],
  ["voip-fax", "Fax adapter", "voip", "Ground floor", "switch-3"],
  ["bmc-erp", "Management accounts", "bmc", "Rack", "switch-1"],
  ["bmc-domain", "Management domain", "bmc", "Rack", "switch-1"],
  ["lte-backup", "Mobile backup line", "lte", "Rack", "switch-1"],
  ["env-rack", "Rack climate", "env", "Rack", "switch-1"],
];

/** The 40 SNMP devices of the demo office. */
export const office: readonly OfficeDevice[] = rows.map(([id, name, family, room, behind], index) => ({
  id,
  name,
  room,
  ...(behind === undefined ? {} : { behind }),
  ...families[family],
  address: `${subnet}.${index + 1}`,
  serial: `DEMO${String(4100 + index * 7)}`,
}));

/** The device and all that hangs on it, directly or not. */
export function branch(id: string): OfficeDevice[] {
  const below = office.filter((device) => device.behind === id).flatMap((device) => branch(device.id));
  return [...office.filter((device) => device.id === id), ...below];
}
